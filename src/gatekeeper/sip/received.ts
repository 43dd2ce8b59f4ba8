import type { SipRequest } from './message/message.js';
import type { Flow } from './transport/flow.js';

/**
 * Writes into a request's top Via where it really came from: `received` where that is not the sent-by (RFC 3261 §18.2.1), and the
 * value of `rport` where the client asked for it, always with `received` (RFC 3581 §4).
 */
export function noteReceived(request: SipRequest, flow: Flow): void {
  const { via } = request;
  const { address, port } = flow.remote;
  const wantsPort = via.rport !== undefined;
  if (!wantsPort && via.host === address) return;
  const top = request.removeFirst('via');
  if (top === undefined) return;
  const bare = withoutParams(top, wantsPort ? ['rport', 'received'] : ['received']);
  request.prepend('via', `${bare}${wantsPort ? `;rport=${port}` : ''};received=${address}`);
}

function withoutParams(via: string, names: readonly string[]): string {
  const [sentBy = '', ...params] = via.split(';');
  const kept = params.filter((param) => !names.includes((param.split('=', 1)[0] ?? '').trim().toLowerCase()));
  return [sentBy, ...kept].join(';');
}
