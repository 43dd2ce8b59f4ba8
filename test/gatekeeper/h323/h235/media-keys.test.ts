import { describe, expect, it } from 'vitest';
import type { ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { ClearToken as ClearTokenType } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { codec } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import type { BitString } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { agreedHalfKey, type DhGroupName, encryptionTokens, KeyAgreement } from '../../../../src/gatekeeper/h323/h235/key-agreement.js';
import { answersEncryption, offersEncryption } from '../../../../src/gatekeeper/h323/h235/media-keys.js';

const clearToken = codec(ClearTokenType, 'ClearToken');

/** As it comes from the wire. */
const sent = (tokens: readonly ClearToken[]): readonly ClearToken[] => tokens.map((token) => clearToken.decode(clearToken.encode(token)));

const number = (bits: number): BitString => ({ bytes: Buffer.alloc(bits / 8, 0xa5), length: bits });
const nothing: BitString = { bytes: Buffer.alloc(0), length: 0 };

/** A half key of so many bits, without or with its prime. */
const half = (tokenOID: string, bits: number, modSize: BitString = nothing): ClearToken => ({
  tokenOID,
  dhkey: { halfkey: number(bits), modSize, generator: nothing },
});

const version3: ClearToken = { tokenOID: '0.0.8.235.0.3.24' };
const cat: ClearToken = { tokenOID: '1.2.840.113548.10.1.2.1', timeStamp: 1, random: 1, generalID: 'norr1' };

describe('Setup', () => {
  it.each([
    ['0.0.8.235.0.3.43', 1024, 'DH-1024', 'AES-128'],
    ['0.0.8.235.0.2.43', 1024, 'DH-1024', 'AES-128'],
    ['0.0.8.235.0.3.44', 1536, 'DH-1536', 'AES-128'],
    ['0.0.8.235.0.3.45', 2048, 'DH-2048', 'AES-256'],
  ] as const)('offers %s', (oid, bits, group, cipher) => {
    expect(offersEncryption([version3, half(oid, bits)], 'norr1')).toEqual({ ok: true, group, bits, cipher });
    expect(offersEncryption([half(oid, bits)], 'norr1')).toMatchObject({ ok: true });
  });

  it('offers the strongest of several', () => {
    const tokens = [half('0.0.8.235.0.3.43', 1024), half('0.0.8.235.0.3.45', 2048), half('0.0.8.235.0.3.44', 1536)];
    expect(offersEncryption(tokens, 'norr1')).toMatchObject({ group: 'DH-2048' });
  });

  it('offers a group of its own, when its prime is long enough', () => {
    expect(offersEncryption([half('0.0.8.235.0.3.40', 1024, number(1024))], 'norr1')).toMatchObject({ ok: true, bits: 1024 });
    expect(offersEncryption([half('0.0.8.235.0.3.40', 512, number(512))], 'norr1')).toEqual({
      ok: false,
      sentence: 'Setup offers an H.235 key agreement of 512 bits, and AES-128 needs 1024: switch on AES, not DES, on norr1',
    });
    expect(offersEncryption([half('0.0.8.235.0.3.40', 1024)], 'norr1')).toMatchObject({ ok: false });
  });

  it.each([[undefined], [[]], [[version3]], [[version3, cat]]])('offers nothing with %j', (tokens) => {
    expect(offersEncryption(tokens, 'the endpoint norr1')).toEqual({
      ok: false,
      sentence: 'Setup carries no H.235 key agreement: switch on encryption (AES-128 or better) on the endpoint norr1',
    });
  });

  it('is not believed when it calls 512 bits DH-1024', () => {
    expect(offersEncryption([half('0.0.8.235.0.3.43', 512, number(512))], 'norr1')).toMatchObject({ ok: false });
    const padded = { bytes: Buffer.concat([Buffer.alloc(64), Buffer.alloc(64, 0xa5)]), length: 1024 };
    expect(offersEncryption([half('0.0.8.235.0.3.43', 1024, padded)], 'norr1')).toMatchObject({ ok: false });
  });

  it.each([
    ['none', nothing],
    ['0', { bytes: Buffer.alloc(128), length: 1024 }],
    ['1', { bytes: Buffer.concat([Buffer.alloc(127), Buffer.from([1])]), length: 1024 }],
  ])('needs a half key, not %s', (_, halfkey) => {
    const token = { tokenOID: '0.0.8.235.0.3.43', dhkey: { halfkey, modSize: nothing, generator: nothing } };
    expect(offersEncryption([token], 'norr1')).toEqual({
      ok: false,
      sentence: 'Setup offers an H.235 key agreement without a usable half key: restart or update norr1',
    });
    expect(offersEncryption([{ tokenOID: '0.0.8.235.0.3.43' }], 'norr1')).toMatchObject({ ok: false });
  });
});

describe('Connect', () => {
  const offered = [version3, half('0.0.8.235.0.3.43', 1024), half('0.0.8.235.0.3.44', 1536)];

  it('answers one of the groups', () => {
    expect(answersEncryption(offered, [version3, half('0.0.8.235.0.3.44', 1536)], 'syd1')).toEqual({
      ok: true,
      group: 'DH-1536',
      bits: 1536,
      cipher: 'AES-128',
    });
  });

  it.each([[undefined], [[]], [[version3]]])('answers nothing with %j', (tokens) => {
    expect(answersEncryption(offered, tokens, 'syd1')).toEqual({
      ok: false,
      sentence: 'Connect carries no H.235 key agreement: switch on encryption (AES-128 or better) on syd1',
    });
  });

  it('may not answer what was not offered', () => {
    expect(answersEncryption(offered, [half('0.0.8.235.0.3.45', 2048)], 'syd1')).toEqual({
      ok: false,
      sentence: 'Connect answers a key agreement that Setup did not offer (DH-2048): restart or update syd1',
    });
    expect(answersEncryption([version3], [half('0.0.8.235.0.3.43', 1024)], 'syd1')).toMatchObject({ ok: false });
  });

  it('may not choose the weak one', () => {
    const own = half('0.0.8.235.0.3.40', 512, number(512));
    expect(answersEncryption([...offered, own], [own], 'syd1')).toMatchObject({ ok: false, sentence: expect.stringContaining('512 bits') });
    // The prime is the offer's when the answer leaves it out.
    expect(answersEncryption([...offered, own], [half('0.0.8.235.0.3.40', 512)], 'syd1')).toMatchObject({ ok: false });
    const strong = half('0.0.8.235.0.3.40', 1024, number(1024));
    expect(answersEncryption([strong], [half('0.0.8.235.0.3.40', 1024)], 'syd1')).toMatchObject({ ok: true, bits: 1024 });
  });

  it('counts as the weakest of its answers', () => {
    const weak = half('0.0.8.235.0.3.40', 512, number(512));
    const strong = half('0.0.8.235.0.3.43', 1024);
    for (const answers of [
      [weak, strong],
      [strong, weak],
    ]) {
      const verdict = answersEncryption([...offered, weak], answers, 'syd1');
      expect(verdict).toMatchObject({ ok: false, sentence: expect.stringContaining('512 bits') });
    }
    expect(answersEncryption(offered, [strong, half('0.0.8.235.0.3.44', 1536)], 'syd1')).toMatchObject({ ok: true, group: 'DH-1024' });
    // What was not offered cannot be used.
    expect(answersEncryption(offered, [weak, strong], 'syd1')).toMatchObject({ ok: true, group: 'DH-1024' });
  });

  it('may not answer with a half key that is none', () => {
    const empty = { tokenOID: '0.0.8.235.0.3.43', dhkey: { halfkey: nothing, modSize: nothing, generator: nothing } };
    expect(answersEncryption(offered, [empty], 'syd1')).toMatchObject({ ok: false, sentence: expect.stringContaining('usable half key') });
  });
});

describe('a key agreement', () => {
  it.each(['DH-1024', 'DH-1536', 'DH-2048', 'DH-4096'] as const)(
    'of two ends comes to one secret through their tokens (%s)',
    (name: DhGroupName) => {
      const caller = new KeyAgreement(name);
      const called = new KeyAgreement(name);
      const setup = sent(encryptionTokens([caller]));
      const connect = sent(encryptionTokens([called]));
      const bits = Number(name.slice(3));
      expect(offersEncryption(setup, 'norr1')).toMatchObject({ ok: true, group: name, bits });
      expect(answersEncryption(setup, connect, 'syd1')).toMatchObject({ ok: true, group: name, bits });
      const there = agreedHalfKey([caller], connect);
      const here = agreedHalfKey([called], setup);
      const secret = there?.agreement.secretWith(there.peer);
      expect(secret?.length).toBe(bits / 8);
      expect(here && secret?.equals(here.agreement.secretWith(here.peer))).toBe(true);
    },
  );

  it('is that of RFC 2409 §6.2: an end computed elsewhere comes to the same', () => {
    // Python: b = int('0123456789abcdef' * 8, 16); pow(2, b, p)
    const p = BigInt(
      '0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff',
    );
    const exponent = BigInt(`0x${'0123456789abcdef'.repeat(8)}`);
    const halfkey =
      'b0ffe37fcd2f26a1ee6f97f07c1806e9af8fe0034ea41920a627fc2beca6564d15f3ac5d1e1e9f37d2330e5310b58b3730a48b97ac86975faad413ac360367d0a908eb1e1e15b8c1b39c58cf5921fac88039b8527ed9814ccd32ce84a5bf1ab7b6918f1099e256fac9be71066c0a04f58b35971c1ad9fd8577d9b52066538824';
    const ours = new KeyAgreement('DH-1024');
    const set = ours.token.dhkey;
    expect(Buffer.from(set?.modSize.bytes ?? []).toString('hex')).toBe(p.toString(16));
    expect(Buffer.from(set?.generator.bytes ?? []).toString('hex')).toBe('2'.padStart(256, '0'));
    const peer = {
      tokenOID: '0.0.8.235.0.3.43',
      dhkey: { halfkey: { bytes: Buffer.from(halfkey, 'hex'), length: 1024 }, modSize: nothing, generator: nothing },
    };
    const public1 = BigInt(`0x${Buffer.from(set?.halfkey.bytes ?? []).toString('hex')}`);
    expect(ours.secretWith(peer).toString('hex')).toBe(power(public1, exponent, p).toString(16).padStart(256, '0'));
  });

  it('has no secret with a half key that is none', () => {
    const ours = new KeyAgreement('DH-1024');
    const prime = ours.token.dhkey?.modSize ?? nothing;
    const one = { bytes: Buffer.concat([Buffer.alloc(127), Buffer.from([1])]), length: 1024 };
    for (const halfkey of [nothing, one, { bytes: Buffer.alloc(128), length: 1024 }, prime, number(2048)]) {
      expect(() => ours.secretWith({ tokenOID: '0.0.8.235.0.3.43', dhkey: { halfkey, modSize: nothing, generator: nothing } })).toThrow();
    }
  });

  it('of two groups is none', () => {
    const ours = new KeyAgreement('DH-1024');
    expect(() => ours.secretWith(new KeyAgreement('DH-1536').token)).toThrow('another group');
    expect(agreedHalfKey([ours], sent(encryptionTokens([new KeyAgreement('DH-1536')])))).toBeUndefined();
    expect(agreedHalfKey([ours], undefined)).toBeUndefined();
  });
});

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % modulus) {
    if (left & 1n) result = (result * square) % modulus;
  }
  return result;
}
