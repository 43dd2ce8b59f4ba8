import { describe, expect, it } from 'vitest';
import { checkNodeVersion, satisfies } from '../../scripts/bootstrap/node-version.mjs';

describe("Node's version", () => {
  it.each([
    ['20.19.0', true],
    ['20.19.5', true],
    ['20.20.0', true],
    ['22.0.0', true],
    ['20.18.9', false],
    ['18.20.0', false],
    ['9.99.99', false],
  ])('%s is enough for >=20.19.0: %s', (version, expected) => {
    expect(satisfies(version, '>=20.19.0')).toBe(expected);
  });

  it('is refused in a sentence that names both', () => {
    expect(() => checkNodeVersion('>=20.19.0', '18.20.0')).toThrow(/needs Node 20\.19\.0 or later, and this is Node 18\.20\.0/);
  });

  it('is not guessed from a range that is not understood', () => {
    expect(() => satisfies('20.19.0', '^20')).toThrow(TypeError);
  });
});
