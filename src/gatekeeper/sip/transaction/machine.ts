/** The base values of RFC 3261 table 4, in milliseconds. */
export interface Timing {
  /** An estimate of the round trip (default 500). */
  readonly t1: number;
  /** The longest interval between retransmissions of a non-INVITE request or of an INVITE's final response (default 4000). */
  readonly t2: number;
  /** The longest time a message stays in the network (default 5000). */
  readonly t4: number;
}

export const defaultTiming: Timing = { t1: 500, t2: 4000, t4: 5000 };

/** How long a transaction waits at most: timers B, D, F, H, J, L and M, in milliseconds. */
export const lifetime = (timing: Timing): number => 64 * timing.t1;

/** What a machine must know of the way its messages take. */
export interface Path {
  /** TCP and TLS: no retransmissions, and no waiting for those of the other side (timers D, I, J and K are zero). */
  readonly reliable: boolean;
  readonly timing: Timing;
}

/** A, E and G send again, at growing intervals. */
export type RepeatTimer = 'A' | 'E' | 'G';
/**
 * The others end a wait. L and M are RFC 6026's. `cancelled` is the 64*T1 that a cancelled INVITE may still wait for its final
 * response (RFC 3261 §9.1), `unanswered` the same span for a non-INVITE request that our side never answers (RFC 4320 §4.2).
 */
export type EndTimer = 'B' | 'D' | 'F' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'cancelled' | 'unanswered';
export type TimerName = RepeatTimer | EndTimer;

/**
 * What a machine asks for, in this order. A transaction has at most one repeat timer and one end timer: starting one takes the
 * place of the last of its kind. `forget` stops both and ends the transaction.
 */
export type Action =
  /** Send this text, as it is. */
  | { readonly do: 'send'; readonly text: string }
  /** Send the ACK for the final response (RFC 3261 §17.1.1.3). */
  | { readonly do: 'sendAck' }
  /** Send the CANCEL that was asked for (RFC 3261 §9.1). */
  | { readonly do: 'sendCancel' }
  /** Hand the message of this event to the transaction user. */
  | { readonly do: 'deliver' }
  | { readonly do: 'startTimer'; readonly timer: TimerName; readonly ms: number }
  | { readonly do: 'stopTimers' }
  /** Tell the user that no answer came in time: as if 408 had come. */
  | { readonly do: 'reportTimeout' }
  /** Tell the user that the message could not be sent: as if 503 had come. */
  | { readonly do: 'reportTransportError' }
  | { readonly do: 'forget' };

/** What happens to a client transaction. */
export type ClientEvent =
  | { readonly type: 'response'; readonly status: number }
  /** The user wants a CANCEL sent. */
  | { readonly type: 'cancel' }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transportError' };

/** What happens to a server transaction. */
export type ServerEvent =
  /** The request came again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  /** The user's response. */
  | { readonly type: 'response'; readonly status: number; readonly text: string }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transportError' };

export type Step<State> = readonly [State, readonly Action[]];

export const nothing: readonly Action[] = [];
export const deliver: Action = { do: 'deliver' };
export const sendAck: Action = { do: 'sendAck' };
export const sendCancel: Action = { do: 'sendCancel' };
export const stopTimers: Action = { do: 'stopTimers' };
export const forget: Action = { do: 'forget' };
export const reportTimeout: Action = { do: 'reportTimeout' };
export const reportTransportError: Action = { do: 'reportTransportError' };
export const send = (text: string): Action => ({ do: 'send', text });
export const startTimer = (timer: TimerName, ms: number): Action => ({ do: 'startTimer', timer, ms });

/** A machine under way: takes an event, keeps the new state, says what to do. */
export type Machine<Event> = (event: Event) => readonly Action[];

export function run<State, Event>(state: State, step: (state: State, event: Event) => Step<State>): Machine<Event> {
  let current = state;
  return (event) => {
    const [next, actions] = step(current, event);
    current = next;
    return actions;
  };
}
