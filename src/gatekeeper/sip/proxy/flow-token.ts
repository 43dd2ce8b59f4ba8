import * as crypto from 'node:crypto';
import type { EpochMs } from '../../../clock.js';

/** The URI parameter of a Route that leads over a flow of one instance. */
export const flowParam = 'pvf';

/** An order to pass on is good for longer than any transaction (64*T1), and by a minute more where clocks differ. */
const passMs = 64_000;
const macLength = 32;

/**
 * What a Route says of a flow that one of several instances has (RFC 5626 §5.1: the flow token). Two kinds, neither of which can pose as the other:
 *
 * - the *order* of one instance to another to pass a request on over that flow. Made anew for each request, taken off before it leaves, and so never
 *   seen by an endpoint: with it calls can be started.
 * - the *mark* that the instance with the flow puts into Record-Route. Both endpoints see it. It tells any instance over which flow the
 *   endpoint was reached, and takes nobody there.
 *
 * Both are bound to the Call-ID by a MAC under a key that only instances have.
 */
export class FlowTokens {
  readonly #key: string;

  constructor(key: Buffer) {
    this.#key = key.toString('hex');
  }

  order(flow: string, callId: string, now: EpochMs): string {
    const claim = `o.${Math.ceil((now + passMs) / 1000).toString(36)}.${encode(flow)}`;
    return `${claim}.${this.#mac(claim, callId)}`;
  }

  mark(flow: string, callId: string): string {
    const claim = `m.${encode(flow)}`;
    return `${claim}.${this.#mac(claim, callId)}`;
  }

  /** The flow to pass the request on over; undefined: nobody of ours ordered that, or it is too long ago. */
  readOrder(token: string, callId: string, now: EpochMs): string | undefined {
    const [kind, until, flow, mac, ...more] = token.split('.', 5);
    if (kind !== 'o' || until === undefined || flow === undefined || mac === undefined || more.length > 0) return undefined;
    if (!this.#holds(`o.${until}.${flow}`, callId, mac) || Number.parseInt(until, 36) * 1000 < now) return undefined;
    return decode(flow);
  }

  /** The flow that the endpoint was reached over; undefined: it is no mark of ours, or another call's. */
  readMark(token: string, callId: string): string | undefined {
    const [kind, flow, mac, ...more] = token.split('.', 4);
    if (kind !== 'm' || flow === undefined || mac === undefined || more.length > 0) return undefined;
    return this.#holds(`m.${flow}`, callId, mac) ? decode(flow) : undefined;
  }

  #holds(claim: string, callId: string, mac: string): boolean {
    const given = Buffer.from(mac, 'latin1');
    const wanted = Buffer.from(this.#mac(claim, callId), 'latin1');
    return given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
  }

  /** Half of the digest: it cannot be carried on with more text, so one pass is enough (as in `RouteTokens`). */
  #mac(claim: string, callId: string): string {
    return crypto.hash('sha256', `${this.#key}\0${claim}\0${callId}`).slice(0, macLength);
  }
}

function encode(flow: string): string {
  return Buffer.from(flow, 'latin1').toString('base64url');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString('latin1');
}
