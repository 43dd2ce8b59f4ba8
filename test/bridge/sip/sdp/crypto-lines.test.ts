import { describe, expect, it } from 'vitest';
import { chooseCrypto, readCrypto } from '../../../../src/bridge/sip/sdp/crypto-lines.js';
import { key } from '../offers.js';

const sha = key();

describe('a line of SDES', () => {
  it.each([
    ['plain', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}`],
    ['with a lifetime', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}|2^31`],
    ['with a lifetime in digits', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}|1048576`],
    ['in small letters', `1 aes_cm_128_hmac_sha1_80 INLINE:${sha}`],
    ['with tabs', `1\tAES_CM_128_HMAC_SHA1_80\tinline:${sha}`],
  ])('%s is taken', (_, line) => {
    expect(readCrypto(line)).toEqual({ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', key: sha });
  });

  it('gets the padding back that some leave away', () => {
    const gcm = key(28);
    expect(gcm.endsWith('==')).toBe(true);
    expect(readCrypto(`2 AEAD_AES_128_GCM inline:${gcm.replace(/=+$/, '')}`)).toMatchObject({ key: gcm });
  });

  it.each([
    ['with an MKI', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}|2^31|1:1`],
    ['with an MKI alone', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}|1:4`],
    ['with two keys', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}|2^20|1:4;inline:${key()}|2^20|2:4`],
    ['unencrypted', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha} UNENCRYPTED_SRTP`],
    ['unencrypted behind another parameter', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha} KDR=1 UNENCRYPTED_SRTP`],
    ['unauthenticated behind two blanks', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}  UNAUTHENTICATED_SRTP`],
    ['with a parameter behind a tab', `1 AES_CM_128_HMAC_SHA1_80 inline:${sha}\tUNENCRYPTED_SRTCP`],
    ['with a short key', `1 AES_CM_128_HMAC_SHA1_80 inline:${key(16)}`],
    ['with the key of another suite', `1 AEAD_AES_256_GCM inline:${sha}`],
    ['with a short tag', `1 AES_CM_128_HMAC_SHA1_32 inline:${sha}`],
    ['with a tag that is none', `x AES_CM_128_HMAC_SHA1_80 inline:${sha}`],
    ['by URL', '1 AES_CM_128_HMAC_SHA1_80 uri:https://example.com/key'],
    ['of nothing', ''],
  ])('%s is not', (_, line) => {
    expect(readCrypto(line)).toBeUndefined();
  });
});

describe('of several lines', () => {
  const lines = [
    `1 AES_CM_128_HMAC_SHA1_32 inline:${key()}`,
    `2 AES_CM_128_HMAC_SHA1_80 inline:${key()}`,
    `3 AEAD_AES_128_GCM inline:${key(28)}`,
    `4 AEAD_AES_256_GCM inline:${key(44)}`,
  ];

  it('the strongest is chosen', () => {
    expect(chooseCrypto(lines)).toMatchObject({ tag: 4 });
    expect(chooseCrypto(lines.slice(0, 3))).toMatchObject({ tag: 3 });
    expect(chooseCrypto(lines.slice(0, 2))).toMatchObject({ tag: 2 });
    expect(chooseCrypto(lines.slice(0, 1))).toBeUndefined();
  });

  it('only the suite that was offered counts in an answer', () => {
    expect(chooseCrypto(lines, 'AES_CM_128_HMAC_SHA1_80')).toMatchObject({ tag: 2 });
    expect(chooseCrypto(lines.slice(0, 2), 'AEAD_AES_128_GCM')).toBeUndefined();
  });
});
