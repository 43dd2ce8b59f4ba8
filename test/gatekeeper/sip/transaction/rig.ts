import { VirtualClock } from '../../../../src/clock.js';
import { responseTo, SipRequest, SipResponse } from '../../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import {
  type ClientListener,
  type ServerTransaction,
  Transactions,
  type TransactionsOptions,
  type TransactionUser,
} from '../../../../src/gatekeeper/sip/transaction/transactions.js';
import type { Flow } from '../../../../src/gatekeeper/sip/transport/flow.js';

/** A user that writes down what it hears and does nothing by itself. */
export class RecordingUser implements TransactionUser {
  readonly heard: string[] = [];
  readonly cancelled: ServerTransaction[] = [];

  onRequest(request: SipRequest): void {
    this.heard.push(`request ${request.method}`);
  }

  onAck(request: SipRequest): void {
    this.heard.push(`ack ${request.callId}`);
  }

  onCancel(transaction: ServerTransaction): void {
    this.heard.push('cancel');
    this.cancelled.push(transaction);
  }

  onStrayResponse(response: SipResponse): void {
    this.heard.push(`stray ${response.status}`);
  }

  onOverload(request: SipRequest): void {
    this.heard.push(`overload ${request.method}`);
  }

  take(): string[] {
    return this.heard.splice(0);
  }
}

export class RecordingListener implements ClientListener {
  readonly heard: string[] = [];

  onResponse(response: SipResponse): void {
    this.heard.push(String(response.status));
  }

  onTimeout(): void {
    this.heard.push('timeout');
  }

  onTransportError(): void {
    this.heard.push('transport error');
  }

  take(): string[] {
    return this.heard.splice(0);
  }
}

export function rig(options: Partial<Omit<TransactionsOptions, 'clock' | 'user'>> = {}) {
  const clock = new VirtualClock(1_700_000_000_000);
  const user = new RecordingUser();
  const transactions = new Transactions({ clock, user, ...options });
  const receive = (message: SipRequest | SipResponse, flow: Flow) => transactions.receive(message, flow);
  return { clock, user, transactions, receive };
}

export interface RequestParts {
  branch?: string;
  sentBy?: string;
  callId?: string;
  seq?: number;
  uri?: string;
  to?: string;
  headers?: [string, string][];
}

/** A request as a phone would send it. */
export function request(method: string, parts: RequestParts = {}): SipRequest {
  const { branch = 'z9hG4bKone', sentBy = '192.0.2.7:5060', callId = 'call-1', seq = 1, uri = 'sip:461010001@norr.example' } = parts;
  return SipRequest.create(method, uri, [
    ['Via', `SIP/2.0/UDP ${sentBy}${branch === '' ? '' : `;branch=${branch}`}`],
    ...(parts.headers ?? []),
    ['Max-Forwards', '70'],
    ['From', '<sip:461020001@syd.example>;tag=from'],
    ['To', parts.to ?? '<sip:461010001@norr.example>'],
    ['Call-ID', callId],
    ['CSeq', `${seq} ${method}`],
  ]);
}

export function answer(to: SipRequest, status: number, toTag = 'to'): SipResponse {
  return responseTo(to, status, undefined, [], toTag);
}

/** The request that was sent as this text. */
export function requestFrom(text: string | undefined): SipRequest {
  const message = messageFrom(text);
  if (!(message instanceof SipRequest)) throw new Error(`Not a request: ${text}`);
  return message;
}

export function responseFrom(text: string | undefined): SipResponse {
  const message = messageFrom(text);
  if (!(message instanceof SipResponse)) throw new Error(`Not a response: ${text}`);
  return message;
}

function messageFrom(text: string | undefined): SipRequest | SipResponse {
  const result = parseMessage(text ?? '');
  if (!result.ok) throw result.error;
  return result.message;
}
