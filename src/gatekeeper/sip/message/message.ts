import { trimSpace } from './chars.js';
import { type CSeq, parseCSeq, parseMaxForwards } from './fields.js';
import { type HeaderLines, HeaderTable, oneLine } from './header-lines.js';
import { canonicalName } from './header-names.js';
import { listValueEnd } from './list.js';
import { type NameAddr, parseNameAddr } from './name-addr.js';
import { reasonPhrases } from './reason-phrases.js';
import { SipSyntaxError } from './syntax-error.js';
import { newTag } from './tags.js';
import { parseSipUri, type SipUri } from './uri.js';
import { parseVia, type Via } from './via.js';

export type { CSeq } from './fields.js';
export type { HeaderLines } from './header-lines.js';
export type { NameAddr } from './name-addr.js';
export { reasonPhrases } from './reason-phrases.js';
export { SipSyntaxError } from './syntax-error.js';
export type { Via } from './via.js';

/** Headers as callers give them; names in any case, long or compact. */
export type HeaderList = Iterable<readonly [name: string, value: string]>;

/**
 * A SIP message (RFC 3261 §7). All text is latin1 byte strings: one char is one byte, so nothing is lost or changed on the way through.
 *
 * The typed views are read when first asked for and kept until their header changes. They throw `SipSyntaxError` when the header is
 * missing or malformed. After `parseMessage` said ok, `via`, `from`, `to`, `callId`, `cseq` and `maxForwards` are known to be good;
 * `contacts` is not looked at.
 */
export abstract class SipMessage extends HeaderTable {
  /** A byte string. Setting it needs no other change: `toString` writes Content-Length itself. */
  body: string;
  #via: Via | undefined;
  #from: NameAddr | undefined;
  #to: NameAddr | undefined;
  #cseq: CSeq | undefined;
  #contacts: '*' | readonly NameAddr[] | undefined;

  protected constructor(lines: HeaderLines, body: string) {
    super(lines);
    this.body = body;
  }

  /** The top Via value. */
  get via(): Via {
    if (this.#via === undefined) {
      const line = this.#need('via');
      this.#via = parseVia(firstValue(line)) ?? malformed('Via', line);
    }
    return this.#via;
  }

  get from(): NameAddr {
    if (this.#from === undefined) {
      const line = this.#need('from');
      this.#from = parseNameAddr(line) ?? malformed('From', line);
    }
    return this.#from;
  }

  get to(): NameAddr {
    return this.toIfGood() ?? malformed('To', this.#need('to'));
  }

  /** `to`, or undefined where that would throw. */
  toIfGood(): NameAddr | undefined {
    if (this.#to === undefined) {
      const line = this.get('to');
      if (line !== undefined) this.#to = parseNameAddr(line);
    }
    return this.#to;
  }

  get callId(): string {
    return this.#need('call-id');
  }

  get cseq(): CSeq {
    if (this.#cseq === undefined) {
      const line = this.#need('cseq');
      this.#cseq = parseCSeq(line) ?? malformed('CSeq', line);
    }
    return this.#cseq;
  }

  /** 0 to 255, or undefined when the header is not there (RFC 3261 §16.6 step 3 then adds one). */
  get maxForwards(): number | undefined {
    const line = this.get('max-forwards');
    return line === undefined ? undefined : (parseMaxForwards(line) ?? malformed('Max-Forwards', line));
  }

  /** Every Contact value; `*` when that is the only one (RFC 3261 §10.2.2). */
  get contacts(): '*' | readonly NameAddr[] {
    this.#contacts ??= this.#readContacts();
    return this.#contacts;
  }

  protected override changed(name: string): void {
    switch (name) {
      case 'via':
        this.#via = undefined;
        break;
      case 'from':
        this.#from = undefined;
        break;
      case 'to':
        this.#to = undefined;
        break;
      case 'cseq':
        this.#cseq = undefined;
        break;
      case 'contact':
        this.#contacts = undefined;
        break;
    }
  }

  /** The whole message as a byte string, ready to send. */
  override toString(): string {
    return this.formatLines(this.startLine(), this.body.length) + this.body;
  }

  /** The first line with its CRLF. */
  protected abstract startLine(): string;

  abstract clone(): SipMessage;

  /** Views are immutable, so a copy shares those already read. */
  protected shareViews(copy: SipMessage): void {
    copy.#via = this.#via;
    copy.#from = this.#from;
    copy.#to = this.#to;
    copy.#cseq = this.#cseq;
    copy.#contacts = this.#contacts;
  }

  #need(name: string): string {
    const line = this.get(name);
    if (line === undefined) throw new SipSyntaxError(`The ${name} header is missing`);
    return line;
  }

  #readContacts(): '*' | readonly NameAddr[] {
    const values = this.list('contact');
    if (values.length === 1 && values[0] === '*') return '*';
    return values.map((value) => parseNameAddr(value) ?? malformed('Contact', value));
  }
}

export class SipRequest extends SipMessage {
  method: string;
  /** The Request-URI as written. */
  uri: string;
  #sipUri: SipUri | undefined;
  #sipUriText: string | undefined;

  /** For the parser; everybody else uses `SipRequest.create`. Takes the lines over. */
  constructor(method: string, uri: string, lines: HeaderLines, body: string) {
    super(lines, body);
    this.method = method;
    this.uri = uri;
  }

  /** A request of our own. Headers stand in the order given. */
  static create(method: string, uri: string, headers: HeaderList, body = ''): SipRequest {
    const request = new SipRequest(method, uri, noLines(), body);
    for (const [name, value] of headers) request.add(canonicalName(name) ?? malformed('header name', name), value);
    return request;
  }

  /** The Request-URI, read; undefined when its scheme is neither sip nor sips. Follows `uri`. */
  get sipUri(): SipUri | undefined {
    if (this.#sipUriText !== this.uri) {
      this.#sipUri = parseSipUri(this.uri);
      this.#sipUriText = this.uri;
    }
    return this.#sipUri;
  }

  override clone(): SipRequest {
    const copy = new SipRequest(this.method, this.uri, this.copyLines(), this.body);
    this.shareViews(copy);
    return copy;
  }

  protected override startLine(): string {
    return `${this.method} ${this.uri} SIP/2.0\r\n`;
  }
}

export class SipResponse extends SipMessage {
  /** 100 to 699. */
  status: number;
  reason: string;

  /** For the parser; everybody else uses `responseTo`. Takes the lines over. */
  constructor(status: number, reason: string, lines: HeaderLines, body: string) {
    super(lines, body);
    this.status = status;
    this.reason = reason;
  }

  override clone(): SipResponse {
    const copy = new SipResponse(this.status, this.reason, this.copyLines(), this.body);
    this.shareViews(copy);
    return copy;
  }

  protected override startLine(): string {
    return `SIP/2.0 ${this.status} ${this.reason}\r\n`;
  }
}

const copied: ReadonlySet<string> = new Set(['via', 'from', 'to', 'call-id', 'cseq']);
const copiedTo100: ReadonlySet<string> = new Set([...copied, 'timestamp']);

/**
 * The response to a request (RFC 3261 §8.2.6): its Via lines, From, To, Call-ID and CSeq as they came, and a 100's Timestamp (§8.2.6.1).
 * A To without a tag gets `toTag`, or a new one, in every response but 100. The headers given follow.
 * Works on what `parseMessage` gives as `answerable`, too: what is malformed is copied as it is.
 */
export function responseTo(request: SipRequest, status: number, reason?: string, headers: HeaderList = [], toTag?: string): SipResponse {
  const lines = request.select(status === 100 ? copiedTo100 : copied);
  if (status > 100) tagTo(request, lines, toTag);
  const response = new SipResponse(status, oneLine(reason ?? reasonPhrases[status] ?? 'Unknown'), lines, '');
  for (const [name, value] of headers) response.add(canonicalName(name) ?? malformed('header name', name), value);
  return response;
}

function tagTo(request: SipRequest, lines: HeaderLines, toTag: string | undefined): void {
  const at = lines.names.indexOf('to');
  const value = lines.values[at];
  if (value === undefined || hasTag(request, value)) return;
  lines.values[at] = `${value};tag=${toTag ?? newTag()}`;
}

function hasTag(request: SipRequest, value: string): boolean {
  // The view of a request that was parsed is there already; a malformed To must not stop its own 400.
  if (!value.includes(';')) return false;
  return request.toIfGood()?.tag !== undefined;
}

function firstValue(line: string): string {
  return line.includes(',') ? trimSpace(line.slice(0, listValueEnd(line, 0))) : line;
}

function noLines(): HeaderLines {
  return { names: [], written: [], values: [] };
}

function malformed(what: string, text: string): never {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  throw new SipSyntaxError(`The ${what} cannot be read: ${JSON.stringify(shown)}`);
}
