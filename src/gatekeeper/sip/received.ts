import type { SipRequest } from './message/message.js';
import type { Flow, TransportLayer } from './transport/flow.js';

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

/**
 * The way answers to a request take. Over UDP without `rport` that is the port of its Via (RFC 3261 §18.2.2): some telephones send from
 * one port and listen on another. Behind a NAT, which shows in a sent-by that is not the source, only the source port leads back.
 */
export function answerFlow(request: SipRequest, flow: Flow, transports: Pick<TransportLayer, 'flow'>): Flow {
  if (flow.reliable) return flow;
  const { via } = request;
  const port = via.port ?? 5060;
  if (via.rport !== undefined || via.host !== flow.remote.address || port === flow.remote.port) return flow;
  const back = transports.flow(flow.id.replace(/\d+$/, String(port)));
  return back ? new AnsweredElsewhere(flow, back) : flow;
}

/** A flow whose messages come from one port and whose answers go to another. Who is asking is told by where it came from. */
class AnsweredElsewhere implements Flow {
  readonly #flow: Flow;
  readonly #back: Flow;

  constructor(flow: Flow, back: Flow) {
    this.#flow = flow;
    this.#back = back;
  }

  get id() {
    return this.#flow.id;
  }
  get transport() {
    return this.#flow.transport;
  }
  get reliable() {
    return this.#flow.reliable;
  }
  get local() {
    return this.#flow.local;
  }
  get remote() {
    return this.#flow.remote;
  }
  get certificateNames() {
    return this.#flow.certificateNames;
  }
  get closed() {
    return this.#back.closed;
  }

  send(message: string): boolean {
    return this.#back.send(message);
  }

  onClose(listener: () => void): () => void {
    return this.#back.onClose(listener);
  }
}
