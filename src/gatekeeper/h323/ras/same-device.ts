import type { EpochMs } from '../../../clock.js';
import type { Proof } from './endpoint.js';
import { type SocketAddress, sameSocket } from './transport-address.js';

/** Who sends a request, as far as its address and its token tell. */
export interface Sender {
  readonly source: SocketAddress;
  readonly proof: Proof | undefined;
  /** Seconds since 1970, as the token says; 0: without one. */
  readonly tokenTime: number;
}

/** As long as a single instance takes such a token more than once (`ReplayWindow`). */
const REUSE_SECONDS = 5;

/** Whether the holder of an alias is who asks for it now, after a restart or at another address: one user, or without passwords one socket. */
export function isSameDevice(holder: Sender, sender: Sender): boolean {
  if (holder.proof || sender.proof) return holder.proof?.user === sender.proof?.user;
  return sameSocket(holder.source, sender.source);
}

/**
 * Whether a token may move an endpoint to another address, where several instances take tokens and each remembers its own alone. A token
 * that was heard on its way to one of them could be used at another:
 * - From the endpoint's own address it gains nobody anything.
 * - From another it must be younger than the endpoint's last RRQ, which all instances know. In H.235.1 that is exact, as a token is good for
 *   the one message that it signs. One that fits any message (MD5, CAT) must be of the last seconds besides.
 */
export function mayMove(holder: Sender, { source, proof, tokenTime }: Sender, now: EpochMs): boolean {
  if (holder.source.address === source.address) return true;
  if (!proof || tokenTime <= holder.tokenTime) return false;
  return proof.method === 'h235.1' || Math.abs(now / 1000 - tokenTime) <= REUSE_SECONDS;
}
