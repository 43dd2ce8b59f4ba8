import { isAbsoluteUri } from './absolute-uri.js';
import { isSpaceCode, skipSpace, tokenEnd } from './chars.js';
import { parseContentLength } from './fields.js';
import type { HeaderLines } from './header-lines.js';
import { headerNameAt } from './header-names.js';
import { SipRequest, SipResponse } from './message.js';
import { SipSyntaxError } from './syntax-error.js';
import { sipSchemeEnd } from './uri.js';

/**
 * What a message may be, in bytes and lines. An INVITE of a room system behind three proxies has about 40 header lines, the longest of
 * them (Identity, RFC 8224) about 1 kB, and 3 kB of SDP: nothing real comes near.
 */
export const messageLimits = { headerBytes: 65_535, headerLines: 256, lineBytes: 8192, bodyBytes: 65_535 } as const;

export interface ParseOptions {
  /** The message came over TCP or TLS: there Content-Length must be given (RFC 3261 §18.3, §20.14). */
  readonly stream?: boolean;
}

export type ParseResult =
  | { readonly ok: true; readonly message: SipRequest | SipResponse }
  | {
      readonly ok: false;
      /** Says what is wrong, for the person who has to fix the sender. */
      readonly error: SipSyntaxError;
      /** What a response would say: 400, 413, 505 or 513. */
      readonly status: number;
      /**
       * For `responseTo(answerable, status)` and nothing else: its top Via is good, so the answer has a way back; every other header may be
       * malformed or missing (RFC 4475 §3.3.1 asks for a 400 even then). Absent: a response, an ACK, or no Via.
       */
      readonly answerable?: SipRequest;
    };

/** The first thing found wrong. Reading goes on past it, for what an answer needs. */
interface Problem {
  readonly status: number;
  readonly text: string;
}

/**
 * Reads one message (RFC 3261 §7, §25): a datagram, or what a stream's framer cut out. Never throws. Time is linear in the length, which
 * no pattern with backtracking sees.
 *
 * Looser than the grammar where devices are (blanks around colons, no From tag, unquoted display names), stricter where two readers
 * could see two messages: bare CR or LF, repeated From, Call-ID or Content-Type, conflicting Content-Length.
 */
export function parseMessage(bytes: string, options: ParseOptions = {}): ParseResult {
  let start = 0;
  while (bytes.startsWith('\r\n', start)) start += 2; // §7.5
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return failed({ status: 400, text: 'The message has no line that ends in CRLF' });
  const startLine = bytes.slice(start, lineEnd);
  // In a reason phrase either would begin a header of its own wherever the next reader is looser.
  if (startLine.includes('\n') || startLine.includes('\r'))
    return failed({ status: 400, text: 'The first line has a bare CR or LF in it' });
  const head = new HeadReader(bytes, lineEnd + 2);
  head.read();
  return isStatusLine(startLine) ? readResponse(startLine, head, options) : readRequest(startLine, head, options);
}

function isStatusLine(line: string): boolean {
  return line.startsWith('SIP/') || line.slice(0, 4).toUpperCase() === 'SIP/';
}

function readRequest(line: string, head: HeadReader, options: ParseOptions): ParseResult {
  const methodEnd = tokenEnd(line, 0);
  const uriEnd = line.lastIndexOf(' ');
  if (methodEnd === 0 || line.charCodeAt(methodEnd) !== 0x20 || uriEnd <= methodEnd) {
    return failed({ status: 400, text: 'The first line is neither "METHOD uri SIP/2.0" with single blanks nor "SIP/2.0 status reason"' });
  }
  const request = new SipRequest(line.slice(0, methodEnd), line.slice(methodEnd + 1, uriEnd), head.lines, '');
  const problem =
    checkVersion(line.slice(uriEnd + 1)) ?? head.problem ?? checkUri(request) ?? checkFields(request) ?? takeBody(request, head, options);
  return problem ? failed(problem, request) : { ok: true, message: request };
}

function readResponse(line: string, head: HeadReader, options: ParseOptions): ParseResult {
  const status = Number(line.slice(8, 11));
  const versionProblem = checkVersion(line.slice(0, 7));
  const shaped = line.charCodeAt(7) === 0x20 && (line.length === 11 || line.charCodeAt(11) === 0x20);
  if (!shaped || !Number.isInteger(status) || status < 100 || status > 699) {
    return failed({ status: 400, text: 'The status line is not "SIP/2.0", a status from 100 to 699, and a reason' });
  }
  const response = new SipResponse(status, line.slice(12), head.lines, '');
  const problem = versionProblem ?? head.problem ?? checkFields(response) ?? takeBody(response, head, options);
  return problem ? failed(problem) : { ok: true, message: response };
}

function checkVersion(version: string): Problem | undefined {
  if (version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0') return undefined;
  if (/^SIP\/\d+\.\d+$/i.test(version)) return { status: 505, text: 'The SIP version is not 2.0' };
  return { status: 400, text: 'The first line does not end in "SIP/2.0"' };
}

/** §7.3.1, §19.1.1: no blanks, no brackets, and no headers in a SIP Request-URI. Another scheme is the proxy's to refuse (416). */
function checkUri(request: SipRequest): Problem | undefined {
  const { uri } = request;
  if (!isAbsoluteUri(uri, 0, uri.length)) return { status: 400, text: 'The Request-URI is not a URI, or has blanks or brackets around it' };
  if (sipSchemeEnd(uri) === 0) return undefined;
  const parsed = request.sipUri;
  if (!parsed) return { status: 400, text: 'The Request-URI is a malformed SIP URI' };
  return parsed.headers === '' ? undefined : { status: 400, text: 'The Request-URI has headers after "?", which only a Contact may have' };
}

/** Reads what every message must have, so that nobody after us meets it malformed. */
function checkFields(message: SipRequest | SipResponse): Problem | undefined {
  try {
    void message.via;
    void message.from;
    void message.to;
    if (message.callId === '' || message.callId.includes(' ')) return { status: 400, text: 'The Call-ID is empty or has blanks in it' };
    void message.maxForwards;
    if (message instanceof SipRequest && message.cseq.method !== message.method) {
      return { status: 400, text: 'The method in CSeq is not the method of the request' };
    }
    void message.cseq;
    return undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return { status: 400, text: error.message };
    throw error;
  }
}

/** §18.3: what a datagram has beyond Content-Length is not the message's; what it lacks makes the message an error. */
function takeBody(message: SipRequest | SipResponse, head: HeadReader, options: ParseOptions): Problem | undefined {
  const available = head.bytes.length - head.end;
  let length = -1;
  for (const line of message.getAll('content-length')) {
    const value = parseContentLength(line);
    if (value === undefined) return { status: 400, text: 'The Content-Length is not a whole number' };
    if (length >= 0 && length !== value) return { status: 400, text: 'Two Content-Length headers say different lengths' };
    length = value;
  }
  if (length < 0 && options.stream === true) return { status: 400, text: 'Content-Length is missing, which a stream cannot do without' };
  if (length > available) return { status: 400, text: 'The Content-Length is more than what came' };
  const size = length < 0 ? available : length;
  if (size > messageLimits.bodyBytes) return { status: 413, text: `The body is longer than ${messageLimits.bodyBytes} bytes` };
  if (size > 0) message.body = head.bytes.slice(head.end, head.end + size);
  return undefined;
}

function failed(problem: Problem, request?: SipRequest): ParseResult {
  const error = new SipSyntaxError(problem.text);
  const answerable = request && isAnswerable(request);
  return answerable ? { ok: false, error, status: problem.status, answerable: request } : { ok: false, error, status: problem.status };
}

function isAnswerable(request: SipRequest): boolean {
  if (request.method === 'ACK') return false; // §17.1.1.3: an ACK is never answered
  try {
    return request.via.host !== '';
  } catch {
    return false; // without a good Via there is nowhere to answer to (§18.2.2)
  }
}

const bareBreak = 'A header has a CR or LF that is not part of a CRLF';

/** Reads the header lines of one message. */
class HeadReader {
  readonly lines: HeaderLines = { names: [], written: [], values: [] };
  problem: Problem | undefined;
  /** Where the body begins; the end of the message when the header section never ended. */
  end: number;
  readonly bytes: string;
  #pos: number;
  #seen = 0;

  constructor(bytes: string, from: number) {
    this.bytes = bytes;
    this.#pos = from;
    this.end = bytes.length;
  }

  read(): void {
    const { bytes } = this;
    const from = this.#pos;
    while (this.#pos < bytes.length) {
      if (bytes.charCodeAt(this.#pos) === 0x0d && bytes.charCodeAt(this.#pos + 1) === 0x0a) {
        this.end = this.#pos + 2;
        return;
      }
      if (this.lines.names.length >= messageLimits.headerLines) {
        this.#fail(513, `The message has more than ${messageLimits.headerLines} header lines`);
        return;
      }
      if (this.#pos - from > messageLimits.headerBytes) {
        this.#fail(513, `The header section is longer than ${messageLimits.headerBytes} bytes`);
        return;
      }
      if (!this.#readLine()) break;
    }
    this.#fail(400, 'The message ends before the empty line that closes its headers');
  }

  /** One header with its folded lines. False: the text ended inside it. */
  #readLine(): boolean {
    const { bytes } = this;
    const from = this.#pos;
    let folded = false;
    let lineFeed = bytes.indexOf('\n', from);
    while (lineFeed >= 0 && isSpaceCode(bytes.charCodeAt(lineFeed + 1))) {
      folded = true;
      lineFeed = bytes.indexOf('\n', lineFeed + 1);
    }
    if (lineFeed < 0) return false;
    this.#pos = lineFeed + 1;
    const to = lineFeed - 1;
    if (lineFeed - from > messageLimits.lineBytes) this.#fail(513, `A header is longer than ${messageLimits.lineBytes} bytes`);
    else if (folded) this.#takeFolded(bytes.slice(from, to + 1));
    else if (bytes.charCodeAt(to) !== 0x0d || bytes.indexOf('\r', from) !== to) this.#fail(400, bareBreak);
    else this.#take(bytes, from, to);
    return true;
  }

  /** §7.3.1: a line break with the blanks after it is one blank. */
  #takeFolded(raw: string): void {
    const line = raw.replace(/\r\n[ \t]+/g, ' ');
    const to = line.length - 1;
    if (line.charCodeAt(to) !== 0x0d || line.indexOf('\r') !== to || line.includes('\n')) {
      this.#fail(400, bareBreak);
    } else this.#take(line, 0, to);
  }

  #take(text: string, from: number, to: number): void {
    const name = headerNameAt(text, from);
    const colon = name ? skipSpace(text, from + name.written.length) : -1;
    if (!name || text.charCodeAt(colon) !== 0x3a) {
      this.#fail(400, 'A header line has no name followed by a colon');
      return;
    }
    if ((this.#seen & name.once) !== 0) {
      this.#fail(400, `There are two ${name.long} headers, and only one is allowed`);
      return;
    }
    this.#seen |= name.once;
    const valueFrom = skipSpace(text, colon + 1);
    let valueTo = to;
    while (valueTo > valueFrom && isSpaceCode(text.charCodeAt(valueTo - 1))) valueTo--;
    this.lines.names.push(name.long);
    this.lines.written.push(name.written);
    this.lines.values.push(text.slice(valueFrom, valueTo));
  }

  #fail(status: number, text: string): void {
    this.problem ??= { status, text };
  }
}
