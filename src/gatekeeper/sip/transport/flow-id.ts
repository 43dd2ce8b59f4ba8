import type { MemberId } from '../../../state/member-store.js';
import { canonicalAddress, formatSocketAddress, type SocketAddress } from '../../net/address.js';
import type { SipTransport } from '../../plan/plan.js';

/*
 * How flows are called. A registration keeps the name of the flow that it came by, and other instances read it there: the name must tell
 * whose flow it is, and must never be another's too.
 *
 *   tcp:<run>:<number>, tls:<run>:<number>   a connection; the run is drawn at each start, so that one of an earlier start is nobody's
 *   udp:<instance>:<local>><remote>          a UDP association; an instance that was started again has it again
 *   meetings:<run of an instance>>           the way to its meeting service, inside the process
 */

/** What the ids of a run's connections begin with. */
export function streamFlows(transport: 'tcp' | 'tls', run: string): string {
  return `${transport}:${run}:`;
}

/** What the ids of one UDP socket's associations begin with. Instances may have the same local address, as in containers; `instance` tells them apart. */
export function udpFlows(instance: string, local: SocketAddress): string {
  return `udp:${instance}:${formatSocketAddress(local)}>`;
}

/** The meeting service of this instance. The sign at the end keeps one run's name from being the beginning of another's. */
export function meetingsFlow(member: MemberId): string {
  return `meetings:${member}>`;
}

/** By what transport messages go over the flow with this id. */
export function transportOfFlow(id: string): SipTransport {
  // Nobody can read what does not leave the process.
  if (id.startsWith('tls:') || id.startsWith('meetings:')) return 'tls';
  return id.startsWith('tcp:') ? 'tcp' : 'udp';
}

/** Where a UDP association leads to; undefined: the id is not one of those. */
export function udpRemote(id: string): SocketAddress | undefined {
  if (!id.startsWith('udp:')) return undefined;
  const text = id.slice(id.indexOf('>') + 1);
  const colon = text.lastIndexOf(':');
  const address = canonicalAddress(text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1'));
  const port = Number(text.slice(colon + 1));
  return address !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? { address, port } : undefined;
}
