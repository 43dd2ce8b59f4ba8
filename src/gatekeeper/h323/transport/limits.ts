import type { SocketLimits } from '../../net/limits.js';

/** What a source may send by RAS and by call signalling, each counted apart, and what a connection may be. */
export const defaultLimits: SocketLimits = {
  rate: { messagesPerSecond: 500, burst: 1000 },
  sources: 100_000,
  connectionsPerSource: 1000,
  connections: 20_000,
  messageBytes: 65_531,
  sendBufferBytes: 1_048_576,
  halfOpenMs: 10_000,
  idleMs: 600_000,
};
