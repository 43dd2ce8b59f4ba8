import { describe, expect, it } from 'vitest';
import { type InviteClient, start, step } from '../../../../src/gatekeeper/sip/transaction/invite-client.js';
import { type ClientEvent, defaultTiming, type Path, type TimerName } from '../../../../src/gatekeeper/sip/transaction/machine.js';

const udp: Path = { reliable: false, timing: defaultTiming };
const tcp: Path = { reliable: true, timing: defaultTiming };

const response = (status: number): ClientEvent => ({ type: 'response', status });
const timer = (name: TimerName): ClientEvent => ({ type: 'timer', timer: name });
const cancel: ClientEvent = { type: 'cancel' };
const transportError: ClientEvent = { type: 'transportError' };

function after(path: Path, ...events: ClientEvent[]): InviteClient {
  return events.reduce<InviteClient>((state, event) => step(state, event)[0], start('INVITE', path)[0]);
}

/** The phase after the last event, and what that event asked for. */
function last(path: Path, ...events: ClientEvent[]) {
  const event = events.pop();
  if (!event) throw new Error('no event');
  const [state, actions] = step(after(path, ...events), event);
  return { phase: state.phase, actions };
}

describe('INVITE client transaction (RFC 3261 figure 5, RFC 6026)', () => {
  it('sends the INVITE and starts timers A and B', () => {
    const [state, actions] = start('INVITE', udp);
    expect(state.phase).toBe('calling');
    expect(actions).toEqual([
      { do: 'send', text: 'INVITE' },
      { do: 'startTimer', timer: 'A', ms: 500 },
      { do: 'startTimer', timer: 'B', ms: 32_000 },
    ]);
  });

  it('has no timer A over a reliable transport', () => {
    expect(start('INVITE', tcp)[1]).toEqual([
      { do: 'send', text: 'INVITE' },
      { do: 'startTimer', timer: 'B', ms: 32_000 },
    ]);
  });

  it('repeats the INVITE at doubled intervals without a ceiling', () => {
    expect(last(udp, timer('A'))).toEqual({
      phase: 'calling',
      actions: [
        { do: 'send', text: 'INVITE' },
        { do: 'startTimer', timer: 'A', ms: 1000 },
      ],
    });
    expect(last(udp, timer('A'), timer('A'), timer('A'), timer('A'), timer('A')).actions[1]).toEqual({
      do: 'startTimer',
      timer: 'A',
      ms: 16_000,
    });
  });

  it('times out on timer B', () => {
    expect(last(udp, timer('B'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }, { do: 'reportTimeout' }] });
  });

  it('stops both timers on the first provisional response and hands each one up', () => {
    expect(last(udp, response(100))).toEqual({ phase: 'proceeding', actions: [{ do: 'stopTimers' }, { do: 'deliver' }] });
    expect(last(udp, response(100), response(180))).toEqual({ phase: 'proceeding', actions: [{ do: 'deliver' }] });
    expect(last(udp, response(180), timer('A'))).toEqual({ phase: 'proceeding', actions: [] });
    expect(last(udp, response(180), timer('B'))).toEqual({ phase: 'proceeding', actions: [] });
  });

  it.each([[[]], [[response(180)]]])('acknowledges a refusal and waits for its repetitions (after %j)', (before: ClientEvent[]) => {
    expect(last(udp, ...before, response(486))).toEqual({
      phase: 'completed',
      actions: [{ do: 'stopTimers' }, { do: 'sendAck' }, { do: 'startTimer', timer: 'D', ms: 32_000 }, { do: 'deliver' }],
    });
    expect(last(tcp, ...before, response(486))).toEqual({
      phase: 'terminated',
      actions: [{ do: 'sendAck' }, { do: 'forget' }, { do: 'deliver' }],
    });
  });

  it('acknowledges a repeated refusal again and tells nobody', () => {
    expect(last(udp, response(486), response(486))).toEqual({ phase: 'completed', actions: [{ do: 'sendAck' }] });
    expect(last(udp, response(486), response(180))).toEqual({ phase: 'completed', actions: [] });
    expect(last(udp, response(486), response(200))).toEqual({ phase: 'completed', actions: [] });
  });

  it('ends on timer D, which is 32 s also when T1 is short', () => {
    expect(last(udp, response(486), timer('D'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
    const quick: Path = { reliable: false, timing: { t1: 100, t2: 400, t4: 500 } };
    expect(last(quick, response(486)).actions[2]).toEqual({ do: 'startTimer', timer: 'D', ms: 32_000 });
  });

  it.each([udp, tcp])('accepts a 2xx and hands each further one up until timer M (%j)', (path) => {
    for (const before of [[], [response(180)]]) {
      expect(last(path, ...before, response(200))).toEqual({
        phase: 'accepted',
        actions: [{ do: 'stopTimers' }, { do: 'startTimer', timer: 'M', ms: 32_000 }, { do: 'deliver' }],
      });
    }
    expect(last(path, response(200), response(200))).toEqual({ phase: 'accepted', actions: [{ do: 'deliver' }] });
    expect(last(path, response(200), response(180))).toEqual({ phase: 'accepted', actions: [] });
    expect(last(path, response(200), response(486))).toEqual({ phase: 'accepted', actions: [] });
    expect(last(path, response(200), transportError)).toEqual({ phase: 'accepted', actions: [] });
    expect(last(path, response(200), timer('M'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('reports a transport error while it waits', () => {
    const reported = { phase: 'terminated', actions: [{ do: 'forget' }, { do: 'reportTransportError' }] };
    expect(last(udp, transportError)).toEqual(reported);
    expect(last(tcp, response(180), transportError)).toEqual(reported);
    expect(last(udp, response(486), transportError)).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('sends CANCEL only once a provisional response came', () => {
    const cancelled = { do: 'startTimer', timer: 'cancelled', ms: 32_000 };
    expect(last(udp, cancel)).toEqual({ phase: 'calling', actions: [] });
    expect(last(udp, cancel, response(180))).toEqual({
      phase: 'proceeding',
      actions: [{ do: 'stopTimers' }, { do: 'sendCancel' }, cancelled, { do: 'deliver' }],
    });
    expect(last(udp, response(180), cancel)).toEqual({ phase: 'proceeding', actions: [{ do: 'sendCancel' }, cancelled] });
    expect(last(udp, response(180), cancel, cancel)).toEqual({ phase: 'proceeding', actions: [] });
  });

  it('sends no CANCEL when the final response was quicker', () => {
    expect(last(udp, cancel, response(200)).actions).not.toContainEqual({ do: 'sendCancel' });
    expect(last(udp, response(200), cancel)).toEqual({ phase: 'accepted', actions: [] });
    expect(last(udp, response(486), cancel)).toEqual({ phase: 'completed', actions: [] });
  });

  it('gives a cancelled INVITE 64*T1 for its final response', () => {
    expect(last(udp, response(180), cancel, timer('cancelled'))).toEqual({
      phase: 'terminated',
      actions: [{ do: 'forget' }, { do: 'reportTimeout' }],
    });
    expect(last(udp, response(180), cancel, response(487)).phase).toBe('completed');
  });

  it('does nothing once terminated', () => {
    const names: TimerName[] = ['A', 'B', 'D', 'M', 'cancelled', 'K'];
    for (const event of [response(180), response(200), response(486), cancel, transportError, ...names.map(timer)]) {
      expect(last(udp, timer('B'), event)).toEqual({ phase: 'terminated', actions: [] });
    }
  });
});
