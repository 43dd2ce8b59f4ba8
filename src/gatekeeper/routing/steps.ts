import { type RefusalCode, refusals } from '../calls/reasons.js';
import { parseHostPort } from '../plan/host.js';
import { aliasKey, prefixOfKey } from '../plan/normalise.js';
import type { DomainOwner, E164, NumberSeries, Organisation, Zone } from '../plan/plan.js';
import type { AppliedTransform } from '../plan/transforms.js';
import type { Registration } from '../registry/registration.js';
import type { CanonicalAlias, Step } from './route.js';

/** The resolver's steps as sentences and data. Made only while somebody listens: a call on its way asks for none of this. */

const KINDS = { number: 'a number', uri: 'a URI', h323Id: 'an H.323-ID', address: 'an address that decides for itself' } as const;

export function normalised(dialled: string, alias: CanonicalAlias): Step {
  const key = aliasKey(alias);
  const text = dialled === key ? `"${dialled}" is ${KINDS[alias.kind]}.` : `"${dialled}" is read as ${KINDS[alias.kind]}: ${key}.`;
  return { step: 'normalise', text, data: { dialled, kind: alias.kind, key } };
}

export function ownHost(host: string, user: string): Step {
  return { step: 'normalise', text: `${host} is this service itself: what counts is ${user}.`, data: { host, user } };
}

export function dialledAtHome(domain: string, digits: string): Step {
  return {
    step: 'normalise',
    text: `${domain} is the caller's own domain, as phones add it: what was dialled is ${digits}.`,
    data: { domain, digits },
  };
}

export function numberOfUri(key: string, number: E164): Step {
  return { step: 'normalise', text: `${key} is another name of the number ${number}.`, data: { key, number } };
}

export function transformed({ rule, before, after }: AppliedTransform): Step {
  const what = rule.kind === 'prefix' ? `prefix ${rule.prefix}` : `pattern ${rule.pattern.source}`;
  const why = rule.comment === undefined ? '' : ` (${rule.comment})`;
  const text =
    before === after
      ? `The transform of ${what}${why} keeps ${before} as it is.`
      : `The transform of ${what}${why} makes ${before} into ${after}.`;
  return { step: 'transform', text, data: { rule: what, comment: rule.comment ?? null, before, after, stop: rule.stop } };
}

export function expanded(extension: string, number: E164, organisation: Organisation): Step {
  const text = `Inside ${organisation.id}, ${extension} is short for ${number}.`;
  return { step: 'short-form', text, data: { extension, number, organisation: organisation.id } };
}

export function expandedName(name: string, key: string, organisation: Organisation): Step {
  const text = `Inside ${organisation.id}, ${name} is short for ${key}, which is registered.`;
  return { step: 'short-form', text, data: { extension: name, key, organisation: organisation.id } };
}

export function matched(series: NumberSeries): Step {
  const { prefix, digits, zone } = series;
  const owner = series.meeting
    ? 'the meeting service'
    : `${series.organisation?.id ?? 'nobody'}, served by zone ${zone?.id ?? 'none'} (${zone?.kind ?? 'none'})`;
  const data = { prefix, digits, meeting: series.meeting, organisation: series.organisation?.id ?? null, zone: zone?.id ?? null };
  return { step: 'series', text: `The series ${prefix} + ${digits} digits belongs to ${owner}.`, data };
}

export function owned(owner: DomainOwner): Step {
  const { domain, zone } = owner;
  const who = owner.meeting
    ? 'the meeting service'
    : `${owner.organisation?.id ?? 'nobody'}, served by zone ${zone?.id ?? 'none'} (${zone?.kind ?? 'none'})`;
  const data = { domain, meeting: owner.meeting, organisation: owner.organisation?.id ?? null, zone: zone?.id ?? null };
  return { step: 'domain', text: `The domain ${domain} belongs to ${who}.`, data };
}

export function behindPrefix(number: string, prefix: string): Step {
  const text = `${number} is not registered itself; of the prefixes registered, ${prefix} is the longest that it begins with.`;
  return { step: 'registration', text, data: { number, prefix } };
}

export function registered(registration: Registration): Step {
  const { alias, protocol, organisation, zone, bindings } = registration;
  const prefix = prefixOfKey(alias);
  const what = prefix === undefined ? alias : `The prefix ${prefix}`;
  const text = `${what} is registered over ${protocol === 'sip' ? 'SIP' : 'H.323'} with ${bindings.length} contact${bindings.length === 1 ? '' : 's'}.`;
  return { step: 'registration', text, data: { alias, protocol, organisation, zone, contacts: bindings.length } };
}

export function peerOffered(peerId: string, place: number): Step {
  return { step: 'peer', text: `Peer ${peerId} is tried as number ${place}.`, data: { peer: peerId, up: true, place } };
}

export function peerDown(peerId: string): Step {
  return { step: 'peer', text: `Peer ${peerId} is known to be down: it is left out.`, data: { peer: peerId, up: false, place: null } };
}

export function peerAddress(host: string, zone: Zone): Step {
  return { step: 'policy', text: `${host} is a peer of zone ${zone.id}: the call goes there.`, data: { host, zone: zone.id } };
}

export function meeting(name: string): Step {
  return { step: 'meeting', text: `What is called is the meeting ${name}.`, data: { meeting: name } };
}

export function internet(uri: string): Step {
  const called = uri.replace(/^sip:/, '');
  const literal = parseHostPort(called.slice(called.lastIndexOf('@') + 1))?.kind === 'address';
  const how = literal ? 'the address itself says where' : 'it is located over DNS (RFC 3263)';
  return { step: 'internet', text: `${called} is outside the plan: ${how}.`, data: { uri } };
}

export function allowed(why: string): Step {
  return { step: 'policy', text: why, data: { allowed: true } };
}

export function refused(code: RefusalCode, detail: string | undefined): Step {
  const { status, phrase, warning } = refusals[code].sip;
  return { step: 'refusal', text: `Refused, ${status} ${phrase}: ${detail ?? warning}.`, data: { refusal: code, status } };
}
