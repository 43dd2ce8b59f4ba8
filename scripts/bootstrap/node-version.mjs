import { SetupError } from './say.mjs';

/**
 * @param {string} actual as `process.versions.node`: `20.19.1`
 * @param {string} range as package.json's `engines.node`; only `>=MAJOR.MINOR.PATCH` is understood
 * @returns {boolean}
 */
export function satisfies(actual, range) {
  const wanted = /^>=(\d+)\.(\d+)\.(\d+)$/.exec(range);
  if (!wanted) throw new TypeError(`engines.node is "${range}": write it as >=MAJOR.MINOR.PATCH`);
  const have = actual.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, digits] of wanted.slice(1).entries()) {
    const difference = (have[index] ?? 0) - Number(digits);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * @param {string} range
 * @param {string} [actual]
 * @throws {SetupError} when this Node is too old
 */
export function checkNodeVersion(range, actual = process.versions.node) {
  if (satisfies(actual, range)) return;
  throw new SetupError(
    `Portvakt needs Node ${range.slice(2)} or later, and this is Node ${actual} (${process.execPath}): install a newer one and try again`,
  );
}
