import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type DigestCredentials,
  DigestVerifier,
  digestResponse,
  formatDigestChallenge,
  readCredentials,
  sameResource,
} from '../../../src/gatekeeper/sip/digest.js';

const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

describe('digestResponse', () => {
  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('gives the example of RFC 7616 §3.9.1 for %s', (algorithm, expected) => {
    expect(digestResponse({ ...mufasa, algorithm }, 'GET', 'Circle of Life')).toBe(expected);
  });

  test('-sess mixes nonce and cnonce into the first hash', () => {
    // RFC 7616 §3.4.2, taken apart: H(H(user:realm:password):nonce:cnonce) as the "password hash" of the same formula.
    const plain = digestResponse({ ...mufasa, algorithm: 'MD5' }, 'GET', 'Circle of Life');
    const session = digestResponse({ ...mufasa, algorithm: 'MD5-sess' }, 'GET', 'Circle of Life');
    expect(session).toBe('e783283f46242139c486a698fec7211d');
    expect(session).not.toBe(plain);
  });

  test('user and password outside ASCII count by their UTF-8 bytes', () => {
    const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
    const ha1 = sha256(`Åsa:${mufasa.realm}:åäö€`);
    const expected = sha256(`${ha1}:${mufasa.nonce}:00000001:${mufasa.cnonce}:auth:${sha256(`GET:${mufasa.uri}`)}`);
    // The user name comes from a message and is bytes already; the password comes from the plan and is text.
    const username = Buffer.from('Åsa', 'utf8').toString('latin1');
    expect(digestResponse({ ...mufasa, username, algorithm: 'SHA-256' }, 'GET', 'åäö€')).toBe(expected);
  });
});

describe('DigestVerifier', () => {
  const signed = (change: Partial<DigestCredentials> = {}, method = 'REGISTER', password = 'secret'): DigestCredentials => {
    const input = { ...mufasa, algorithm: 'SHA-256' as const, count: 1, response: '', ...change };
    return { ...input, response: digestResponse(input, method, password) };
  };

  test.each(['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'] as const)('%s: right is right, every time', (algorithm) => {
    const verifier = new DigestVerifier();
    for (const nc of ['00000001', '00000002']) expect(verifier.verify(signed({ algorithm, nc }), 'REGISTER', 'secret')).toBe(true);
  });

  test.each([
    ['password', (good: DigestCredentials) => new DigestVerifier().verify(good, 'REGISTER', 'Secret')],
    ['method', (good: DigestCredentials) => new DigestVerifier().verify(good, 'INVITE', 'secret')],
    ...(['username', 'realm', 'nonce', 'uri', 'cnonce', 'nc', 'response'] as const).map(
      (field) =>
        [
          field,
          (good: DigestCredentials) => new DigestVerifier().verify({ ...good, [field]: `${good[field]}0` }, 'REGISTER', 'secret'),
        ] as const,
    ),
  ] as const)('another %s is wrong', (_, verify) => {
    expect(verify(signed())).toBe(false);
  });

  test('a user that does not exist is wrong, whatever is sent', () => {
    expect(new DigestVerifier().verify(signed({}, 'REGISTER', ''), 'REGISTER', undefined)).toBe(false);
  });

  test('upper-case digits are taken', () => {
    const good = signed();
    expect(new DigestVerifier().verify({ ...good, response: good.response.toUpperCase() }, 'REGISTER', 'secret')).toBe(true);
  });

  test('what is kept does not outlive the password, nor mix users, realms and algorithms', () => {
    const verifier = new DigestVerifier(2);
    expect(verifier.verify(signed(), 'REGISTER', 'secret')).toBe(true);
    expect(verifier.verify(signed(), 'REGISTER', 'changed')).toBe(false);
    expect(verifier.verify(signed({}, 'REGISTER', 'changed'), 'REGISTER', 'changed')).toBe(true);
    expect(verifier.verify(signed({ realm: 'other' }), 'REGISTER', 'secret')).toBe(true);
    for (const username of ['a', 'b', 'c', 'a']) expect(verifier.verify(signed({ username }), 'REGISTER', 'secret')).toBe(true);
    expect(verifier.verify(signed({ algorithm: 'MD5' }), 'REGISTER', 'secret')).toBe(true);
  });
});

describe('readCredentials', () => {
  const good = { username: 'u', realm: 'r', nonce: 'n', uri: 'sip:x', response: 'f', qop: 'auth', cnonce: 'c', nc: '0000000a' };
  const read = (change: Record<string, string | undefined>) =>
    readCredentials(new Map(Object.entries({ ...good, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined)));

  test('reads what it needs; no algorithm is MD5', () => {
    expect(read({})).toMatchObject({ algorithm: 'MD5', count: 10, nc: '0000000a' });
    expect(read({ algorithm: 'sha-256' })).toMatchObject({ algorithm: 'SHA-256' });
  });

  test.each([
    [{ algorithm: 'SHA-512-256' }, 'algorithm'],
    [{ username: undefined }, 'username'],
    [{ username: '' }, 'username'],
    [{ response: undefined }, 'response'],
    [{ qop: undefined }, 'qop'],
    [{ qop: 'auth-int' }, 'qop'],
    [{ cnonce: undefined }, 'cnonce'],
    [{ nc: undefined }, 'nc'],
    [{ nc: '1' }, '8 hexadecimal'],
    [{ nc: '0000000g' }, '8 hexadecimal'],
    [{ nc: '00000000' }, '8 hexadecimal'],
  ])('%o is refused with a sentence', (change, word) => {
    expect(read(change)).toEqual(expect.stringContaining(word));
  });
});

test.each([
  ['sip:norr.example', 'sip:norr.example', true],
  ['sip:NORR.example:5060', 'sip:norr.example;transport=tcp', true],
  ['sip:Anna@norr.example', 'sips:anna@norr.example:5061', true],
  ['sip:anna@norr.example', 'sip:nils@norr.example', false],
  ['sip:anna@norr.example', 'sip:anna@syd.example', false],
  ['sip:norr.example', 'sip:anna@norr.example', false],
  ['/index.html', 'sip:norr.example', false],
])('%s signed, %s asked for: %s', (signed, requested, same) => {
  expect(sameResource(signed, requested)).toBe(same);
});

test('a challenge offers auth alone', () => {
  expect(formatDigestChallenge('SHA-256', 'r', 'n', false)).toBe('Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"');
  expect(formatDigestChallenge('MD5', 'r', 'n', true)).toBe('Digest realm="r", nonce="n", algorithm=MD5, qop="auth", stale=true');
});
