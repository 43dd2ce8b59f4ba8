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
  startTimer,
  stopTimers,
} from './machine.js';

/** Non-INVITE client transaction: RFC 3261 §17.1.2 and figure 6. */
export interface NonInviteClient {
  readonly phase: 'trying' | 'proceeding' | 'completed' | 'terminated';
  readonly path: Path;
  /** The request as sent; empty as soon as it can't be needed again. */
  readonly text: string;
  /** What timer E was last set to, in milliseconds. */
  readonly interval: number;
}

/** Sends the request. */
export function start(text: string, path: Path): Step<NonInviteClient> {
  const { t1 } = path.timing;
  const actions: Action[] = [send(text)];
  if (!path.reliable) actions.push(startTimer('E', t1));
  actions.push(startTimer('F', lifetime(path.timing)));
  return [{ phase: 'trying', path, text, interval: t1 }, actions];
}

/** Pure: it neither sends nor waits; it says what to do. */
export function step(state: NonInviteClient, event: ClientEvent): Step<NonInviteClient> {
  const waiting = state.phase === 'trying' || state.phase === 'proceeding';
  switch (event.type) {
    case 'response':
      if (!waiting) return [state, nothing];
      if (event.status < 200) return [state.phase === 'trying' ? { ...state, phase: 'proceeding' } : state, [deliver]];
      if (state.path.reliable) return [terminated(state), [forget, deliver]];
      return [{ ...state, phase: 'completed', text: '' }, [stopTimers, startTimer('K', state.path.timing.t4), deliver]];
    case 'cancel': // Only an INVITE can be cancelled (§9.1).
      return [state, nothing];
    case 'timer':
      switch (event.timer) {
        case 'E': {
          if (!waiting) return [state, nothing];
          const { t2 } = state.path.timing;
          const interval = state.phase === 'proceeding' ? t2 : Math.min(2 * state.interval, t2);
          return [{ ...state, interval }, [send(state.text), startTimer('E', interval)]];
        }
        case 'F':
          return waiting ? [terminated(state), [forget, reportTimeout]] : [state, nothing];
        case 'K':
          return state.phase === 'completed' ? [terminated(state), [forget]] : [state, nothing];
        default:
          return [state, nothing];
      }
    case 'transportError':
      return waiting ? [terminated(state), [forget, reportTransportError]] : [state, nothing];
  }
}

const terminated = (state: NonInviteClient): NonInviteClient => ({ ...state, phase: 'terminated', text: '' });
