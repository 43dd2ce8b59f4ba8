import type { ContactChange } from '../../registry/registration.js';
import type { SipRequest } from '../message/message.js';
import type { NameAddr } from '../message/name-addr.js';
import { parseSipUri, sipUriKey } from '../message/uri.js';
import type { OutboundUse } from './outbound.js';

/** Seconds. */
export interface ExpiryLimits {
  readonly minExpires: number;
  readonly maxExpires: number;
  /** When the endpoint does not say, or not in a way that can be read (RFC 3261 §10.2.1.1). */
  readonly defaultExpires: number;
}

export type ContactsRead =
  | { readonly ok: true; readonly contacts: readonly ContactChange[]; readonly removeAll: boolean }
  | ContactsRefused;

export type ContactsRefused =
  | { readonly ok: false; readonly why: 'tooBrief' }
  | { readonly ok: false; readonly why: 'malformed'; readonly sentence: string };

const malformed = (sentence: string): ContactsRefused => ({ ok: false, why: 'malformed', sentence });

/** What the Contact and Expires headers of a REGISTER ask for (RFC 3261 §10.3 steps 6 and 7). */
export function readContacts(request: SipRequest, limits: ExpiryLimits, outbound: OutboundUse, flow: string): ContactsRead {
  const header = seconds(request.get('expires'));
  const contacts = request.contacts;
  if (contacts === '*') {
    // §10.2.2: not a word about one binding, so nothing but "remove" can be meant, and it must be said.
    if (header !== 0) return malformed('Contact: * only with Expires: 0, to remove every contact');
    return { ok: true, contacts: [], removeAll: true };
  }
  const changes: ContactChange[] = [];
  let flows = 0;
  for (const contact of contacts) {
    const change = readContact(contact, header, limits, outbound, flow);
    if (change === undefined) return { ok: false, why: 'tooBrief' };
    if (typeof change === 'string') return malformed(change);
    if (change.regId > 0 && change.expires > 0) flows++;
    changes.push(change);
  }
  // RFC 5626 §6: this request came over one flow, so it can bind one.
  if (flows > 1) return malformed('Only one Contact of a REGISTER may have a reg-id');
  return { ok: true, contacts: changes, removeAll: false };
}

/** @returns the change, a sentence that says what is wrong, or undefined: too brief */
function readContact(
  contact: NameAddr,
  header: number | undefined,
  limits: ExpiryLimits,
  outbound: OutboundUse,
  flow: string,
): ContactChange | string | undefined {
  const uri = parseSipUri(contact.uri);
  // RFC 3261 §10.2.1 allows any scheme, as a redirecting registrar could pass it on. We route calls, and reach nothing but sip and sips.
  if (!uri) return 'Contact must be a sip or sips URI';
  const q = quality(contact.params.get('q'));
  if (q === undefined) return 'q must be a number from 0 to 1 with at most three decimals';
  const wanted = seconds(contact.params.get('expires')) ?? header ?? limits.defaultExpires;
  // RFC 3261 §10.3 step 7: an hour is never too brief.
  if (wanted > 0 && wanted < limits.minExpires && wanted < 3600) return undefined;
  const flowed = outbound.apply(contact);
  return {
    contact: contact.uri,
    key: sipUriKey(uri),
    expires: Math.min(wanted, limits.maxExpires),
    q,
    instance: flowed?.instance ?? '',
    regId: flowed?.regId ?? 0,
    path: outbound.path,
    flow,
  };
}

/** delta-seconds; undefined when there is none that can be read, which counts as not said (RFC 3261 §10.2.1.1). */
function seconds(text: string | true | undefined): number | undefined {
  if (text === undefined || text === true || text.length > 10) return undefined;
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Thousandths (RFC 3261 §25.1, qvalue). */
function quality(text: string | true | undefined): number | undefined {
  if (text === undefined) return 1000;
  if (text === true || !/^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(text)) return undefined;
  return Math.round(Number(text) * 1000);
}
