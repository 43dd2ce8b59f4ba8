/*
 * Q.931 messages as H.225.0 §7.2 uses them: discriminator, call reference, message type, information elements. What an element means stands
 * in information-elements.ts.
 */

/** The bytes are no Q.931 message, or the message cannot be written. The message is a sentence for the log. */
export class Q931Error extends Error {
  override readonly name = 'Q931Error';
}

/** Message types (Q.931 §4.4; `statusInquiry` as H.225.0 spells it). */
const typeCodes = {
  alerting: 0x01,
  callProceeding: 0x02,
  progress: 0x03,
  setup: 0x05,
  connect: 0x07,
  setupAcknowledge: 0x0d,
  connectAcknowledge: 0x0f,
  userInformation: 0x20,
  suspendReject: 0x21,
  resumeReject: 0x22,
  suspend: 0x25,
  resume: 0x26,
  suspendAcknowledge: 0x2d,
  resumeAcknowledge: 0x2e,
  disconnect: 0x45,
  restart: 0x46,
  release: 0x4d,
  restartAcknowledge: 0x4e,
  releaseComplete: 0x5a,
  segment: 0x60,
  facility: 0x62,
  notify: 0x6e,
  statusInquiry: 0x75,
  congestionControl: 0x79,
  information: 0x7b,
  status: 0x7d,
} as const;

export type KnownMessageType = keyof typeof typeCodes;

/** A message type's name, or the octet itself where the table has none: passed on as it came. */
export type Q931MessageType = KnownMessageType | { readonly unknown: number };

const typeNames: readonly (KnownMessageType | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  (Object.keys(typeCodes) as KnownMessageType[]).find((name) => typeCodes[name] === code),
);

export interface InformationElement {
  /** 0 is Q.931's own; others are reached by a shift (§4.5.2, §4.5.3) and only carried. */
  readonly codeset: number;
  /** The first octet. From 128 on the element is this one octet alone. */
  readonly id: number;
  /** What stands after the length; empty in a single-octet element. A view of what was decoded, not a copy. */
  readonly content: Uint8Array;
}

export interface Q931Message {
  /** 0 to 32,767, in two octets (H.225.0 §7.2.1). 0 is the global one, which concerns the connection and no call. */
  readonly callReference: number;
  /** The flag: sent by the side that did not choose the call reference. */
  readonly fromDestination: boolean;
  readonly type: Q931MessageType;
  /** In the order of the message, shifts and repetitions among them: decoding and encoding gives the same bytes. */
  readonly elements: readonly InformationElement[];
}

const PROTOCOL_DISCRIMINATOR = 0x08;
const CALL_REFERENCE_OCTETS = 2;
const HEADER_OCTETS = 5;
export const MAX_CALL_REFERENCE = 0x7fff;
/** User-user: of codeset 0 the one element whose length takes two octets here (H.225.0 §7.2.2). */
const USER_USER = 0x7e;
/** A Setup of a real stack has 5. What has more than this is no call, and would only cost memory. */
const MAX_ELEMENTS = 256;
const EMPTY = Buffer.alloc(0);

/**
 * Reads one message. Contents of elements are views of `bytes`.
 * @throws {Q931Error} not Q.931, cut off, or more than 256 elements.
 */
export function decodeQ931(bytes: Uint8Array): Q931Message {
  if (bytes.length < HEADER_OCTETS) throw new Q931Error(`A message of ${bytes.length} bytes is shorter than the header of Q.931`);
  if (bytes[0] !== PROTOCOL_DISCRIMINATOR) {
    throw new Q931Error(`The protocol discriminator is ${bytes[0] ?? 0}, not 8: this is not Q.931 call control (Q.931 §4.2)`);
  }
  if (bytes[1] !== CALL_REFERENCE_OCTETS) {
    throw new Q931Error(`The call reference says that it has ${bytes[1] ?? 0} octets; H.225.0 §7.2.1 gives it two`);
  }
  const high = bytes[2] ?? 0;
  const code = bytes[4] ?? 0;
  return {
    callReference: ((high & 0x7f) << 8) | (bytes[3] ?? 0),
    fromDestination: high > 0x7f,
    type: typeNames[code] ?? { unknown: code },
    elements: readElements(bytes),
  };
}

function readElements(bytes: Uint8Array): InformationElement[] {
  const elements: InformationElement[] = [];
  let at = HEADER_OCTETS;
  let codeset = 0;
  /** Of the next element alone, after a non-locking shift. */
  let once = -1;
  while (at < bytes.length) {
    if (elements.length === MAX_ELEMENTS) throw new Q931Error(`The message has more than ${MAX_ELEMENTS} information elements`);
    const id = bytes[at++] ?? 0;
    const current = once < 0 ? codeset : once;
    if (id > 0x7f) {
      elements.push({ codeset: current, id, content: EMPTY });
      once = -1;
      // 1001 nccc: shift to codeset ccc, for one element alone where n is set.
      if ((id & 0xf8) === 0x98) once = id & 7;
      else if ((id & 0xf8) === 0x90) codeset = id & 7;
      continue;
    }
    once = -1;
    const lengthOctets = current === 0 && id === USER_USER ? 2 : 1;
    const start = at + lengthOctets;
    const length = lengthOctets === 1 ? (bytes[at] ?? 0) : ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    at = start + length;
    if (at > bytes.length) {
      const left = Math.max(0, bytes.length - start);
      throw new Q931Error(`Information element ${hex(id)} says that it has ${length} octets, and the message has ${left} left`);
    }
    elements.push({ codeset: current, id, content: bytes.subarray(start, at) });
  }
  return elements;
}

/**
 * Writes one message, elements in the order given.
 * @throws {Q931Error} a call reference or an element's content is too long for its field.
 */
export function encodeQ931(message: Q931Message): Buffer {
  const { callReference, fromDestination, type, elements } = message;
  if (!Number.isInteger(callReference) || callReference < 0 || callReference > MAX_CALL_REFERENCE) {
    throw new Q931Error(`A call reference is 0 to ${MAX_CALL_REFERENCE}, not ${callReference}`);
  }
  let length = HEADER_OCTETS;
  for (const element of elements) length += encodedLength(element);
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = PROTOCOL_DISCRIMINATOR;
  bytes[1] = CALL_REFERENCE_OCTETS;
  bytes[2] = (callReference >> 8) | (fromDestination ? 0x80 : 0);
  bytes[3] = callReference & 0xff;
  bytes[4] = typeof type === 'string' ? typeCodes[type] : type.unknown;
  let at = HEADER_OCTETS;
  for (const { codeset, id, content } of elements) {
    bytes[at++] = id;
    if (id > 0x7f) continue;
    if (codeset === 0 && id === USER_USER) bytes[at++] = content.length >> 8;
    bytes[at++] = content.length & 0xff;
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

function encodedLength({ codeset, id, content }: InformationElement): number {
  if (id > 0x7f) return 1;
  const wide = codeset === 0 && id === USER_USER;
  if (content.length > (wide ? 0xffff : 0xff)) {
    throw new Q931Error(`Information element ${hex(id)} cannot hold ${content.length} octets`);
  }
  return content.length + (wide ? 3 : 2);
}

/** The first element of Q.931's own codeset with this identifier; repetitions are ignored (Q.931 §5.8.6.2). */
export function findElement(message: Q931Message, id: number): InformationElement | undefined {
  for (const element of message.elements) if (element.id === id && element.codeset === 0) return element;
  return undefined;
}

/** `0x7e` */
function hex(id: number): string {
  return `0x${id.toString(16).padStart(2, '0')}`;
}
