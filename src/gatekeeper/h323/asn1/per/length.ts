import type { Size } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import { constrained, type NumberCoder } from './compile-number.js';
import { UNBOUNDED } from './limits.js';
import { refuse } from './per-error.js';

/**
 * The length determinant of a SIZE constraint that bounds it below 64K (X.691 §11.9.4.1): takes no bits where the size is fixed. Undefined
 * where it takes the general form (§11.9.4.2), which may come in fragments.
 */
export function boundedLength(size: Size): NumberCoder | undefined {
  return size.max === undefined || size.max >= UNBOUNDED ? undefined : constrained(size.min, size.max);
}

export function isFixed(size: Size): boolean {
  return size.max === size.min && size.max < UNBOUNDED;
}

/** The size that holds when the extension bit of a SIZE constraint is set: any. */
export const ANY_SIZE: Size = { min: 0, max: undefined, extensible: false };

export function isWithin(size: Size, count: number): boolean {
  return count >= size.min && (size.max === undefined || count <= size.max);
}

export function refuseSize(size: Size, count: number, what: string): never {
  return refuse(`${count} ${what} where ${asWords(size)} are allowed`);
}

/** What was read has a size that the general form of the length can carry, but the constraint does not allow. */
export function checkRead(reader: BitReader, size: Size, count: number, what: string): void {
  if (!isWithin(size, count)) reader.fail(`${count} ${what} where ${asWords(size)} are allowed`);
}

function asWords({ min, max }: Size): string {
  if (max === undefined) return `${min} or more`;
  return min === max ? `${min}` : `${min} to ${max}`;
}
