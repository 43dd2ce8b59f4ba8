import { describe, expect, it } from 'vitest';
import type { CryptoH323Token } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { makeCatToken, provesCat } from '../../../../src/gatekeeper/h323/h235/cat.js';
import { makeH2351Token, provesH2351, signH2351 } from '../../../../src/gatekeeper/h323/h235/h2351.js';
import { h235Oid, h235Version } from '../../../../src/gatekeeper/h323/h235/object-identifiers.js';
import { makePasswordHash, provesPasswordHash } from '../../../../src/gatekeeper/h323/h235/password-hash.js';
import { NOW, registration } from './messages.js';

const bits = (hex: string) => ({ bytes: Buffer.from(hex, 'hex'), length: hex.length * 4 });

describe('HMAC-SHA1-96 over a message (H.235.1)', () => {
  // Python: hmac.new(sha1('lösen'.encode()).digest(), b'abc' + bytes(12) + b'xyz', sha1)
  const hash = 'ea3732b7a31a8a7b873252d2';
  const message = Buffer.concat([Buffer.from('abc'), Buffer.from(hash, 'hex'), Buffer.from('xyz')]);

  it('is over the message with zeros in place of the hash, under SHA-1 of the password', () => {
    expect(provesH2351(message, bits(hash), 'lösen')).toBe(true);
    expect(provesH2351(message, bits(hash), 'losen')).toBe(false);
  });

  it('needs the hash to stand in the message, and to be of 96 bits', () => {
    expect(provesH2351(Buffer.from('abcxyz'), bits(hash), 'lösen')).toBe(false);
    expect(provesH2351(message, bits(hash.slice(0, 22)), 'lösen')).toBe(false);
    expect(provesH2351(message, { bytes: Buffer.alloc(0), length: 0 }, 'lösen')).toBe(false);
  });

  it('leaves the message as it came', () => {
    const before = Buffer.from(message);
    provesH2351(message, bits(hash), 'lösen');
    provesH2351(message, bits(hash), 'wrong');
    expect(message.equals(before)).toBe(true);
  });

  it('proves nothing when a copy of it stands in front, or everywhere', () => {
    const copied = Buffer.concat([Buffer.from(hash, 'hex'), message]);
    expect(provesH2351(copied, bits(hash), 'lösen')).toBe(false);
    expect(provesH2351(Buffer.alloc(60_000), bits('00'.repeat(12)), 'lösen')).toBe(false);
  });

  it('is over messages of any length', () => {
    // Python: hmac.new(sha1(b'x').digest(), bytes(12) + b'y' * n, sha1)
    const expected = [
      [100, '9686e6e517b161ec03ffbc52'],
      [60_000, '6d16832b2b7d62689aba9dde'],
    ] as const;
    for (const [length, told] of expected) {
      const long = Buffer.concat([Buffer.from(told, 'hex'), Buffer.alloc(length, 'y')]);
      expect(provesH2351(long, bits(told), 'x')).toBe(true);
    }
  });

  it('is put where the token kept its place', () => {
    const token = makeH2351Token({ sendersID: 'norr1', generalID: 'portvakt', now: NOW, random: 3 });
    const unsigned = registration({ cryptoTokens: [token] });
    const signed = Buffer.from(unsigned);
    signH2351(signed, 'hemligt');
    const changed = [...signed.keys()].filter((index) => signed[index] !== unsigned[index]);
    expect(changed.length).toBeGreaterThan(0);
    expect((changed.at(-1) ?? 0) - (changed[0] ?? 0)).toBeLessThan(12);
  });

  it('signs no message without a place for it', () => {
    expect(() => signH2351(registration({}), 'hemligt')).toThrow('carries no H.235.1 token');
  });
});

describe('MD5 over a ClearToken (cryptoEPPwdHash)', () => {
  // Python, PER by hand: md5(61 0001 00 c0 6553f0ff 0a 006c00f6007300650 06e [0000] 06 0061 006e 006e 0061 [0000]) and so on
  const withNul = '2ff3d76f7743851235b775dd187d85ab';
  const without = '29e7262b0d8a818c0b08bf3ba2f2788d';

  it('takes both texts with their closing NUL, as Cisco has it, and without', () => {
    expect(provesPasswordHash(bits(withNul), 'anna', 'lösen', 1_700_000_000)).toBe(true);
    expect(provesPasswordHash(bits(without), 'anna', 'lösen', 1_700_000_000)).toBe(true);
  });

  it('covers the alias, the password and the time', () => {
    expect(provesPasswordHash(bits(withNul), 'anne', 'lösen', 1_700_000_000)).toBe(false);
    expect(provesPasswordHash(bits(withNul), 'anna', 'losen', 1_700_000_000)).toBe(false);
    expect(provesPasswordHash(bits(withNul), 'anna', 'lösen', 1_700_000_001)).toBe(false);
  });

  it('is not fooled by a hash of another length, nor by texts that do not fit a token', () => {
    expect(provesPasswordHash(bits(withNul.slice(0, 24)), 'anna', 'lösen', 1_700_000_000)).toBe(false);
    expect(provesPasswordHash({ bytes: Buffer.alloc(4), length: 128 }, 'anna', 'lösen', 1_700_000_000)).toBe(false);
    expect(provesPasswordHash(bits(withNul), '', 'lösen', 1_700_000_000)).toBe(false);
    expect(provesPasswordHash(bits(withNul), 'anna', 'x'.repeat(128), 1_700_000_000)).toBe(false);
    expect(() => makePasswordHash({ alias: { type: 'h323-ID', value: 'a' }, password: 'x'.repeat(128), now: NOW })).toThrow(RangeError);
  });

  it('is made with the NUL', () => {
    const token = makePasswordHash({ alias: { type: 'h323-ID', value: 'anna' }, password: 'lösen', now: NOW + 999 });
    expect(token).toEqual({
      type: 'cryptoEPPwdHash',
      value: {
        alias: { type: 'h323-ID', value: 'anna' },
        timeStamp: 1_700_000_000,
        token: { algorithmOID: '1.2.840.113549.2.5', paramS: {}, hash: bits(withNul) },
      },
    } satisfies CryptoH323Token);
  });
});

describe('the Cisco access token', () => {
  // Python: md5(bytes([42]) + 'lösen'.encode() + struct.pack('>I', 1700000000))
  const challenge = Buffer.from('f7808c76d728fe21471a3195eba5de62', 'hex');

  it('is MD5 over a byte, the password and the time', () => {
    expect(provesCat(challenge, 'lösen', 1_700_000_000, 42)).toBe(true);
    expect(provesCat(challenge, 'lösen', 1_700_000_000, 43)).toBe(false);
    expect(provesCat(challenge, 'losen', 1_700_000_000, 42)).toBe(false);
    expect(provesCat(challenge, 'lösen', 1_700_000_001, 42)).toBe(false);
    expect(provesCat(challenge.subarray(1), 'lösen', 1_700_000_000, 42)).toBe(false);
  });

  it('is made with a NUL behind the name', () => {
    expect(makeCatToken({ generalID: 'anna', password: 'lösen', now: NOW, random: 42 })).toEqual({
      tokenOID: '1.2.840.113548.10.1.2.1',
      timeStamp: 1_700_000_000,
      random: 42,
      generalID: 'anna\0',
      challenge,
    });
  });

  it('takes the byte with a sign as well', () => {
    const { challenge: made } = makeCatToken({ generalID: 'anna', password: 'x', now: NOW, random: 245 });
    expect(made && provesCat(made, 'x', 1_700_000_000, -11)).toBe(true);
  });
});

describe("H.235's own object identifiers", () => {
  it('are known in every version', () => {
    expect(h235Version('0.0.8.235.0.2.6', '6')).toBe(2);
    expect(h235Version('0.0.8.235.0.1.6', '6')).toBe(1);
    expect(h235Version(h235Oid('43', 3), '43')).toBe(3);
  });

  it.each(['0.0.8.235.0.2.5', '0.0.8.235.0.2.16', '0.0.8.235.0.22.6', '0.0.8.235.0.0.6', '0.0.8.235.0.x.6', '1.2.840.113549.2.6', ''])(
    'are nothing else: %s',
    (oid) => {
      expect(h235Version(oid, '6')).toBeUndefined();
    },
  );
});
