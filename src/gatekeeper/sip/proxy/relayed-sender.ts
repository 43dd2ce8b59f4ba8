import * as crypto from 'node:crypto';
import { z } from 'zod';
import type { SipTransport } from '../../plan/plan.js';
import type { SipRequest } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { DistantFlow } from './distant-flow.js';
import type { PurposeKey, PurposeKeys } from './purpose-key.js';

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

/** What a later version adds stands at the end. */
const reader = z
  .tuple([z.enum(['udp', 'tcp', 'tls']), z.string(), z.number(), z.string(), z.array(z.string()), z.number()])
  .rest(z.unknown());

/**
 * What one instance tells another about a request that it relays: by which flow it came, and whether its sender had the token. Signed for this
 * one request (Call-ID and CSeq), so that nobody else can say it, nor say it again with another.
 */
export class RelayedSenders {
  readonly #keys: PurposeKeys;

  constructor(keys: PurposeKeys) {
    this.#keys = keys;
  }

  write(request: SipRequest, { flow, token }: RelayedSender): string {
    const { transport, remote, id, certificateNames } = flow;
    const told: readonly unknown[] = [transport, remote.address, remote.port, id, [...certificateNames], token ? 1 : 0];
    const text = Buffer.from(JSON.stringify(told), 'latin1').toString('base64url');
    return `${text}.${mac(this.#keys.current, request, text)}`;
  }

  /** Undefined: it is not from an instance of ours, about another request, or of a version that means something else. @param link by what the request came here */
  read(request: SipRequest, value: string, link: SipTransport): RelayedSender | undefined {
    const dot = value.length - macLength - 1;
    if (dot <= 0 || value[dot] !== '.') return undefined;
    const text = value.slice(0, dot);
    const given = Buffer.from(value.slice(dot + 1), 'latin1');
    const signed = this.#keys.read((key) => {
      const wanted = Buffer.from(mac(key, request, text), 'latin1');
      return (given.length === wanted.length && crypto.timingSafeEqual(given, wanted)) || undefined;
    });
    if (!signed) return undefined;
    const told = reader.safeParse(parsed(text)).data;
    if (!told) return undefined;
    const [transport, address, port, id, certificateNames, token] = told;
    const weakest = transport === 'tls' ? link : transport;
    return {
      flow: new DistantFlow({ id, transport: weakest, remote: { address, port }, certificateNames }),
      token: token === 1,
    };
  }
}

function mac({ bytes }: PurposeKey, { callId, cseq }: SipRequest, text: string): string {
  const signed = `${text}\0${cseq.seq} ${cseq.method}\0${callId}`;
  return crypto.createHmac('sha256', bytes).update(signed, 'latin1').digest('hex').slice(0, macLength);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('latin1'));
  } catch {
    // Signed by an instance of another version, which writes it otherwise: told by undefined, as all that cannot be read.
    return undefined;
  }
}
