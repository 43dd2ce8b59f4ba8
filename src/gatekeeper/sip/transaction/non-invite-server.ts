import { forget, lifetime, nothing, type Path, type ServerEvent, type Step, send, startTimer } from './machine.js';

/** Non-INVITE server transaction: RFC 3261 §17.2.2 and figure 8. */
export interface NonInviteServer {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly path: Path;
  /** What a repeated request is answered with; empty when there is nothing to say. */
  readonly text: string;
}

/**
 * A proxy must not answer a non-INVITE request late (RFC 4320 §4.2), so a transaction may stay unanswered for good. It ends when
 * the client has given up: its timer F.
 */
export function start(path: Path): Step<NonInviteServer> {
  return [{ phase: 'trying', path, text: '' }, [startTimer('unanswered', lifetime(path.timing))]];
}

/** Pure: it neither sends nor waits; it says what to do. */
export function step(state: NonInviteServer, event: ServerEvent): Step<NonInviteServer> {
  switch (event.type) {
    case 'request':
      return [state, state.text !== '' ? [send(state.text)] : nothing];
    case 'response': {
      if (state.phase === 'completed' || state.phase === 'terminated') return [state, nothing];
      const { status, text } = event;
      if (status < 200) return [{ ...state, phase: 'proceeding', text }, [send(text)]];
      if (state.path.reliable) return [terminated(state), [send(text), forget]];
      return [{ ...state, phase: 'completed', text }, [send(text), startTimer('J', lifetime(state.path.timing))]];
    }
    case 'ack': // Only an INVITE has one.
      return [state, nothing];
    case 'timer':
      switch (event.timer) {
        case 'J':
          return state.phase === 'completed' ? [terminated(state), [forget]] : [state, nothing];
        case 'unanswered':
          return state.phase === 'trying' || state.phase === 'proceeding' ? [terminated(state), [forget]] : [state, nothing];
        default:
          return [state, nothing];
      }
    case 'transportError':
      return state.phase === 'proceeding' || state.phase === 'completed' ? [terminated(state), [forget]] : [state, nothing];
  }
}

const terminated = (state: NonInviteServer): NonInviteServer => ({ ...state, phase: 'terminated', text: '' });
