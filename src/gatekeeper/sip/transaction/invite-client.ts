import {
  type Action,
  type ClientEvent,
  deliver,
  forget,
  lifetime,
  nothing,
  type Path,
  reportTimeout,
  reportTransportError,
  type Step,
  send,
  sendAck,
  sendCancel,
  startTimer,
  stopTimers,
  type TimerName,
} from './machine.js';

/** INVITE client transaction: RFC 3261 §17.1.1 and figure 5, with the Accepted state of RFC 6026 §7.2. */
export interface InviteClient {
  readonly phase: 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated';
  readonly path: Path;
  /** The INVITE as sent; empty as soon as it can't be needed again. */
  readonly text: string;
  /** What timer A was last set to, in milliseconds. */
  readonly interval: number;
  /** The user asked for a CANCEL. It waits for the first provisional response (§9.1). */
  readonly cancelling: boolean;
}

/** Sends the INVITE. */
export function start(text: string, path: Path): Step<InviteClient> {
  const { t1 } = path.timing;
  const actions: Action[] = [send(text)];
  if (!path.reliable) actions.push(startTimer('A', t1));
  actions.push(startTimer('B', lifetime(path.timing)));
  return [{ phase: 'calling', path, text, interval: t1, cancelling: false }, actions];
}

/** Pure: it neither sends nor waits; it says what to do. */
export function step(state: InviteClient, event: ClientEvent): Step<InviteClient> {
  switch (event.type) {
    case 'response':
      return response(state, event.status);
    case 'timer':
      return timer(state, event.timer);
    case 'cancel':
      return cancel(state);
    case 'transportError':
      switch (state.phase) {
        case 'calling':
        case 'proceeding':
          return [terminated(state), [forget, reportTransportError]];
        case 'completed': // The ACK is lost, but the user has its final response already: there is nothing to tell it.
          return [terminated(state), [forget]];
        default:
          return [state, nothing];
      }
  }
}

function response(state: InviteClient, status: number): Step<InviteClient> {
  switch (state.phase) {
    case 'calling':
    case 'proceeding': {
      if (status < 200) return provisional(state);
      if (status < 300) {
        // RFC 6026 §7.2: timer M runs on every transport, as 2xx responses are repeated from end to end.
        return [{ ...state, phase: 'accepted', text: '' }, [stopTimers, startTimer('M', lifetime(state.path.timing)), deliver]];
      }
      if (state.path.reliable) return [terminated(state), [sendAck, forget, deliver]];
      return [{ ...state, phase: 'completed', text: '' }, [stopTimers, sendAck, startTimer('D', timerD(state.path)), deliver]];
    }
    case 'accepted': // Each 2xx goes up: a repeated one, and one from another branch of a fork further on.
      return [state, status >= 200 && status < 300 ? [deliver] : nothing];
    case 'completed':
      return [state, status >= 300 ? [sendAck] : nothing];
    case 'terminated':
      return [state, nothing];
  }
}

function provisional(state: InviteClient): Step<InviteClient> {
  if (state.phase === 'proceeding') return [state, [deliver]];
  const proceeding: InviteClient = { ...state, phase: 'proceeding', text: '' };
  if (!state.cancelling) return [proceeding, [stopTimers, deliver]];
  return [proceeding, [stopTimers, sendCancel, startTimer('cancelled', lifetime(state.path.timing)), deliver]];
}

function cancel(state: InviteClient): Step<InviteClient> {
  if (state.cancelling) return [state, nothing];
  switch (state.phase) {
    case 'calling':
      return [{ ...state, cancelling: true }, nothing];
    case 'proceeding':
      return [{ ...state, cancelling: true }, [sendCancel, startTimer('cancelled', lifetime(state.path.timing))]];
    default: // A final response came: CANCEL would change nothing (§9.1).
      return [state, nothing];
  }
}

function timer(state: InviteClient, name: TimerName): Step<InviteClient> {
  switch (name) {
    case 'A': {
      if (state.phase !== 'calling') return [state, nothing];
      const interval = 2 * state.interval;
      return [{ ...state, interval }, [send(state.text), startTimer('A', interval)]];
    }
    case 'B':
      return state.phase === 'calling' ? [terminated(state), [forget, reportTimeout]] : [state, nothing];
    case 'cancelled':
      return state.phase === 'proceeding' ? [terminated(state), [forget, reportTimeout]] : [state, nothing];
    case 'D':
      return state.phase === 'completed' ? [terminated(state), [forget]] : [state, nothing];
    case 'M':
      return state.phase === 'accepted' ? [terminated(state), [forget]] : [state, nothing];
    default:
      return [state, nothing];
  }
}

/** At least 32 s (§17.1.1.2): timer H, which paces what it waits for, is the server's and need not follow our T1. */
const timerD = (path: Path): number => Math.max(32_000, lifetime(path.timing));

const terminated = (state: InviteClient): InviteClient => ({ ...state, phase: 'terminated', text: '' });
