import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Nonces } from '../../../src/gatekeeper/sip/nonces.js';
import type { NonceStore } from '../../../src/state/store.js';

const NOW = 1_768_478_400_000;

class Asked implements NonceStore {
  readonly asked: [string, number, number][] = [];

  use(nonce: string, nc: number, issuedAt: number): boolean {
    this.asked.push([nonce, nc, issuedAt]);
    return true;
  }
}

test('a nonce tells its time and is signed as RFC 2104 says', () => {
  const key = randomBytes(32);
  const nonces = new Nonces(new Asked(), { key });
  const nonce = nonces.issue(NOW);
  expect(nonce).toMatch(/^[A-Za-z0-9_-]{40}$/);
  expect(nonces.issuedAt(nonce)).toBe(NOW);
  expect(createHmac('sha256', key).update(nonce.slice(0, 20)).digest('base64url').slice(0, 20)).toBe(nonce.slice(20));
});

test('a key longer than a block is hashed first', () => {
  const key = randomBytes(100);
  const nonce = new Nonces(new Asked(), { key }).issue(NOW);
  expect(createHmac('sha256', key).update(nonce.slice(0, 20)).digest('base64url').slice(0, 20)).toBe(nonce.slice(20));
});

test('no two are equal, across the pages of randomness', () => {
  const nonces = new Nonces(new Asked());
  expect(new Set(Array.from({ length: 2000 }, () => nonces.issue(NOW))).size).toBe(2000);
});

test('one changed character anywhere, and it is not ours', () => {
  const store = new Asked();
  const nonces = new Nonces(store);
  const nonce = nonces.issue(NOW);
  for (let at = 0; at < nonce.length; at++) {
    const other = nonce[at] === 'A' ? 'B' : 'A';
    const forged = nonce.slice(0, at) + other + nonce.slice(at + 1);
    expect(nonces.issuedAt(forged)).toBeUndefined();
    expect(nonces.accept(forged, 1, NOW)).toBe('stale');
  }
  for (const forged of ['', nonce.slice(1), `${nonce}A`, nonce.replaceAll(/[-_]/g, '+')]) {
    if (forged !== nonce) expect(nonces.issuedAt(forged)).toBeUndefined();
  }
  expect(store.asked).toEqual([]);
});

test('good for its lifetime, and never from the future', () => {
  const nonces = new Nonces(new Asked(), { lifetimeSeconds: 10 });
  const nonce = nonces.issue(NOW);
  expect([NOW, NOW + 10_000, NOW + 10_001, NOW - 1].map((now) => nonces.accept(nonce, 1, now))).toEqual([
    'fresh',
    'fresh',
    'stale',
    'stale',
  ]);
});

test('the count and the time go to the store, whose word is final', () => {
  const store = new Asked();
  const nonces = new Nonces(store);
  const nonce = nonces.issue(NOW);
  expect(nonces.accept(nonce, 7, NOW + 1)).toBe('fresh');
  expect(store.asked).toEqual([[nonce.slice(8, 20), 7, NOW]]);
  expect(new Nonces({ use: () => false }).accept(nonce, 8, NOW)).toBe('stale');
});

test("another instance's nonce is stale", () => {
  expect(new Nonces(new Asked()).accept(new Nonces(new Asked()).issue(NOW), 1, NOW)).toBe('stale');
});

test('a key too short to sign with is refused', () => {
  expect(() => new Nonces(new Asked(), { key: randomBytes(16) })).toThrow('at least 32');
});
