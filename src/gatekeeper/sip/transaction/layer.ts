import type { SipRequest } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import type { TimerName, Timing } from './machine.js';
import type { TimerQueue } from './timer-queue.js';

/** What a transaction's timers are called. `unsent`: the first send failed, and the user hears of it on the next turn of the clock. */
export type LayerTimer = TimerName | 'unsent';

/**
 * Finds a way for a final response whose connection has closed: to the request's source address and the port of its Via
 * (RFC 3261 §18.2.2). Calls `use` at most once, at any time; not at all if there is no way.
 */
export type Reopen = (request: SipRequest, use: (flow: Flow) => void) => void;

/** What a transaction sees of the layer it is part of. */
export interface Layer {
  readonly timers: TimerQueue<LayerTimer>;
  readonly timing: Timing;
  readonly reopen: Reopen | undefined;
  forgetClient(key: string): void;
  forgetServer(key: string): void;
  sendCancel(cancel: SipRequest, flow: Flow): void;
}
