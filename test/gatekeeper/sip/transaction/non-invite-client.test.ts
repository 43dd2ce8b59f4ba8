import { describe, expect, it } from 'vitest';
import { type ClientEvent, defaultTiming, type Path, type TimerName } from '../../../../src/gatekeeper/sip/transaction/machine.js';
import { type NonInviteClient, start, step } from '../../../../src/gatekeeper/sip/transaction/non-invite-client.js';

const udp: Path = { reliable: false, timing: defaultTiming };
const tcp: Path = { reliable: true, timing: defaultTiming };

const response = (status: number): ClientEvent => ({ type: 'response', status });
const timer = (name: TimerName): ClientEvent => ({ type: 'timer', timer: name });
const transportError: ClientEvent = { type: 'transportError' };

function last(path: Path, ...events: ClientEvent[]) {
  const event = events.pop();
  if (!event) throw new Error('no event');
  const before = events.reduce<NonInviteClient>((state, each) => step(state, each)[0], start('BYE', path)[0]);
  const [state, actions] = step(before, event);
  return { phase: state.phase, actions };
}

/** What timer E was set to, each time, while it fired over and over. */
function intervals(count: number, ...events: ClientEvent[]): number[] {
  const seen: number[] = [];
  let state = events.reduce<NonInviteClient>((each, event) => step(each, event)[0], start('BYE', udp)[0]);
  for (let i = 0; i < count; i++) {
    const [next, actions] = step(state, timer('E'));
    state = next;
    for (const action of actions) if (action.do === 'startTimer') seen.push(action.ms);
  }
  return seen;
}

describe('non-INVITE client transaction (RFC 3261 figure 6)', () => {
  it('sends the request and starts timers E and F', () => {
    expect(start('BYE', udp)).toEqual([
      { phase: 'trying', path: udp, text: 'BYE', interval: 500 },
      [
        { do: 'send', text: 'BYE' },
        { do: 'startTimer', timer: 'E', ms: 500 },
        { do: 'startTimer', timer: 'F', ms: 32_000 },
      ],
    ]);
    expect(start('BYE', tcp)[1]).toEqual([
      { do: 'send', text: 'BYE' },
      { do: 'startTimer', timer: 'F', ms: 32_000 },
    ]);
  });

  it('repeats it at doubled intervals up to T2, and at T2 once a provisional response came', () => {
    expect(intervals(5)).toEqual([1000, 2000, 4000, 4000, 4000]);
    expect(intervals(2, response(100))).toEqual([4000, 4000]);
    expect(last(udp, timer('E')).actions[0]).toEqual({ do: 'send', text: 'BYE' });
  });

  it('times out on timer F, with or without a provisional response', () => {
    const timeout = { phase: 'terminated', actions: [{ do: 'forget' }, { do: 'reportTimeout' }] };
    expect(last(udp, timer('F'))).toEqual(timeout);
    expect(last(udp, response(100), timer('F'))).toEqual(timeout);
  });

  it('hands provisional responses up', () => {
    expect(last(udp, response(100))).toEqual({ phase: 'proceeding', actions: [{ do: 'deliver' }] });
    expect(last(udp, response(100), response(183))).toEqual({ phase: 'proceeding', actions: [{ do: 'deliver' }] });
  });

  it.each([[[]], [[response(100)]]])('hands the final response up once and absorbs it for T4 (after %j)', (before: ClientEvent[]) => {
    for (const status of [200, 302, 404, 503, 603]) {
      expect(last(udp, ...before, response(status))).toEqual({
        phase: 'completed',
        actions: [{ do: 'stopTimers' }, { do: 'startTimer', timer: 'K', ms: 5000 }, { do: 'deliver' }],
      });
      expect(last(tcp, ...before, response(status))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }, { do: 'deliver' }] });
    }
    expect(last(udp, ...before, response(200), response(200))).toEqual({ phase: 'completed', actions: [] });
    expect(last(udp, ...before, response(200), timer('K'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('reports a transport error while it waits', () => {
    const reported = { phase: 'terminated', actions: [{ do: 'forget' }, { do: 'reportTransportError' }] };
    expect(last(udp, transportError)).toEqual(reported);
    expect(last(tcp, response(100), transportError)).toEqual(reported);
    expect(last(udp, response(200), transportError)).toEqual({ phase: 'completed', actions: [] });
  });

  it('ignores timers of a phase that is over, and cannot be cancelled', () => {
    expect(last(udp, response(200), timer('E'))).toEqual({ phase: 'completed', actions: [] });
    expect(last(udp, response(200), timer('F'))).toEqual({ phase: 'completed', actions: [] });
    expect(last(udp, timer('K'))).toEqual({ phase: 'trying', actions: [] });
    expect(last(udp, timer('A'))).toEqual({ phase: 'trying', actions: [] });
    expect(last(udp, { type: 'cancel' })).toEqual({ phase: 'trying', actions: [] });
  });

  it('does nothing once terminated', () => {
    for (const event of [response(100), response(200), transportError, timer('E'), timer('F'), timer('K')]) {
      expect(last(udp, timer('F'), event)).toEqual({ phase: 'terminated', actions: [] });
    }
  });
});
