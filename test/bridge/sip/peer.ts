import { randomBytes } from 'node:crypto';
import { responseTo, type SipMessage, SipRequest, SipResponse } from '../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../src/gatekeeper/sip/message/parse.js';
import type { MemoryFlow } from '../../../src/gatekeeper/sip/transport/memory-flow.js';
import { until } from '../../support/until.js';

export interface InviteOptions {
  readonly to?: string;
  /** Undefined: a delayed offer. */
  readonly sdp?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A dialog as the peer keeps it. */
export interface PeerDialog {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
  seq: number;
}

const id = () => randomBytes(6).toString('hex');

/** The other end of the flow: says what the test tells it, and nothing else. */
export class Peer {
  readonly received: SipMessage[] = [];
  /** What the user agent sent that is no SIP: the answer to what was none. */
  readonly unreadable: string[] = [];
  readonly #flow: MemoryFlow;
  readonly #taken = new WeakSet<SipMessage>();

  constructor(flow: MemoryFlow) {
    this.#flow = flow;
    flow.onMessage = (text) => {
      const parsed = parseMessage(text, { stream: true });
      if (parsed.ok) this.received.push(parsed.message);
      else this.unreadable.push(text);
    };
  }

  send(message: SipMessage | string): void {
    this.#flow.send(message.toString());
  }

  make(method: string, uri: string, headers: Readonly<Record<string, string>> = {}, body = ''): SipRequest {
    const request = SipRequest.create(
      method,
      uri,
      [
        ['Via', `SIP/2.0/TLS gate.example;branch=z9hG4bK${id()}`],
        ['Max-Forwards', '70'],
        ['From', `"Sal 3" <sip:sal3@norr.example>;tag=${id()}`],
        ['To', `<${uri}>`],
        ['Call-ID', id()],
        ['CSeq', `1 ${method}`],
        ['Contact', '<sip:sal3@198.51.100.3;transport=tls>'],
        ...(body === '' ? [] : ([['Content-Type', 'application/sdp']] as const)),
      ],
      body,
    );
    for (const [name, value] of Object.entries(headers)) request.set(name.toLowerCase(), value);
    return request;
  }

  invite({ to = 'sip:460900001@mote.example', sdp, headers = {} }: InviteOptions = {}): SipRequest {
    const request = this.make('INVITE', to, headers, sdp ?? '');
    this.send(request);
    return request;
  }

  /** The first message not taken yet that fits. */
  async take<T extends SipMessage>(fits: (message: SipMessage) => message is T, what: string, ms = 3000): Promise<T> {
    const found = await until(
      () => this.received.find((message): message is T => !this.#taken.has(message) && fits(message)),
      () => `${what}; received: ${this.received.map((message) => message.toString().split('\r\n', 1)[0]).join(' | ')}`,
      ms,
    );
    this.#taken.add(found);
    return found;
  }

  request(method: string): Promise<SipRequest> {
    return this.take((message): message is SipRequest => message instanceof SipRequest && message.method === method, method);
  }

  /** A response to this request; the final one unless a status is given. */
  response(to: SipRequest, status?: number): Promise<SipResponse> {
    const fits = (message: SipMessage): message is SipResponse =>
      message instanceof SipResponse &&
      message.callId === to.callId &&
      message.cseq.seq === to.cseq.seq &&
      message.cseq.method === to.method &&
      (status === undefined ? message.status >= 200 : message.status === status);
    return this.take(fits, `${status ?? 'a final response'} to ${to.method}`);
  }

  /** How many such messages came, taken or not. */
  count(fits: (message: SipMessage) => boolean): number {
    return this.received.filter(fits).length;
  }

  dialog(invite: SipRequest, response: SipResponse): PeerDialog {
    const contacts = response.contacts;
    const target = contacts === '*' ? undefined : contacts[0]?.uri;
    if (target === undefined) throw new Error('The answer has no Contact');
    return { callId: invite.callId, from: invite.get('from') ?? '', to: response.get('to') ?? '', target, seq: invite.cseq.seq };
  }

  /** A request inside the dialog. An ACK has the number that is given. */
  inside(dialog: PeerDialog, method: string, body = '', headers: Readonly<Record<string, string>> = {}, seq?: number): SipRequest {
    const number = seq ?? ++dialog.seq;
    const request = this.make(
      method,
      dialog.target,
      { From: dialog.from, To: dialog.to, 'Call-ID': dialog.callId, CSeq: `${number} ${method}`, ...headers },
      body,
    );
    this.send(request);
    return request;
  }

  ack(dialog: PeerDialog, body = '', seq = dialog.seq): void {
    this.inside(dialog, 'ACK', body, {}, seq);
  }

  /** Calls, and acknowledges the answer. */
  async call(options: InviteOptions): Promise<{ readonly dialog: PeerDialog; readonly invite: SipRequest; readonly answer: SipResponse }> {
    const invite = this.invite(options);
    const answer = await this.response(invite, 200);
    const dialog = this.dialog(invite, answer);
    this.ack(dialog);
    return { dialog, invite, answer };
  }

  /** The dialog of a call that was made to the peer, seen from the peer. */
  answering(invite: SipRequest, tag: string): PeerDialog {
    const contacts = invite.contacts;
    const target = contacts === '*' ? '' : (contacts[0]?.uri ?? '');
    return { callId: invite.callId, from: `${invite.get('to')};tag=${tag}`, to: invite.get('from') ?? '', target, seq: 0 };
  }

  reply(request: SipRequest, status: number, body = '', headers: Readonly<Record<string, string>> = {}, tag = 'peer'): void {
    const response = responseTo(request, status, undefined, [['Contact', '<sip:sal3@198.51.100.3;transport=tls>']], tag);
    if (body !== '') response.set('content-type', 'application/sdp');
    for (const [name, value] of Object.entries(headers)) response.set(name.toLowerCase(), value);
    response.body = body;
    this.send(response);
  }
}

/** Until what is under way on the flow has arrived and been dealt with. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise((resolve) => setImmediate(resolve));
}
