import * as crypto from 'node:crypto';
import { z } from 'zod';
import type { SipTransport } from '../../plan/plan.js';
import type { SipRequest } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { DistantFlow } from './distant-flow.js';

/** The URI parameter by which an instance says, to the one that has the call, who it got the request from. */
export const relayParam = 'pvr';
const macLength = 32;

/** Who sent a request that another instance passed on. */
export interface RelayedSender {
  /** How it came to that instance. Its transport is the least secure of the way here. */
  readonly flow: Flow;
  /** The sender's own Route carried the call's token. */
  readonly token: boolean;
}

const reader = z.tuple([z.enum(['udp', 'tcp', 'tls']), z.string(), z.number(), z.string(), z.array(z.string()), z.number()]);

/**
 * What one instance tells another about a request that it relays: by which flow it came, and whether its sender had the token. Signed for this
 * one request (Call-ID and CSeq), so that nobody else can say it, nor say it again with another.
 */
export class RelayedSenders {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  write(request: SipRequest, { flow, token }: RelayedSender): string {
    const { transport, remote, id, certificateNames } = flow;
    const told: z.infer<typeof reader> = [transport, remote.address, remote.port, id, [...certificateNames], token ? 1 : 0];
    const text = Buffer.from(JSON.stringify(told), 'latin1').toString('base64url');
    return `${text}.${this.#mac(request, text)}`;
  }

  /** Undefined: it is not from an instance of ours, or about another request. @param link by what the request came here */
  read(request: SipRequest, value: string, link: SipTransport): RelayedSender | undefined {
    const dot = value.length - macLength - 1;
    if (dot <= 0 || value[dot] !== '.') return undefined;
    const text = value.slice(0, dot);
    const given = Buffer.from(value.slice(dot + 1), 'latin1');
    const wanted = Buffer.from(this.#mac(request, text), 'latin1');
    if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) return undefined;
    const told = reader.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('latin1'))).data;
    if (!told) return undefined;
    const [transport, address, port, id, certificateNames, token] = told;
    const weakest = transport === 'tls' ? link : transport;
    return {
      flow: new DistantFlow({ id, transport: weakest, remote: { address, port }, certificateNames }),
      token: token === 1,
    };
  }

  #mac({ callId, cseq }: SipRequest, text: string): string {
    const signed = `${text}\0${cseq.seq} ${cseq.method}\0${callId}`;
    return crypto.createHmac('sha256', this.#key).update(signed, 'latin1').digest('hex').slice(0, macLength);
  }
}
