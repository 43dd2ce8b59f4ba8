import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import type { Coder } from './coder.js';
import { asOctets, readOctets, writeOctets } from './compile-octets.js';
import { FRAGMENT } from './limits.js';

/** An open type whose content is not known: its octets (X.691 §11.2). */
export const opaqueCoder: Coder = {
  encode: (writer, value) => writeOctets(writer, asOctets(value)),
  decode: readOctets,
};

/** An open type of which the content is known. */
export function openTypeCoder(content: Coder): Coder {
  return {
    encode: (writer, value) => writeOpenType(writer, content, value),
    decode: (reader) => readOpenType(reader, content),
  };
}

/** A value behind its length: what an extension addition is, and an alternative behind the extension marker. */
export function writeOpenType(writer: BitWriter, content: Coder, value: unknown): void {
  const at = writer.openOpenType();
  content.encode(writer, value);
  writer.closeOpenType(at);
}

/** What follows the value inside its length is ignored: a newer peer may have more to say there than we know. */
export function readOpenType(reader: BitReader, content: Coder): unknown {
  const { bytes, end } = reader;
  const before = reader.bit;
  const count = reader.length();
  if (count < FRAGMENT) {
    const at = reader.skip(count * 8);
    const after = reader.bit;
    reader.bit = at;
    reader.end = after;
    const value = content.decode(reader);
    reader.bit = after;
    reader.end = end;
    return value;
  }
  reader.bit = before;
  const joined = readOctets(reader);
  const after = reader.bit;
  reader.bytes = joined;
  reader.bit = 0;
  reader.end = joined.length * 8;
  const value = content.decode(reader);
  reader.bytes = bytes;
  reader.bit = after;
  reader.end = end;
  return value;
}
