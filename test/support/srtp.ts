import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

export type Suite = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM' | 'AEAD_AES_256_GCM';

const sizes: { readonly [Name in Suite]: { readonly key: number; readonly salt: number } } = {
  AES_CM_128_HMAC_SHA1_80: { key: 16, salt: 14 },
  AEAD_AES_128_GCM: { key: 16, salt: 12 },
  AEAD_AES_256_GCM: { key: 32, salt: 12 },
};

/** Bytes of key and salt together (RFC 4568 §6.2, RFC 7714 §12). */
export function keyBytes(suite: Suite): number {
  return sizes[suite].key + sizes[suite].salt;
}

/** SRTP of an endpoint in a test: streams both ways under one key each (RFC 3711, RFC 7714). RTP alone, no SRTCP. */
export class SrtpSession {
  readonly #suite: Suite;
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #auth: Buffer;
  readonly #streams = new Map<number, { highest: number; rollovers: number }>();

  constructor(suite: Suite, keyBase64: string) {
    const { key, salt } = sizes[suite];
    const material = Buffer.from(keyBase64, 'base64');
    const master = material.subarray(0, key);
    const masterSalt = material.subarray(key, key + salt);
    this.#suite = suite;
    this.#key = derive(master, masterSalt, 0, key);
    this.#auth = derive(master, masterSalt, 1, 20);
    this.#salt = derive(master, masterSalt, 2, salt);
  }

  protect(rtp: Buffer): Buffer {
    const index = this.#index(rtp);
    const at = payloadAt(rtp);
    if (this.#suite === 'AES_CM_128_HMAC_SHA1_80') {
      const sealed = Buffer.concat([rtp.subarray(0, at), this.#counterMode(rtp, index).update(rtp.subarray(at))]);
      return Buffer.concat([sealed, this.#tag(sealed, index)]);
    }
    const cipher = createCipheriv(this.#gcm, this.#key, this.#nonce(rtp, index));
    cipher.setAAD(rtp.subarray(0, at));
    return Buffer.concat([rtp.subarray(0, at), cipher.update(rtp.subarray(at)), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined: not made with this key. */
  unprotect(srtp: Buffer): Buffer | undefined {
    const index = this.#index(srtp);
    const at = payloadAt(srtp);
    if (this.#suite === 'AES_CM_128_HMAC_SHA1_80') {
      const end = srtp.length - 10;
      if (!timingSafeEqual(this.#tag(srtp.subarray(0, end), index), srtp.subarray(end))) return undefined;
      return Buffer.concat([srtp.subarray(0, at), this.#counterMode(srtp, index).update(srtp.subarray(at, end))]);
    }
    const end = srtp.length - 16;
    const decipher = createDecipheriv(this.#gcm, this.#key, this.#nonce(srtp, index));
    decipher.setAAD(srtp.subarray(0, at)).setAuthTag(srtp.subarray(end));
    try {
      return Buffer.concat([srtp.subarray(0, at), decipher.update(srtp.subarray(at, end)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  get #gcm(): 'aes-128-gcm' | 'aes-256-gcm' {
    return this.#suite === 'AEAD_AES_256_GCM' ? 'aes-256-gcm' : 'aes-128-gcm';
  }

  /** Rollover counter times 65,536 plus sequence number, for packets that come nearly in order (RFC 3711 §3.3.1). */
  #index(packet: Buffer): number {
    const sequence = packet.readUInt16BE(2);
    const ssrc = packet.readUInt32BE(8);
    const stream = this.#streams.get(ssrc) ?? { highest: sequence, rollovers: 0 };
    this.#streams.set(ssrc, stream);
    if (stream.highest - sequence > 0x8000) {
      stream.rollovers += 1;
      stream.highest = sequence;
    } else if (sequence > stream.highest && sequence - stream.highest < 0x8000) stream.highest = sequence;
    return stream.rollovers * 65_536 + sequence;
  }

  #counterMode(packet: Buffer, index: number) {
    const iv = Buffer.alloc(16);
    this.#salt.copy(iv);
    for (let at = 0; at < 4; at++) iv[4 + at] = (iv[4 + at] ?? 0) ^ (packet[8 + at] ?? 0);
    const six = Buffer.alloc(6);
    six.writeUIntBE(index, 0, 6);
    for (let at = 0; at < 6; at++) iv[8 + at] = (iv[8 + at] ?? 0) ^ (six[at] ?? 0);
    return createCipheriv('aes-128-ctr', this.#key, iv);
  }

  #nonce(packet: Buffer, index: number): Buffer {
    const nonce = Buffer.alloc(12);
    packet.copy(nonce, 2, 8, 12);
    nonce.writeUIntBE(index, 6, 6);
    for (let at = 0; at < 12; at++) nonce[at] = (nonce[at] ?? 0) ^ (this.#salt[at] ?? 0);
    return nonce;
  }

  #tag(packet: Buffer, index: number): Buffer {
    const rollover = Buffer.alloc(4);
    rollover.writeUInt32BE(Math.floor(index / 65_536));
    return createHmac('sha1', this.#auth).update(packet).update(rollover).digest().subarray(0, 10);
  }
}

/** Where the payload begins (RFC 3550 §5.1). */
export function payloadAt(packet: Buffer): number {
  const first = packet[0] ?? 0;
  const at = 12 + (first & 0x0f) * 4;
  return (first & 0x10) === 0 ? at : at + 4 + packet.readUInt16BE(at + 2) * 4;
}

function derive(master: Buffer, salt: Buffer, label: number, bytes: number): Buffer {
  const iv = Buffer.alloc(16);
  salt.copy(iv);
  iv[7] = (iv[7] ?? 0) ^ label;
  return createCipheriv(master.length === 32 ? 'aes-256-ctr' : 'aes-128-ctr', master, iv).update(Buffer.alloc(bytes));
}
