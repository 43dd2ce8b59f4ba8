import { describe, expect, it } from 'vitest';
import { defaultTiming, type Path, type ServerEvent, type TimerName } from '../../../../src/gatekeeper/sip/transaction/machine.js';
import { type NonInviteServer, start, step } from '../../../../src/gatekeeper/sip/transaction/non-invite-server.js';

const udp: Path = { reliable: false, timing: defaultTiming };
const tcp: Path = { reliable: true, timing: defaultTiming };

const respond = (status: number): ServerEvent => ({ type: 'response', status, text: String(status) });
const timer = (name: TimerName): ServerEvent => ({ type: 'timer', timer: name });
const again: ServerEvent = { type: 'request' };
const transportError: ServerEvent = { type: 'transportError' };

function last(path: Path, ...events: ServerEvent[]) {
  const event = events.pop();
  if (!event) throw new Error('no event');
  const before = events.reduce<NonInviteServer>((state, each) => step(state, each)[0], start(path)[0]);
  const [state, actions] = step(before, event);
  return { phase: state.phase, actions };
}

describe('non-INVITE server transaction (RFC 3261 figure 8)', () => {
  it('is forgotten if nobody answers in the time its client waits (RFC 4320)', () => {
    expect(start(udp)).toEqual([{ phase: 'trying', path: udp, text: '' }, [{ do: 'startTimer', timer: 'unanswered', ms: 32_000 }]]);
    expect(last(udp, timer('unanswered'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
    expect(last(udp, respond(100), timer('unanswered'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('absorbs a repeated request before there is a response, then answers it with the last', () => {
    expect(last(udp, again)).toEqual({ phase: 'trying', actions: [] });
    expect(last(udp, respond(100))).toEqual({ phase: 'proceeding', actions: [{ do: 'send', text: '100' }] });
    expect(last(udp, respond(100), respond(183), again)).toEqual({ phase: 'proceeding', actions: [{ do: 'send', text: '183' }] });
    expect(last(udp, respond(100), respond(404), again)).toEqual({ phase: 'completed', actions: [{ do: 'send', text: '404' }] });
  });

  it.each([[[]], [[respond(100)]]])('keeps the final response for timer J (after %j)', (before: ServerEvent[]) => {
    expect(last(udp, ...before, respond(200))).toEqual({
      phase: 'completed',
      actions: [
        { do: 'send', text: '200' },
        { do: 'startTimer', timer: 'J', ms: 32_000 },
      ],
    });
    expect(last(tcp, ...before, respond(200))).toEqual({ phase: 'terminated', actions: [{ do: 'send', text: '200' }, { do: 'forget' }] });
    expect(last(udp, ...before, respond(200), timer('J'))).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
  });

  it('sends one final response only', () => {
    for (const status of [100, 200, 500]) expect(last(udp, respond(200), respond(status))).toEqual({ phase: 'completed', actions: [] });
    expect(last(udp, respond(200), timer('unanswered'))).toEqual({ phase: 'completed', actions: [] });
  });

  it('ends when a response cannot be sent', () => {
    expect(last(udp, respond(100), transportError)).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
    expect(last(udp, respond(200), transportError)).toEqual({ phase: 'terminated', actions: [{ do: 'forget' }] });
    expect(last(udp, transportError)).toEqual({ phase: 'trying', actions: [] });
  });

  it('has no ACK, and nothing to do once terminated', () => {
    expect(last(udp, { type: 'ack' })).toEqual({ phase: 'trying', actions: [] });
    for (const event of [again, respond(200), transportError, timer('J'), timer('unanswered'), timer('H')]) {
      expect(last(udp, respond(200), timer('J'), event)).toEqual({ phase: 'terminated', actions: [] });
    }
  });
});
