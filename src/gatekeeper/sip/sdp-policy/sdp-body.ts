import { lowerCase, skipSpace, tokenEnd, trimSpace } from '../message/chars.js';
import { canonicalName } from '../message/header-names.js';
import type { SipMessage } from '../message/message.js';
import { parseParams } from '../message/params.js';

/** Bodies whose session description, if there is one, is hidden from us (RFC 8551, RFC 4483, RFC 3261 §23.4). */
const opaqueTypes: ReadonlySet<string> = new Set([
  'application/pkcs7-mime',
  'application/x-pkcs7-mime',
  'multipart/encrypted',
  'message/external-body',
  'message/sip',
]);

const deepest = 4;
const mostParts = 32;

/** Given where there may be a session description that we cannot read: `inspectSdp('')` refuses it. */
const hidden = '';

/**
 * The session description in a message's body, alone or in a multipart (RFC 5621); undefined when it has none. Where there may be one
 * that we cannot see (compressed, encrypted, elsewhere, or two of them), or the body says no type and so might be taken for one, it is
 * text that `inspectSdp` refuses: nobody gets around the policy by wrapping.
 */
export function sdpOf(message: SipMessage): string | undefined {
  if (message.body === '') return undefined;
  const found: string[] = [];
  collect(
    { type: message.get('content-type'), encoding: message.get('content-encoding'), transfer: undefined, text: message.body },
    found,
    0,
  );
  return found.length > 1 ? hidden : found[0];
}

interface Part {
  readonly type: string | undefined;
  readonly encoding: string | undefined;
  readonly transfer: string | undefined;
  readonly text: string;
}

function collect(part: Part, found: string[], depth: number): void {
  const value = part.type ?? 'application/sdp';
  const type = mediaType(value);
  if (type === 'application/sdp') found.push(isPlain(part) ? part.text : hidden);
  else if (type === undefined || opaqueTypes.has(type)) found.push(hidden);
  else if (type.startsWith('multipart/')) {
    const boundary = parseParams(value, value.indexOf(';') < 0 ? value.length : value.indexOf(';'))?.get('boundary');
    const parts = typeof boundary === 'string' && depth < deepest && isPlain(part) ? splitParts(part.text, boundary) : undefined;
    if (!parts) found.push(hidden);
    else for (const inner of parts) collect(inner, found, depth + 1);
  }
}

/** `type/subtype` in lower case, with the blanks that SLASH allows taken out (RFC 3261 §25.1); undefined when it is not that. */
function mediaType(value: string): string | undefined {
  const typeEnd = tokenEnd(value, 0);
  const slash = skipSpace(value, typeEnd);
  const from = skipSpace(value, slash + 1);
  const to = tokenEnd(value, from);
  if (typeEnd === 0 || to === from || value.charCodeAt(slash) !== 0x2f) return undefined;
  return lowerCase(`${value.slice(0, typeEnd)}/${value.slice(from, to)}`);
}

function isPlain(part: Part): boolean {
  const encoding = lowerCase(part.encoding ?? 'identity');
  const transfer = lowerCase(part.transfer ?? 'binary');
  return encoding === 'identity' && (transfer === 'binary' || transfer === '8bit' || transfer === '7bit');
}

/** Cuts a multipart body at its boundary lines (RFC 2046 §5.1.1); undefined when there are too many or none. */
function splitParts(body: string, boundary: string): Part[] | undefined {
  const text = `\r\n${body}`;
  const delimiter = `\r\n--${boundary}`;
  const parts: Part[] = [];
  let start = -1;
  for (let at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, at + delimiter.length)) {
    const after = at + delimiter.length;
    const closing = text.startsWith('--', after);
    const lineEnd = closing ? after : skipSpace(text, after);
    // The line goes on: another boundary that begins like this one.
    if (!closing && !text.startsWith('\r\n', lineEnd)) continue;
    if (start >= 0) parts.push(readPart(text.slice(start, Math.max(start, at))));
    if (parts.length > mostParts) return undefined;
    start = closing ? -1 : lineEnd + 2;
    if (closing) break;
  }
  if (start >= 0) parts.push(readPart(text.slice(start)));
  return parts.length === 0 ? undefined : parts;
}

function readPart(text: string): Part {
  const headEnd = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  const head = headEnd <= 0 ? '' : text.slice(0, headEnd).replace(/\r\n[ \t]+/g, ' ');
  const headers = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = colon > 0 ? canonicalName(trimSpace(line.slice(0, colon))) : undefined;
    // Said twice: which one counts is open, so it says nothing that can be read.
    if (name !== undefined) headers.set(name, headers.has(name) ? '' : trimSpace(line.slice(colon + 1)));
  }
  return {
    // RFC 2046 §5.1: a part without a type is text/plain.
    type: headers.get('content-type') ?? 'text/plain',
    encoding: headers.get('content-encoding'),
    transfer: headers.get('content-transfer-encoding'),
    text: headEnd < 0 ? '' : text.slice(headEnd === 0 ? 2 : headEnd + 4),
  };
}
