import { createHmac, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../clock.js';
import type { MeetingDefinition, Role } from './meeting.js';

/** 128 bits of the HMAC: a link stands in mails and calendars, and nobody tries 2^128. */
const MAC_BYTES = 16;
const KEY = /^([hg])([0-9a-z]{1,9})\.([\w-]{22})$/;

/** What a link leads to. */
export type Linked = Pick<MeetingDefinition, 'id' | 'linkSeed'>;

export type LinkVerdict = { readonly ok: true; readonly role: Role } | { readonly ok: false; readonly why: 'forged' | 'expired' };

/**
 * The keys in links to meetings: who has one comes in without a PIN, as host or guest, until it runs out. Nothing is stored: a key is its
 * role and its last second, signed together with the meeting's name and seed by what all instances have alike.
 *
 * `h<seconds since 1970, base 36>.<base64url of the HMAC>`
 */
export class LinkKeys {
  readonly #secret: () => Buffer;
  #derivedFrom: Buffer;
  #current: Buffer;
  #previous: Buffer | undefined;

  /** @param secret asked at each use: it is another one when the shared store has lost it. What the one before signed is still taken. */
  constructor(secret: () => Buffer) {
    this.#secret = secret;
    this.#derivedFrom = secret();
    this.#current = derive(this.#derivedFrom);
  }

  make(meeting: Linked, role: Role, until: EpochMs): string {
    this.#renew();
    const what = `${role === 'host' ? 'h' : 'g'}${Math.floor(until / 1000).toString(36)}`;
    return `${what}.${sign(this.#current, meeting, what).toString('base64url')}`;
  }

  read(meeting: Linked, key: string, now: EpochMs): LinkVerdict {
    this.#renew();
    const [, role = '', seconds = '', mac = ''] = KEY.exec(key) ?? [];
    const given = Buffer.from(mac, 'base64url');
    const what = `${role}${seconds}`;
    const signedBy = (by: Buffer) => given.length === MAC_BYTES && timingSafeEqual(given, sign(by, meeting, what));
    if (!signedBy(this.#current) && !(this.#previous && signedBy(this.#previous))) return { ok: false, why: 'forged' };
    if (Number.parseInt(seconds, 36) * 1000 < now) return { ok: false, why: 'expired' };
    return { ok: true, role: role === 'h' ? 'host' : 'guest' };
  }

  #renew(): void {
    const secret = this.#secret();
    if (secret === this.#derivedFrom) return;
    if (!secret.equals(this.#derivedFrom)) {
      this.#previous = this.#current;
      this.#current = derive(secret);
    }
    this.#derivedFrom = secret;
  }
}

function derive(secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('bridge/link-keys').digest();
}

function sign(key: Buffer, { id, linkSeed }: Linked, what: string): Buffer {
  return createHmac('sha256', key)
    .update(`${what}\n${id}\n${linkSeed ?? ''}`)
    .digest()
    .subarray(0, MAC_BYTES);
}
