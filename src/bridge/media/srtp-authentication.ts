import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { SrtpSuite } from './media.js';

const headerBytes = 12;

/**
 * Whether an SRTP packet was made with this key, for packets of a stream's first 65,536: the rollover counter is taken to be 0 (RFC 3711 §3.3.1).
 * Nothing is decrypted for use. `keyAndSalt`: base64, as in `a=crypto` (RFC 4568 §6.1).
 */
export function srtpAuthenticator(suite: SrtpSuite, keyAndSalt: string): (packet: Buffer) => boolean {
  const material = Buffer.from(keyAndSalt, 'base64');
  return suite === 'AES_CM_128_HMAC_SHA1_80' ? byHmac(material) : byGcm(material, suite === 'AEAD_AES_256_GCM' ? 32 : 16);
}

/** RFC 3711 §4.2.1: the tag is the HMAC over packet and rollover counter, cut to 80 bits. */
function byHmac(material: Buffer): (packet: Buffer) => boolean {
  const tagBytes = 10;
  const key = sessionKey(material.subarray(0, 16), material.subarray(16, 30), 1, 20);
  const rollover = Buffer.alloc(4);
  return (packet) => {
    const end = packet.length - tagBytes;
    if (end < headerBytes) return false;
    const tag = createHmac('sha1', key).update(packet.subarray(0, end)).update(rollover).digest().subarray(0, tagBytes);
    return timingSafeEqual(tag, packet.subarray(end));
  };
}

/** RFC 7714 §8.1: nonce of SSRC, rollover counter and sequence number, XORed with the salt; the header is authenticated beside the payload. */
function byGcm(material: Buffer, keyBytes: 16 | 32): (packet: Buffer) => boolean {
  const tagBytes = 16;
  const master = material.subarray(0, keyBytes);
  const salt = material.subarray(keyBytes, keyBytes + 12);
  const key = sessionKey(master, salt, 0, keyBytes);
  const sessionSalt = sessionKey(master, salt, 2, 12);
  return (packet) => {
    const begin = payloadAt(packet);
    const end = packet.length - tagBytes;
    if (begin === undefined || end < begin) return false;
    const nonce = Buffer.from(sessionSalt);
    for (let at = 0; at < 4; at++) nonce[2 + at] = (nonce[2 + at] ?? 0) ^ (packet[8 + at] ?? 0);
    for (let at = 0; at < 2; at++) nonce[10 + at] = (nonce[10 + at] ?? 0) ^ (packet[2 + at] ?? 0);
    const decipher = createDecipheriv(keyBytes === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, nonce);
    decipher.setAAD(packet.subarray(0, begin)).setAuthTag(packet.subarray(end));
    try {
      decipher.update(packet.subarray(begin, end));
      decipher.final();
      return true;
    } catch {
      return false; // The tag is another's: node has no other way to say so.
    }
  };
}

/** Where the payload begins, after CSRCs and header extension (RFC 3550 §5.1). */
function payloadAt(packet: Buffer): number | undefined {
  if (packet.length < headerBytes) return undefined;
  const first = packet[0] ?? 0;
  const afterCsrcs = headerBytes + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return afterCsrcs;
  return packet.length < afterCsrcs + 4 ? undefined : afterCsrcs + 4 + packet.readUInt16BE(afterCsrcs + 2) * 4;
}

/** RFC 3711 §4.3.1 with a key derivation rate of 0: AES in counter mode over label and salt. RFC 7714 §11: a salt of 96 bits is padded with zeros. */
function sessionKey(master: Buffer, salt: Buffer, label: number, bytes: number): Buffer {
  const counter = Buffer.alloc(16);
  salt.copy(counter);
  counter[7] = (counter[7] ?? 0) ^ label;
  return createCipheriv(master.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', master, counter).update(Buffer.alloc(bytes));
}
