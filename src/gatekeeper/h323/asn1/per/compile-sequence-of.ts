import type { Size } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, kindOf } from './coder.js';
import { ANY_SIZE, boundedLength, checkRead, isWithin, refuseSize } from './length.js';
import { FRAGMENT } from './limits.js';
import { refuse, within } from './per-error.js';

/** SEQUENCE OF and SET OF (X.691 §20 and 22). */
export function sequenceOfCoder(element: Coder, size: Size): Coder {
  const plain = rootCoder(element, size);
  if (!size.extensible) return plain;
  const extended = rootCoder(element, ANY_SIZE);
  return {
    encode(writer, value) {
      const beyond = !isWithin(size, asList(value).length);
      writer.boolean(beyond);
      (beyond ? extended : plain).encode(writer, value);
    },
    decode: (reader) => (reader.boolean() ? extended : plain).decode(reader),
  };
}

function rootCoder(element: Coder, size: Size): Coder {
  const length = boundedLength(size);
  return {
    encode(writer, value) {
      const list = asList(value);
      if (!isWithin(size, list.length)) refuseSize(size, list.length, 'elements');
      writer.enter();
      if (length) {
        length.encode(writer, list.length);
        write(writer, element, list, 0, list.length);
      } else if (list.length < FRAGMENT) {
        writer.length(list.length);
        write(writer, element, list, 0, list.length);
      } else {
        writer.pieces(list.length, (from, count) => write(writer, element, list, from, from + count));
      }
      writer.leave();
    },
    decode(reader) {
      const list: unknown[] = [];
      reader.enter();
      if (length) {
        read(reader, element, list, length.decode(reader));
      } else {
        let count: number;
        do {
          count = reader.length();
          read(reader, element, list, count);
        } while (count >= FRAGMENT);
        checkRead(reader, size, list.length, 'elements');
      }
      reader.leave();
      return list;
    },
  };
}

function write(writer: BitWriter, element: Coder, list: readonly unknown[], from: number, to: number): void {
  let index = from;
  try {
    for (; index < to; index++) element.encode(writer, list[index]);
  } catch (error) {
    throw within(error, `[${index}]`);
  }
}

function read(reader: BitReader, element: Coder, list: unknown[], count: number): void {
  reader.count(count);
  try {
    for (let left = count; left > 0; left--) list.push(element.decode(reader));
  } catch (error) {
    throw within(error, `[${list.length}]`);
  }
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) refuse(`a list is needed, not ${kindOf(value)}`);
  return value;
}
