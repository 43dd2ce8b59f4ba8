import { describe, expect, it } from 'vitest';
import { H235Key } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { codec } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import { decodeMediaKey, encodeMediaKey } from '../../../../src/gatekeeper/h323/h235/media-key-sync.js';

const AES128 = '2.16.840.1.101.3.4.1.2';
const AES256 = '2.16.840.1.101.3.4.1.42';
const h235Key = codec(H235Key, 'H235Key');
const secret = Buffer.from(Array.from({ length: 128 }, (_, index) => index));

describe('a media key', () => {
  it.each([
    [AES128, 16],
    [AES256, 32],
  ])('under %s comes out as it went in', (algorithmOID, bytes) => {
    const key = Buffer.alloc(bytes, 0x5a);
    const octets = encodeMediaKey({ algorithmOID, key }, secret);
    expect(octets.includes(key)).toBe(false);
    expect(decodeMediaKey(octets, secret)).toEqual({ algorithmOID, key });
    expect(decodeMediaKey(octets, Buffer.alloc(128, 1)).key).not.toEqual(key);
  });

  it('is encrypted with the last bits of the secret', () => {
    // printf 5a...(16) | openssl enc -aes-128-cbc -nopad -K 707172737475767778797a7b7c7d7e7f -iv 0
    const sent = h235Key.decode(encodeMediaKey({ algorithmOID: AES128, key: Buffer.alloc(16, 0x5a) }, secret));
    expect(sent.type === 'secureSharedSecret' && Buffer.from(sent.value.encryptedSessionKey ?? []).toString('hex')).toBe(
      '9028deeba41d2fe035e1bcf0045c3d40',
    );
  });

  it('is read with the initial value that stands beside it', () => {
    const iv16 = Buffer.alloc(16, 9);
    const octets = encodeMediaKey({ algorithmOID: AES128, key: Buffer.alloc(16, 0x5a) }, secret);
    const sent = h235Key.decode(octets);
    if (sent.type !== 'secureSharedSecret') throw new Error(sent.type);
    const moved = h235Key.encode({ ...sent, value: { ...sent.value, paramS: { iv16 } } });
    expect(decodeMediaKey(moved, secret).key).toEqual(Buffer.alloc(16, 0x5a ^ 9));
  });

  it('is refused when it does not suit its cipher, or comes otherwise', () => {
    expect(() => encodeMediaKey({ algorithmOID: AES128, key: Buffer.alloc(32) }, secret)).toThrow('does not suit AES-128-CBC');
    expect(() => encodeMediaKey({ algorithmOID: '1.3.14.3.2.7', key: Buffer.alloc(8) }, secret)).toThrow(RangeError);
    const clear = h235Key.encode({ type: 'secureChannel', value: { bytes: Buffer.alloc(16), length: 128 } });
    expect(() => decodeMediaKey(clear, secret)).toThrow('came as secureChannel');
    const empty = h235Key.encode({ type: 'secureSharedSecret', value: { paramS: {} } });
    expect(() => decodeMediaKey(empty, secret)).toThrow(RangeError);
  });
});
