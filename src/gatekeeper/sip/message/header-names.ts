import { isTokenCode, lowerCase } from './chars.js';

/** One-letter forms (RFC 3261 §7.3.3 and the IANA registry of SIP header fields). */
const compact: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Names as the RFCs write them; what we add is written like that. */
const wellKnown = `Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info Authorization
 Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-ID Content-Language Content-Length Content-Type CSeq Date
 Error-Info Event Expires Feature-Caps Flow-Timer From Geolocation Geolocation-Routing History-Info Identity Identity-Info In-Reply-To Info-Package
 Join
 Max-Breadth Max-Forwards Min-Expires Min-SE MIME-Version Organization P-Access-Network-Info P-Asserted-Identity P-Associated-URI
 P-Charging-Vector P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason
 Record-Route Recv-Info Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition Require Retry-After
 Route RSeq Server Service-Route Session-Expires Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Supported Target-Dialog
 Timestamp
 To Unsupported User-Agent User-to-User Via Warning WWW-Authenticate`.split(/\s+/);

/** A header name that a parser met. */
export interface HeaderName {
  /** As it came. */
  readonly written: string;
  /** The lower-case long form: `v` is `via`. */
  readonly long: string;
  /** A bit of its own when the header may stand only once in a message, else 0. */
  readonly once: number;
}

/**
 * Headers of which a second line would leave open which one counts: two parsers along the way could choose differently (RFC 4475
 * §3.3.8), so that what we checked is not what the other end reads. Content-Length is checked by its values (RFC 3261 §18.3).
 */
const single = [
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'content-type',
  'content-encoding',
  'session-expires',
  'expires',
  'min-se',
];

/**
 * Spellings met so far, in buckets by a hash that is counted along while the name's end is sought. A Map of strings would need each name
 * cut out and hashed first: 110 ns a name against 45 ns here, and a REGISTER has 13.
 */
const bucketCount = 2048;
const buckets: HeaderName[][] = Array.from({ length: bucketCount }, () => []);
const display = new Map<string, string>();
const onceBits = new Map<string, number>(single.map((long, at) => [long, 1 << at]));

/** What senders may add to the buckets: so many spellings, so long, so many in one bucket. */
const remember = { names: 512, length: 40, bucket: 6 };
let remembered = 0;

for (const name of wellKnown) {
  const long = name.toLowerCase();
  display.set(long, name);
  for (const spelling of new Set([name, long, name.toUpperCase(), capitals(long)])) keep(spelling, long);
}
for (const [letter, long] of Object.entries(compact)) {
  keep(letter, long);
  keep(letter.toUpperCase(), long);
}

function keep(written: string, long: string): void {
  buckets[hashOf(written)]?.push({ written, long, once: onceBits.get(long) ?? 0 });
}

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return hash & (bucketCount - 1);
}

function capitals(long: string): string {
  return long.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** The header name that begins at `from`, up to the first byte that is no token's; undefined when there is none (RFC 3261 §25.1). */
export function headerNameAt(text: string, from: number): HeaderName | undefined {
  let hash = 0;
  let to = from;
  for (; to < text.length; to++) {
    const code = text.charCodeAt(to);
    if (!isTokenCode(code)) break;
    hash = (Math.imul(hash, 31) + code) | 0;
  }
  const length = to - from;
  if (length === 0) return undefined;
  const bucket = buckets[hash & (bucketCount - 1)];
  if (bucket) {
    for (let i = 0; i < bucket.length; i++) {
      const known = bucket[i];
      if (known && known.written.length === length && standsAt(text, from, known.written)) return known;
    }
  }
  return meet(text.slice(from, to), bucket ?? []);
}

/** startsWith, for names: the built-in's call costs more than comparing ten characters. */
function standsAt(text: string, from: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (text.charCodeAt(from + i) !== name.charCodeAt(i)) return false;
  return true;
}

/** A spelling not met before: MaX-fOrWaRdS is still the header that it is. */
function meet(written: string, bucket: HeaderName[]): HeaderName {
  const long = lowerCase(written);
  const name: HeaderName = { written, long, once: onceBits.get(long) ?? 0 };
  if (remembered < remember.names && written.length <= remember.length && bucket.length < remember.bucket) {
    remembered++;
    bucket.push({ written: owned(written), long: owned(long), once: name.once });
  }
  return name;
}

/** A copy: a name is a window onto its message (V8's sliced strings), and what is remembered must not keep that alive. */
function owned(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** The lower-case long form of a header name; undefined when it is no token. */
export function canonicalName(name: string): string | undefined {
  const met = headerNameAt(name, 0);
  return met?.written.length === name.length ? met.long : undefined;
}

/** How we write a header that we add: `via` is `Via`. */
export function displayName(long: string): string {
  return display.get(long) ?? capitals(long);
}
