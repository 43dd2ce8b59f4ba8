import {
  type Action,
  deliver,
  forget,
  lifetime,
  nothing,
  type Path,
  type ServerEvent,
  type Step,
  send,
  startTimer,
  stopTimers,
  type TimerName,
} from './machine.js';

/** INVITE server transaction: RFC 3261 §17.2.1 and figure 7, with the Accepted state of RFC 6026 §7.1. */
export interface InviteServer {
  readonly phase: 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';
  readonly path: Path;
  /** What a repeated INVITE is answered with; empty when there is nothing to say. */
  readonly text: string;
  /** What timer G was last set to, in milliseconds. */
  readonly interval: number;
}

/** Waits for the user's response, for as long as that takes. */
export function start(path: Path): Step<InviteServer> {
  return [{ phase: 'proceeding', path, text: '', interval: path.timing.t1 }, nothing];
}

/** Pure: it neither sends nor waits; it says what to do. */
export function step(state: InviteServer, event: ServerEvent): Step<InviteServer> {
  switch (event.type) {
    case 'request': {
      const answers = state.phase === 'proceeding' || state.phase === 'completed';
      // Accepted: the 2xx is repeated by the one who answered, end to end; the INVITE is only absorbed (RFC 6026 §7.1).
      return [state, answers && state.text !== '' ? [send(state.text)] : nothing];
    }
    case 'response':
      return response(state, event.status, event.text);
    case 'ack':
      switch (state.phase) {
        case 'completed':
          if (state.path.reliable) return [terminated(state), [forget]];
          return [{ ...state, phase: 'confirmed', text: '' }, [stopTimers, startTimer('I', state.path.timing.t4)]];
        case 'accepted':
          return [state, [deliver]];
        default: // Before a final response an ACK means nothing; after the first one it is a repetition.
          return [state, nothing];
      }
    case 'timer':
      return timer(state, event.timer);
    case 'transportError': // RFC 6026 §7.1: no reason to end; a repeated INVITE may still be answered.
      return [state, nothing];
  }
}

function response(state: InviteServer, status: number, text: string): Step<InviteServer> {
  if (state.phase === 'accepted') return [state, status >= 200 && status < 300 ? [send(text)] : nothing];
  if (state.phase !== 'proceeding') return [state, nothing];
  if (status < 200) return [{ ...state, text }, [send(text)]];
  const end = lifetime(state.path.timing);
  // RFC 6026 §7.1: timer L runs on every transport.
  if (status < 300) return [{ ...state, phase: 'accepted', text: '' }, [send(text), startTimer('L', end)]];
  const actions: Action[] = [send(text)];
  if (!state.path.reliable) actions.push(startTimer('G', state.path.timing.t1));
  actions.push(startTimer('H', end));
  return [{ ...state, phase: 'completed', text }, actions];
}

function timer(state: InviteServer, name: TimerName): Step<InviteServer> {
  switch (name) {
    case 'G': {
      if (state.phase !== 'completed') return [state, nothing];
      const interval = Math.min(2 * state.interval, state.path.timing.t2);
      return [{ ...state, interval }, [send(state.text), startTimer('G', interval)]];
    }
    case 'H': // No ACK came. A proxy has nobody to tell: the answer went out as often as it may.
      return state.phase === 'completed' ? [terminated(state), [forget]] : [state, nothing];
    case 'I':
      return state.phase === 'confirmed' ? [terminated(state), [forget]] : [state, nothing];
    case 'L':
      return state.phase === 'accepted' ? [terminated(state), [forget]] : [state, nothing];
    default:
      return [state, nothing];
  }
}

const terminated = (state: InviteServer): InviteServer => ({ ...state, phase: 'terminated', text: '' });
