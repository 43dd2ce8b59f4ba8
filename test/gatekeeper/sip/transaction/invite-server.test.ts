import { describe, expect, it } from 'vitest';
import { type InviteServer, start, step } from '../../../../src/gatekeeper/sip/transaction/invite-server.js';
import { defaultTiming, type Path, type ServerEvent, type TimerName } from '../../../../src/gatekeeper/sip/transaction/machine.js';

const udp: Path = { reliable: false, timing: defaultTiming };
const tcp: Path = { reliable: true, timing: defaultTiming };

const respond = (status: number, text = String(status)): ServerEvent => ({ type: 'response', status, text });
const timer = (name: TimerName): ServerEvent => ({ type: 'timer', timer: name });
const invite: ServerEvent = { type: 'request' };
const ack: ServerEvent = { type: 'ack' };
const transportError: ServerEvent = { type: 'transportError' };

function last(path: Path, ...events: ServerEvent[]) {
  const event = events.pop();
  if (!event) throw new Error('no event');
  const before = events.reduce<InviteServer>((state, each) => step(state, each)[0], start(path)[0]);
  const [state, actions] = step(before, event);
  return { phase: state.phase, actions };
}

describe('INVITE server transaction (RFC 3261 figure 7, RFC 6026)', () => {
  it('waits for its user without a timer', () => {
    expect(start(udp)).toEqual([{ phase: 'proceeding', path: udp, text: '', interval: 500 }, []]);
  });

  it('answers a repeated INVITE with the last provisional response', () => {
    expect(last(udp, invite)).toEqual({ phase: 'proceeding', actions: [] });
    expect(last(udp, respond(100))).toEqual({ phase: 'proceeding', actions: [{ do: 'send', text: '100' }] });
    expect(last(udp, respond(100), respond(180), invite)).toEqual({ phase: 'proceeding', actions: [{ do: 'send', text: '180' }] });
  });

  it('repeats a refusal until the ACK: timers G and H', () => {
    expect(last(udp, respond(100), respond(486))).toEqual({
      phase: 'completed',
      actions: [
        { do: 'send', text: '486' },
        { do: 'startTimer', timer: 'G', ms: 500 },
        { do: 'startTimer', timer: 'H', ms: 32_000 },
      ],
    });
    expect(last(tcp, respond(486)).actions).toEqual([
      { do: 'send', text: '486' },
      { do: 'startTimer', timer: 'H', ms: 32_000 },
    ]);
    let state = step(start(udp)[0], respond(486))[0];
    const intervals: number[] = [];
    for (let i = 0; i < 5; i++) {
      const [next, actions] = step(state, timer('G'));
      state = next;
      expect(actions[0]).toEqual({ do: 'send', text: '486' });
      for (const action of actions) if (action.do === 'startTimer') intervals.push(action.ms);
    }
    expect(intervals).toEqual([1000, 2000, 4000, 4000, 4000]);
  });

  it('answers a repeated INVITE with the refusal', () => {
    expect(last(udp, respond(100), respond(486), invite)).toEqual({ phase: 'completed', actions: [{ do: 'send', text: '486' }] });
  });

  it('gives up on the ACK at timer H', () => {
    expect(last(udp, respond(486), timer('H'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('absorbs what still comes for T4 after the ACK', () => {
    expect(last(udp, respond(486), ack)).toEqual({
      phase: 'confirmed',
      actions: [{ do: 'stopTimers' }, { do: 'startTimer', timer: 'I', ms: 5000 }],
    });
    for (const event of [ack, invite, respond(200), timer('G'), timer('H'), transportError]) {
      expect(last(udp, respond(486), ack, event)).toEqual({ phase: 'confirmed', actions: [] });
    }
    expect(last(udp, respond(486), ack, timer('I'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
    expect(last(tcp, respond(486), ack)).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('sends one final response only, unless it accepts', () => {
    for (const status of [180, 200, 487]) expect(last(udp, respond(486), respond(status))).toEqual({ phase: 'completed', actions: [] });
  });

  it.each([udp, tcp])('passes each 2xx on, absorbs the INVITE and hands the ACK up until timer L (%j)', (path) => {
    expect(last(path, respond(180), respond(200))).toEqual({
      phase: 'accepted',
      actions: [
        { do: 'send', text: '200' },
        { do: 'startTimer', timer: 'L', ms: 32_000 },
      ],
    });
    expect(last(path, respond(200), respond(200, 'again'))).toEqual({ phase: 'accepted', actions: [{ do: 'send', text: 'again' }] });
    expect(last(path, respond(200), invite)).toEqual({ phase: 'accepted', actions: [] });
    expect(last(path, respond(200), ack)).toEqual({ phase: 'accepted', actions: [{ do: 'deliver' }] });
    for (const event of [respond(180), respond(486), transportError, timer('H')]) {
      expect(last(path, respond(200), event)).toEqual({ phase: 'accepted', actions: [] });
    }
    expect(last(path, respond(200), timer('L'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('does not end for a transport error', () => {
    expect(last(udp, transportError)).toEqual({ phase: 'proceeding', actions: [] });
    expect(last(udp, respond(486), transportError)).toEqual({ phase: 'completed', actions: [] });
  });

  it('takes an ACK before any final response for nothing', () => {
    expect(last(udp, ack)).toEqual({ phase: 'proceeding', actions: [] });
  });

  it('does nothing once terminated', () => {
    for (const event of [invite, ack, respond(180), respond(200), respond(486), transportError, timer('G'), timer('L'), timer('J')]) {
      expect(last(udp, respond(200), timer('L'), event)).toEqual({ phase: 'terminated', actions: [] });
    }
  });
});
