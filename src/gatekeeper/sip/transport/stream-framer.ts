/** Why the next message on a stream cannot be found. `status`: what SIP answers (RFC 3261 §21.4.1, §21.5.7), where an answer can be made. */
export interface FramingLoss {
  readonly status: 400 | 513;
  readonly text: string;
}

export interface FramerLimits {
  /** One message, head and body. */
  readonly messageBytes: number;
  /** Start line and headers of one message. */
  readonly headBytes: number;
}

/** What one chunk of a stream came to. */
export interface Framed {
  /** Whole messages, in order, as latin1 byte strings. */
  readonly messages: readonly string[];
  /** Keep-alive pings (RFC 5626 §3.5.1: CRLFCRLF between messages) that ask for a pong. */
  readonly pings: number;
  /** The end: nothing after this can be read. `head` is what there was of the bad message, cut so that a parser can try to read it. */
  readonly loss?: { readonly why: FramingLoss; readonly head: string };
}

const CR = 13;
const LF = 10;
const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
const NOTHING: Framed = { messages: [], pings: 0 };

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3). Pure: bytes in, messages out, however the stream was cut on its
 * way. Work is linear in the bytes, and never more than one message is held.
 */
export class StreamFramer {
  readonly #limits: FramerLimits;
  /** The beginning of a message whose end has not come: `#held` bytes of `#store`. */
  #store: Buffer | undefined;
  #held = 0;
  /** In `#store`: where the search for the end of the head goes on. */
  #searched = 0;
  /** Length of the held message, once its head is whole. 0: not known yet. */
  #expected = 0;
  /** Octets of an unfinished CRLFCRLF, 0 to 3. */
  #ping = 0;
  #lost = false;
  #begun = 0;

  constructor(limits: FramerLimits) {
    this.#limits = limits;
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#held > 0;
  }

  /** Grows with each message that has to wait for more bytes: tells one unfinished message from the next. */
  get begun(): number {
    return this.#begun;
  }

  push(chunk: Buffer): Framed {
    if (this.#lost || chunk.length === 0) return NOTHING;
    const messages: string[] = [];
    let pings = 0;
    let bytes = chunk;
    let at = 0;
    let searched = 0;
    let expected = 0;
    if (this.#held > 0) {
      bytes = this.#join(chunk);
      searched = this.#searched;
      expected = this.#expected;
    }
    for (;;) {
      if (expected === 0) {
        if (searched <= at) {
          for (; at < bytes.length; at++) {
            const byte = bytes[at];
            // Two CRLFs in a row are a ping; one alone before a message is to be ignored (RFC 3261 §7.5).
            if (byte === (this.#ping & 1 ? LF : CR)) this.#ping++;
            else if (byte === CR) this.#ping = 1;
            else if (byte === LF) this.#ping = 0;
            else break;
            if (this.#ping === 4) {
              this.#ping = 0;
              pings++;
            }
          }
          if (at === bytes.length) return this.#keep(bytes, at, 0, 0, messages, pings);
          this.#ping = 0;
          const first = bytes[at] ?? 0;
          // A start line begins with a token (RFC 3261 §25.1): this is not SIP, but for instance a TLS ClientHello on the TCP port.
          if (first <= 32 || first >= 127) return this.#lose(messages, pings, { status: 400, text: 'This is not SIP' }, '');
        }
        const headEnd = bytes.indexOf(HEAD_END, Math.max(at, searched));
        const headLength = headEnd < 0 ? bytes.length - at : headEnd + 4 - at;
        if (headLength > this.#limits.headBytes) {
          const text = `The headers are longer than ${this.#limits.headBytes} bytes`;
          return this.#lose(messages, pings, { status: 513, text }, readable(bytes, at, this.#limits.headBytes));
        }
        if (headEnd < 0) return this.#keep(bytes, at, Math.max(at, bytes.length - 3), 0, messages, pings);
        const head = bytes.toString('latin1', at, headEnd + 4);
        const length = contentLength(head);
        if (typeof length === 'string') return this.#lose(messages, pings, { status: 400, text: length }, head);
        expected = head.length + length;
        if (expected > this.#limits.messageBytes) {
          const text = `The message is longer than ${this.#limits.messageBytes} bytes`;
          return this.#lose(messages, pings, { status: 513, text }, head);
        }
        if (length === 0) {
          messages.push(head);
          at += expected;
          searched = at;
          expected = 0;
          continue;
        }
      }
      if (bytes.length - at < expected) return this.#keep(bytes, at, at, expected, messages, pings);
      messages.push(bytes.toString('latin1', at, at + expected));
      at += expected;
      searched = at;
      expected = 0;
    }
  }

  /** The held bytes with the chunk behind them. The store doubles, so that a message that comes byte by byte costs linear work. */
  #join(chunk: Buffer): Buffer {
    const length = this.#held + chunk.length;
    let store = this.#store;
    if (!store || store.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#held, 2048));
      store?.copy(grown, 0, 0, this.#held);
      store = grown;
      this.#store = grown;
    }
    chunk.copy(store, this.#held);
    return store.subarray(0, length);
  }

  /** Remembers the unfinished message at the end of `bytes`, if there is one. */
  #keep(bytes: Buffer, at: number, searched: number, expected: number, messages: readonly string[], pings: number): Framed {
    const rest = bytes.length - at;
    if (rest === 0) {
      this.#store = undefined;
    } else {
      // Still the same message: it lies in the store where it lay.
      const same = this.#held > 0 && at === 0;
      if (!same) {
        this.#begun++;
        const store = Buffer.allocUnsafeSlow(Math.max(rest, expected, 2048));
        bytes.copy(store, 0, at);
        this.#store = store;
      }
    }
    this.#held = rest;
    this.#searched = Math.max(0, searched - at);
    this.#expected = expected;
    return messages.length === 0 && pings === 0 ? NOTHING : { messages, pings };
  }

  #lose(messages: readonly string[], pings: number, why: FramingLoss, head: string): Framed {
    this.#lost = true;
    this.#store = undefined;
    this.#held = 0;
    return { messages, pings, loss: { why, head } };
  }
}

/** The first whole lines within `limit` bytes, closed like a head. */
function readable(bytes: Buffer, at: number, limit: number): string {
  const text = bytes.toString('latin1', at, Math.min(bytes.length, at + limit));
  const lastLine = text.lastIndexOf('\r\n');
  return lastLine < 0 ? '' : `${text.slice(0, lastLine)}\r\n\r\n`;
}

/** The value of Content-Length or its compact form `l` (RFC 3261 §7.3.3, §20.14), or the sentence that says why there is none to go by. */
function contentLength(head: string): number | string {
  let found = -1;
  // The start line is no header; the last CRLF closes the head.
  for (let line = head.indexOf('\r\n') + 2; line < head.length - 2; line = head.indexOf('\r\n', line) + 2) {
    const name = headerNameEnd(head, line);
    if (name === 0) continue;
    let at = skipBlank(head, name);
    if (head.charCodeAt(at) !== 58) continue;
    at = skipBlank(head, at + 1);
    const digits = at;
    let value = 0;
    for (let code = head.charCodeAt(at); code >= 48 && code <= 57 && at - digits < 10; code = head.charCodeAt(++at))
      value = value * 10 + code - 48;
    const end = skipBlank(head, at);
    if (at === digits || head.charCodeAt(end) !== CR) return 'Content-Length is not a number of bytes';
    if (found >= 0 && found !== value) return 'Content-Length is given twice, and not alike';
    found = value;
  }
  return found >= 0 ? found : 'Content-Length is missing: on TCP and TLS it must be there (RFC 3261 §18.3)';
}

/** Where the name ends if the line at `at` is a Content-Length header; 0 if it is not. */
function headerNameEnd(head: string, at: number): number {
  const first = head.charCodeAt(at) | 32;
  if (first === 108) {
    const next = head.charCodeAt(at + 1);
    return next === 58 || next === 32 || next === 9 ? at + 1 : 0;
  }
  if (first !== 99 || head.charCodeAt(at + 7) !== 45) return 0;
  return head.slice(at, at + 14).toLowerCase() === 'content-length' ? at + 14 : 0;
}

/** Past blanks and folded lines (RFC 3261 §25.1, LWS). */
function skipBlank(head: string, from: number): number {
  let at = from;
  for (;;) {
    const code = head.charCodeAt(at);
    if (code === 32 || code === 9) at++;
    else if (code === CR && (head.charCodeAt(at + 2) === 32 || head.charCodeAt(at + 2) === 9)) at += 3;
    else return at;
  }
}
