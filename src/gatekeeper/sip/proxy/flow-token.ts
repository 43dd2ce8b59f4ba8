import * as crypto from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import type { PurposeKey, PurposeKeys } from './purpose-key.js';

/** The URI parameter of a Route that leads over a flow of one instance. */
export const flowParam = 'pvf';

/** An order to pass on is good for longer than any transaction (64*T1), and by a minute more where clocks differ. */
const passMs = 64_000;
const macLength = 32;
const cipher = 'aes-128-gcm';
const nonceBytes = 12;
const tagBytes = 16;
/** Longer than any name of a flow, sealed. */
const maxSealedBytes = 256;

/**
 * What a Route says of a flow that one of several instances has (RFC 5626 §5.1: the flow token). Two kinds, neither of which can pose as the other:
 *
 * - the *order* of one instance to another to pass a request on over that flow. Made anew for each request, taken off before it leaves, and so never
 *   seen by an endpoint: with it calls can be started.
 * - the *mark* that the instance with the flow puts into Record-Route. Both endpoints see it. It tells any instance over which flow the
 *   endpoint was reached, and takes nobody there. The name of a flow may be made of addresses, which are no business of the other
 *   endpoint's: the mark is encrypted.
 *
 * Both are bound to the Call-ID under keys that only instances have.
 */
export class FlowTokens {
  readonly #keys: PurposeKeys;

  constructor(keys: PurposeKeys) {
    this.#keys = keys;
  }

  order(flow: string, callId: string, now: EpochMs): string {
    const claim = `o.${Math.ceil((now + passMs) / 1000).toString(36)}.${Buffer.from(flow, 'latin1').toString('base64url')}`;
    return `${claim}.${mac(this.#keys.current, claim, callId)}`;
  }

  mark(flow: string, callId: string): string {
    const nonce = crypto.randomBytes(nonceBytes);
    const sealing = crypto.createCipheriv(cipher, markKey(this.#keys.current), nonce).setAAD(Buffer.from(callId, 'latin1'));
    const text = [nonce, sealing.update(flow, 'latin1'), sealing.final(), sealing.getAuthTag()];
    return `m.${Buffer.concat(text).toString('base64url')}`;
  }

  /** The flow to pass the request on over; undefined: nobody of ours ordered that, or it is too long ago. */
  readOrder(token: string, callId: string, now: EpochMs): string | undefined {
    const [kind, until, flow, given, ...more] = token.split('.', 5);
    if (kind !== 'o' || until === undefined || flow === undefined || given === undefined || more.length > 0) return undefined;
    if (Number.parseInt(until, 36) * 1000 < now) return undefined;
    const claim = `o.${until}.${flow}`;
    return this.#keys.read((key) => (holds(key, claim, callId, given) ? Buffer.from(flow, 'base64url').toString('latin1') : undefined));
  }

  /** The flow that the endpoint was reached over; undefined: it is no mark of ours, or another call's. */
  readMark(token: string, callId: string): string | undefined {
    if (!token.startsWith('m.')) return undefined;
    const sealed = Buffer.from(token.slice(2), 'base64url');
    if (sealed.length <= nonceBytes + tagBytes || sealed.length > maxSealedBytes) return undefined;
    return this.#keys.read((key) => unseal(key, sealed, callId));
  }
}

/** The key's second half: orders are signed with the first. */
function markKey({ bytes }: PurposeKey): Buffer {
  return bytes.subarray(16);
}

function unseal(key: PurposeKey, sealed: Buffer, callId: string): string | undefined {
  const opening = crypto
    .createDecipheriv(cipher, markKey(key), sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(callId, 'latin1'))
    .setAuthTag(sealed.subarray(-tagBytes));
  const flow = opening.update(sealed.subarray(nonceBytes, -tagBytes)).toString('latin1');
  try {
    opening.final();
  } catch {
    // Not sealed by us, with this key, for this call.
    return undefined;
  }
  return flow;
}

function holds(key: PurposeKey, claim: string, callId: string, given: string): boolean {
  const wanted = Buffer.from(mac(key, claim, callId), 'latin1');
  const shown = Buffer.from(given, 'latin1');
  return shown.length === wanted.length && crypto.timingSafeEqual(shown, wanted);
}

/** Half of the digest: it cannot be carried on with more text, so one pass is enough (as in `RouteTokens`). */
function mac({ hex }: PurposeKey, claim: string, callId: string): string {
  return crypto.hash('sha256', `${hex.slice(0, 32)}\0${claim}\0${callId}`).slice(0, macLength);
}
