import { describe, expect, it } from 'vitest';
import type { MultimediaSystemControlMessage } from '../../../src/gatekeeper/h323/asn1/h245.js';
import { kindOf } from '../../../src/gatekeeper/h323/asn1/h245.js';
import { type H245Action, H245Session, type H245SessionOptions } from '../../../src/simulator/h323/h245/h245-session.js';
import type { MediaSecurity } from '../../../src/simulator/h323/h245/logical-channels.js';
import {
  beginMasterSlave,
  compareDeterminations,
  DETERMINATION_NUMBERS,
  masterSlaveRejected,
  masterSlaveRequested,
  newMasterSlave,
} from '../../../src/simulator/h323/h245/master-slave.js';

const security: MediaSecurity = { algorithm: 'aes128', secret: Buffer.alloc(128, 3) };

function session(numbers: readonly number[], options: Partial<H245SessionOptions> = {}): H245Session {
  const left = [...numbers];
  let bytes = 0;
  return new H245Session({
    terminalType: 50,
    media: ['audio'],
    rtp: { address: '127.0.0.1', port: 5000 },
    security: undefined,
    randomBytes: (size) => Buffer.alloc(size, ++bytes),
    newNumber: () => left.shift() ?? 1,
    ...options,
  });
}

interface Ran {
  readonly log: string[];
  readonly actions: Readonly<Record<'a' | 'b', H245Action[]>>;
}

/** Carries messages to and fro until nobody has anything left to say. */
function run(a: H245Session, b: H245Session, first: readonly H245Action[]): Ran {
  const log: string[] = [];
  const actions = { a: [...first], b: [] as H245Action[] };
  const queue: { to: 'a' | 'b'; message: MultimediaSystemControlMessage }[] = [];
  const post = (from: 'a' | 'b', said: readonly H245Action[]) => {
    for (const action of said) if (action.do === 'send') queue.push({ to: from === 'a' ? 'b' : 'a', message: action.message });
  };
  post('a', first);
  for (let next = queue.shift(); next; next = queue.shift()) {
    if (log.length > 200) throw new Error('they never come to an end');
    log.push(`${next.to === 'b' ? 'a' : 'b'} ${kindOf(next.message)}`);
    const said = (next.to === 'a' ? a : b).receive(next.message);
    actions[next.to].push(...said);
    post(next.to, said);
  }
  return { log, actions };
}

const did = (actions: readonly H245Action[], what: H245Action['do']) => actions.filter((action) => action.do === what);

describe('master and slave', () => {
  it('is decided by terminal type, then by who is ahead on the circle (H.245 §C.2.4.1)', () => {
    const at = (number: number, terminalType = 50) => ({ terminalType, number });
    expect(compareDeterminations(at(1, 60), at(1, 50))).toBe('master');
    expect(compareDeterminations(at(1, 50), at(9, 190))).toBe('slave');
    expect(compareDeterminations(at(1), at(2))).toBe('master');
    expect(compareDeterminations(at(2), at(1))).toBe('slave');
    expect(compareDeterminations(at(DETERMINATION_NUMBERS - 1), at(0))).toBe('master');
    expect(compareDeterminations(at(5), at(5))).toBeUndefined();
    expect(compareDeterminations(at(0), at(DETERMINATION_NUMBERS / 2))).toBeUndefined();
  });

  it('is asked again with another number after a draw', () => {
    const [a, b] = [session([5, 6, 10]), session([5, 8, 20])];
    const { log } = run(a, b, a.begin());
    expect(log.filter((line) => line.endsWith('masterSlaveDetermination'))).toHaveLength(4);
    expect([a.role, b.role].sort()).toEqual(['master', 'slave']);
  });

  it('is rejected, and asked again, where the other side has not asked itself', () => {
    const [a, b] = [newMasterSlave({ terminalType: 50, number: 5 }), newMasterSlave({ terminalType: 50, number: 5 })];
    const [asking] = beginMasterSlave(a);
    const [idle, rejection] = masterSlaveRequested(b, a.local, () => 1);
    expect(rejection).toEqual([{ send: 'reject' }]);
    const [, again] = masterSlaveRejected(asking, () => 8);
    expect(again).toEqual([{ send: 'request', determination: { terminalType: 50, number: 8 } }]);
    const [settled, ack] = masterSlaveRequested(idle, { terminalType: 50, number: 8 }, () => 1);
    expect([settled.role, ack]).toEqual(['master', [{ send: 'ack', decision: 'slave' }]]);
  });

  it('ends after too many draws', () => {
    const [a, b] = [session(Array(50).fill(5)), session(Array(50).fill(5))];
    const { actions } = run(a, b, a.begin());
    expect([...did(actions.a, 'failed'), ...did(actions.b, 'failed')].length).toBeGreaterThan(0);
  });
});

describe('a session', () => {
  it('agrees, and opens a channel each way', () => {
    const [a, b] = [session([1]), session([2])];
    const { log, actions } = run(a, b, a.begin());
    expect(log.slice(0, 2)).toEqual(['a request.terminalCapabilitySet', 'a request.masterSlaveDetermination']);
    for (const side of [actions.a, actions.b]) {
      expect(did(side, 'agreed')).toHaveLength(1);
      expect(did(side, 'mediaReady')).toHaveLength(1);
      expect(did(side, 'failed')).toEqual([]);
    }
    expect([a.role, b.role]).toEqual(['master', 'slave']);
  });

  it('has the master make every key', () => {
    const [a, b] = [session([1], { security }), session([2], { security })];
    run(a, b, a.begin());
    const keys = (of: H245Session) => new Map(of.channels.all.map(({ direction, key }) => [direction, key]));
    expect(keys(a).get('out')).toEqual(Buffer.alloc(16, 1));
    expect(keys(a).get('in')).toEqual(Buffer.alloc(16, 2));
    expect(keys(b).get('in')).toEqual(keys(a).get('out'));
    expect(keys(b).get('out')).toEqual(keys(a).get('in'));
  });

  it('rejects a channel in the clear where encryption was agreed', () => {
    const [clear, strict] = [session([1]), session([2], { security })];
    const { actions } = run(clear, strict, clear.begin());
    expect(did(actions.a, 'failed')).toEqual([{ do: 'failed', why: 'our audio channel was rejected: securityDenied' }]);
    expect(did(actions.b, 'failed')).toEqual([{ do: 'failed', why: 'our audio channel was rejected: dataTypeNotSupported' }]);
  });

  it('does not read keys under another secret', () => {
    const other = { ...security, secret: Buffer.alloc(128, 4) };
    const [a, b] = [session([1], { security }), session([2], { security: other })];
    run(a, b, a.begin());
    const [mine] = a.channels.all.filter(({ direction }) => direction === 'out');
    const [theirs] = b.channels.all.filter(({ direction }) => direction === 'in');
    expect(theirs?.key).not.toEqual(mine?.key);
  });

  it('answers a round trip, a closed channel and the end', () => {
    const [a, b] = [session([1]), session([2])];
    run(a, b, a.begin());
    const request = (value: Extract<MultimediaSystemControlMessage, { type: 'request' }>['value']) => a.receive({ type: 'request', value });
    expect(request({ type: 'roundTripDelayRequest', value: { sequenceNumber: 9 } })).toEqual([
      { do: 'send', message: { type: 'response', value: { type: 'roundTripDelayResponse', value: { sequenceNumber: 9 } } } },
    ]);
    const closed = request({
      type: 'closeLogicalChannel',
      value: { forwardLogicalChannelNumber: 101, source: { type: 'user', value: null } },
    });
    expect(closed).toMatchObject([{ do: 'send' }, { do: 'channel', channel: { direction: 'in', state: 'closed' } }]);
    expect(run(b, a, b.end()).actions.b).toEqual([{ do: 'ended' }]);
    expect(b.end()).toEqual([]);
  });
});
