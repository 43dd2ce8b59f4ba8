import type { SocketLimits } from '../../net/limits.js';

export interface TransportLimits extends SocketLimits {
  /** The head (start line and headers) of one message; `messageBytes` counts head and body. */
  readonly headBytes: number;
}

export const defaultLimits: TransportLimits = {
  rate: { messagesPerSecond: 500, burst: 1000 },
  sources: 100_000,
  connectionsPerSource: 1000,
  connections: 20_000,
  messageBytes: 65_535,
  headBytes: 65_535,
  sendBufferBytes: 1_048_576,
  halfOpenMs: 10_000,
  idleMs: 600_000,
};
