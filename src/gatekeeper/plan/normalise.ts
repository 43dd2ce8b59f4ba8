import { domainToASCII } from 'node:url';
import type { AliasKey, CanonicalAlias } from '../routing/route.js';
import { canonicalUser, clean, insideBrackets, isPlainNumber, phoneDigits, unescapePercent } from './dialled.js';
import { canonicalHost, hostPort, isDomainName, parseHostPort } from './host.js';
import { plainSipUri } from './plain-sip-uri.js';
import type { E164, Organisation, Plan } from './plan.js';
import type { SeriesMatch } from './series-trie.js';

/**
 * What was dialled, as the plan knows it. Pure, total (never throws), linear, idempotent (`normalise(aliasKey(a))` is `a`), and without
 * regard to any plan. Undefined: empty, longer than 256 characters, control characters, brackets that do not pair up, an unknown scheme.
 *
 * - `+46 101 00 01`, `0046-101-0001`, `tel:+46.101.0001`, `<sip:461010001;user=phone>`: the number 461010001
 * - `Anna <SIP:Anna@Norr.example.:5060;transport=tls>`: the URI anna@norr.example
 * - `anna@192.0.2.7:5070`, `anna@[2001:db8::7]`, `sip:192.0.2.7`: an address
 * - `Conference Room 3`, `h323:room3`: an H.323-ID
 *
 * A number may be short (an extension): `expandExtension`. `number@domain` stays a URI here: `numberAtDomain`.
 * Four groups with dots (`10.1.2.3`) are a number, as people write numbers so; `sip:10.1.2.3` or `[10.1.2.3]` is an address.
 */
export function normalise(text: string): CanonicalAlias | undefined {
  if (isPlainNumber(text)) return { kind: 'number', number: text as E164 };
  const quick = plainSipUri(text);
  if (quick !== undefined) return quick;
  const cleaned = clean(text);
  const bare = cleaned === undefined ? undefined : insideBrackets(cleaned);
  if (bare === undefined) return undefined;
  const scheme = SCHEME.exec(bare)?.[1];
  if (scheme === undefined) return bare.includes('@') ? addressSpec(bare, false) : plain(bare);
  const rest = bare.slice(scheme.length + 1).trim();
  return scheme === 'tel' ? telephone(rest) : addressSpec(rest, true);
}

/** The key a registration is stored and found under, and the text that transforms work on. */
export function aliasKey(alias: CanonicalAlias): AliasKey {
  switch (alias.kind) {
    case 'number':
      return alias.number;
    case 'uri':
      return `${alias.user}@${alias.domain}`;
    case 'h323Id':
      return alias.id;
    case 'address':
      return `${alias.user}@${hostPort(alias.host, alias.port)}`;
  }
}

/**
 * The key a gateway's prefix is registered under. No number, URI or H.323-ID has such a key: an @ stands in URIs alone, and no domain is a
 * star. So nobody dials or registers it by another way.
 */
export function prefixKey(digits: string): AliasKey {
  return `${digits}@*`;
}

/** The digits of a key that `prefixKey` made; undefined: another key. */
export function prefixOfKey(key: AliasKey): string | undefined {
  return key.endsWith('@*') ? key.slice(0, -2) : undefined;
}

/** The number series a full number falls into, with what is wrong about its length. */
export function matchNumber(digits: string, plan: Plan): SeriesMatch | undefined {
  return plan.series.lookup(digits);
}

/**
 * An organisation's own short form: the digits after the prefix. `ambiguous`: several of its series have that many digits after theirs.
 * Undefined: none has.
 */
export function expandExtension(digits: string, organisation: Organisation): E164 | 'ambiguous' | undefined {
  if (!isDigits(digits)) return undefined;
  let prefix: string | undefined;
  for (const series of organisation.series) {
    if (series.digits !== digits.length) continue;
    if (prefix !== undefined) return 'ambiguous';
    prefix = series.prefix;
  }
  return prefix === undefined ? undefined : ((prefix + digits) as E164);
}

/**
 * The number that a URI is another name of: `461010001@norr.example`, `+46-101-0001@norr.example` and `0001@norr.example` are 461010001. It
 * must be one of the domain owner's own series; `461020001@norr.example` stays a URI, as does a name.
 */
export function numberAtDomain(alias: CanonicalAlias, plan: Plan): E164 | undefined {
  if (alias.kind !== 'uri') return undefined;
  const owner = plan.domains.get(alias.domain);
  const named = owner?.meeting ? plan.meetings.names.get(alias.user) : undefined;
  if (named !== undefined) return named;
  const digits = owner === undefined ? undefined : phoneDigits(alias.user);
  if (owner === undefined || digits === undefined) return undefined;
  const match = plan.series.lookup(digits);
  if (match?.exact && match.series.meeting === owner.meeting && match.series.organisation === owner.organisation) return digits as E164;
  if (owner.meeting) return digits.length === plan.meetings.digits ? ((plan.meetings.prefix + digits) as E164) : undefined;
  const expanded = owner.organisation === undefined ? undefined : expandExtension(digits, owner.organisation);
  return expanded === 'ambiguous' ? undefined : expanded;
}

/** A domain name as the plan compares it: lower case, no trailing dot, IDNA to ASCII (RFC 5891). Undefined: not a domain name. */
export function canonicalDomain(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  const ascii = /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name);
  return isDomainName(ascii) ? ascii : undefined;
}

const SCHEME = /^(sips?|h323|tel):/;
/** Other schemes than these leave a text with a colon that is read as an H.323-ID, unless it has an @: then it is somebody else's address. */
const FOREIGN_SCHEME = /^[a-z][a-z0-9+.-]*:/;

function isDigits(text: string): boolean {
  return text.length > 0 && text.length <= 15 && /^[0-9]+$/.test(text);
}

/** `user@host`, `host` or what stands for a user where a scheme promised an address. */
function addressSpec(spec: string, schemed: boolean): CanonicalAlias | undefined {
  const at = userEnd(spec);
  if (at < 0) return schemed ? hostOnly(spec) : undefined;
  if (!schemed && FOREIGN_SCHEME.test(spec.slice(0, at))) return undefined;
  const where = parseHostPort(
    spec
      .slice(at + 1)
      .replace(/[;?].*$/, '')
      .trim(),
  );
  if (where === undefined) return undefined;
  const user = userPart(spec.slice(0, at), schemed);
  if (where.kind === 'address') return user === undefined && at > 0 ? undefined : address(user ?? '', where.host, where.port);
  const domain = canonicalDomain(where.host);
  return user === undefined || domain === undefined ? undefined : { kind: 'uri', user, domain };
}

/** The @ that ends the user part: the last one before the host's own parameters and headers. */
function userEnd(spec: string): number {
  let end = spec.lastIndexOf('@');
  // An @ inside a parameter or header ("sip:a@b.example;x=c@d", "?subject=a@b") is not it.
  for (let before = spec.lastIndexOf('@', end - 1); end > 0 && before >= 0; before = spec.lastIndexOf('@', end - 1)) {
    if (!/[;?]/.test(spec.slice(before + 1, end))) break;
    end = before;
  }
  return end;
}

function userPart(raw: string, schemed: boolean): string | undefined {
  // A password has no business in an address (RFC 3261 §19.1.1) and must never reach a log.
  const withoutPassword = schemed ? raw.replace(/:.*$/, '') : raw;
  const number = withoutPassword.replace(/;.*$/, '');
  const digits = phoneDigits(unescapePercent(number)?.trim() ?? number);
  if (digits !== undefined) return isInternational(number) ? `+${digits}` : digits;
  return canonicalUser(withoutPassword);
}

function isInternational(number: string): boolean {
  const written = unescapePercent(number) ?? number;
  return written.includes('+') || (written.replace(/[^0-9]/g, '').length >= 9 && /^[(./ -]*0[(./ -]*0/.test(written));
}

/** `sip:461010001`, `sip:anna`, `sip:192.0.2.7:5060`: no @. Endpoints send the first two, people type the last. */
function hostOnly(spec: string): CanonicalAlias | undefined {
  const text = spec.replace(/[;?].*$/, '').trim();
  const where = parseHostPort(text);
  if (where?.kind === 'address') return address('', where.host, where.port);
  const decoded = unescapePercent(text);
  const cleaned = decoded === undefined ? undefined : clean(decoded);
  return cleaned === undefined || SCHEME.test(cleaned) || cleaned.includes('@') ? undefined : plain(cleaned);
}

function address(user: string, host: string, port: number | undefined): CanonicalAlias {
  return { kind: 'address', user, host: canonicalHost(host), port };
}

/** Neither a scheme nor an @. */
function plain(text: string): CanonicalAlias | undefined {
  const bare = text.replace(/;.*$/, '').trim();
  if (bare.startsWith('[')) {
    const where = parseHostPort(bare);
    return where?.kind === 'address' ? address('', where.host, where.port) : undefined;
  }
  const digits = phoneDigits(bare);
  if (digits !== undefined) return { kind: 'number', number: digits as E164 };
  const id = bare.replace(/ {2,}/g, ' ');
  return id === '' || /[<>@]/.test(id) ? undefined : { kind: 'h323Id', id };
}

/**
 * `tel:` (RFC 3966). A local number with a domain as its context is number@domain; with a global number as its context, that one goes
 * before it: §5.1.5 leaves open where one ends and the other begins, and this is what exchanges mean by it.
 */
function telephone(rest: string): CanonicalAlias | undefined {
  const decoded = unescapePercent(rest);
  const [written = '', ...parameters] = (decoded ?? '').split(';');
  const digits = phoneDigits(written.trim());
  if (digits === undefined) return undefined;
  const context = parameters.find((parameter) => parameter.startsWith('phone-context='))?.slice('phone-context='.length);
  if (context === undefined || isInternational(written)) return { kind: 'number', number: digits as E164 };
  const domain = context.startsWith('+') ? undefined : canonicalDomain(context);
  if (domain !== undefined) return { kind: 'uri', user: digits, domain };
  const full = phoneDigits(context + digits);
  return context.startsWith('+') && full !== undefined ? { kind: 'number', number: full as E164 } : undefined;
}
