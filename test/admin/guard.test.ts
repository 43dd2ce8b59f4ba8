import { describe, expect, it } from 'vitest';
import { deny, isLoopback } from '../../src/admin/guard.js';

const here = { host: 'localhost:8080' };

describe('deny', () => {
  it.each([
    ['127.0.0.1', { host: '127.0.0.1:8080' }],
    ['::1', { host: '[::1]:8080' }],
    ['::ffff:127.0.0.1', { host: 'LOCALHOST:8080' }],
    ['127.0.0.1', { host: 'localhost', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }],
    ['127.0.0.1', { ...here, 'sec-fetch-site': 'none' }],
  ])('lets somebody on this machine in (%s)', (address, headers) => {
    expect(deny({ address, headers }, undefined)).toBeUndefined();
  });

  it.each([
    ['another machine', '192.0.2.1', here],
    ['no address', undefined, here],
    ['a proxy on this machine', '127.0.0.1', { ...here, 'x-forwarded-for': '192.0.2.1' }],
    ['a proxy on this machine (RFC 7239)', '127.0.0.1', { ...here, forwarded: 'for=192.0.2.1' }],
    ['a web page of another site', '127.0.0.1', { ...here, origin: 'https://evil.example' }],
    ['a web page that tells no origin', '127.0.0.1', { ...here, 'sec-fetch-site': 'cross-site' }],
    ['a page of another port here', '127.0.0.1', { ...here, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
    ['a foreign name that points here', '127.0.0.1', { host: 'evil.example:8080' }],
    ['a name that begins like ours', '127.0.0.1', { host: '127.0.0.1.evil.example' }],
    ['no name', '127.0.0.1', {}],
  ])('keeps %s out without a token', (_who, address, headers) => {
    expect(deny({ address, headers }, undefined)).toMatchObject({ status: 403 });
  });

  it('lets the token in from anywhere, and no other', () => {
    const from = (authorization: string | undefined) =>
      deny(
        { address: '192.0.2.1', headers: { host: 'portvakt.example', ...(authorization === undefined ? {} : { authorization }) } },
        'right',
      );
    expect(from('Bearer right')).toBeUndefined();
    expect(from('bearer  right')).toBeUndefined();
    for (const wrong of ['Bearer wrong', 'Bearer right2', 'Bearer ', 'Basic right', undefined])
      expect(from(wrong)).toMatchObject({ status: 401 });
    expect(deny({ address: '127.0.0.1', headers: { ...here, authorization: 'Bearer right' } }, undefined)).toMatchObject({ status: 401 });
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['127.evil.example', false],
    ['::2', false],
    [undefined, false],
  ])('%s: %s', (address, loopback) => {
    expect(isLoopback(address)).toBe(loopback);
  });
});
