import { createPublicKey, type KeyObject } from 'node:crypto';

/*
 * Diffie-Hellman public keys between the numbers of an H.235 token and the DER that OpenSSL reads (SubjectPublicKeyInfo, PKCS #3):
 * SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, SEQUENCE { INTEGER prime, INTEGER generator } }, BIT STRING { INTEGER halfKey } }.
 *
 * Node's own DiffieHellman classes take the numbers as they are, but try the prime of a 1024 bit group anew each time: 120 ms on every
 * call.
 */

declare module 'crypto' {
  /** Of Node since 12; its type declarations have forgotten it. */
  function generateKeyPairSync(type: 'dh', options: { readonly group: string }): KeyPairKeyObjectResult;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;

/** Three numbers, big-endian, without zeros in front. */
export interface DhNumbers {
  readonly prime: Buffer;
  readonly generator: Buffer;
  readonly halfKey: Buffer;
}

export function dhNumbers(key: KeyObject): DhNumbers {
  const info = contentOf(key.export({ type: 'spki', format: 'der' }));
  const algorithm = contentOf(info);
  const parameters = contentOf(after(algorithm));
  // The octet in front of a BIT STRING counts the bits that its last octet lacks: none.
  const bits = contentOf(after(info)).subarray(1);
  return { prime: numberIn(parameters), generator: numberIn(after(parameters)), halfKey: numberIn(bits) };
}

/** The key of a peer that uses the group of `ours`. @throws {Error} OpenSSL takes it for no key of this group */
export function dhPublicKey(ours: KeyObject, halfKey: Uint8Array): KeyObject {
  const info = contentOf(ours.export({ type: 'spki', format: 'der' }));
  const algorithm = info.subarray(0, info.length - after(info).length);
  const bits = element(BIT_STRING, Buffer.concat([Buffer.of(0), integer(halfKey)]));
  return createPublicKey({ key: element(SEQUENCE, Buffer.concat([algorithm, bits])), type: 'spki', format: 'der' });
}

/** As short as it goes, and never negative. */
function integer(number: Uint8Array): Buffer {
  const first = number.findIndex((octet) => octet !== 0);
  const significant = first < 0 ? Buffer.of(0) : number.subarray(first);
  return element(INTEGER, (significant[0] ?? 0) < 0x80 ? significant : Buffer.concat([Buffer.of(0), significant]));
}

function numberIn(der: Buffer): Buffer {
  const octets = contentOf(der);
  return octets[0] === 0 ? octets.subarray(1) : octets;
}

function contentOf(der: Buffer): Buffer {
  const { start, length } = header(der);
  return der.subarray(start, start + length);
}

function after(der: Buffer): Buffer {
  const { start, length } = header(der);
  return der.subarray(start + length);
}

/** DER from OpenSSL alone comes here: definite lengths, in as few octets as they take. */
function header(der: Buffer): { readonly start: number; readonly length: number } {
  const first = der.readUInt8(1);
  if (first < 0x80) return { start: 2, length: first };
  const octets = first & 0x7f;
  return { start: 2 + octets, length: der.readUIntBE(2, octets) };
}

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const octets = length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), octets, content]);
}
