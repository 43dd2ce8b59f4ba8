import { type Fields, UNKNOWN } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, type Compile, kindOf } from './coder.js';
import { asOctets, readOctets, writeOctets } from './compile-octets.js';
import { readOpenType, writeOpenType } from './open-type.js';
import { refuse, within } from './per-error.js';
import { type Property, propertiesOf } from './property.js';

interface Field extends Property {
  readonly name: string;
  readonly coder: Coder;
  /** Has a bit in the preamble (X.691 §19.2). */
  readonly optional: boolean;
  /** Undefined: none. */
  readonly defaultValue: unknown;
}

type Value = Record<PropertyKey, unknown>;
type Unknown = readonly (Uint8Array | undefined)[];

/** SEQUENCE (X.691 §19): extension bit, a bit for each optional field, the fields, the additions. */
export function sequenceCoder(fields: Fields, extensions: Fields | undefined, compile: Compile): Coder {
  const roots = listOf(fields, compile);
  const additions = extensions && additionsCoder(listOf(extensions, compile));
  const optional = roots.filter((field) => field.optional).length;
  const preambleBits = optional + (additions ? 1 : 0);

  function encode(writer: BitWriter, value: unknown): void {
    if (typeof value !== 'object' || value === null) refuse(`an object with the fields of the sequence is needed, not ${kindOf(value)}`);
    const given = value as Value;
    writer.enter();
    const preamble = writer.zeros(preambleBits);
    let bit = preamble + preambleBits - optional;
    let name = '';
    try {
      for (const field of roots) {
        name = field.name;
        const content = field.get(given);
        if (field.optional) {
          if (isPresent(field, content)) {
            writer.set(bit);
            field.coder.encode(writer, content);
          }
          bit++;
        } else field.coder.encode(writer, content);
      }
    } catch (error) {
      throw within(error, `.${name}`);
    }
    if (additions?.encode(writer, given)) writer.set(preamble);
    writer.leave();
  }

  function decode(reader: BitReader): unknown {
    const value: Value = {};
    reader.enter();
    const extended = additions !== undefined && reader.boolean();
    let bit = reader.skip(optional);
    let name = '';
    try {
      for (const field of roots) {
        name = field.name;
        if (!field.optional || reader.isSet(bit++)) field.set(value, field.coder.decode(reader));
        else if (field.defaultValue !== undefined) field.set(value, field.defaultValue);
      }
    } catch (error) {
      throw within(error, `.${name}`);
    }
    if (extended) additions.decode(reader, value);
    reader.leave();
    return value;
  }

  return { encode, decode };
}

/** X.691 §19.6 to 9: a bit for each addition and, as open types, those that are there. */
function additionsCoder(known: readonly Field[]) {
  /** How many bits the bitmap needs, to the last addition that is there; 0 for none. */
  function extentOf(value: Value): number {
    const unknown = value[UNKNOWN] as Unknown | undefined;
    if (unknown) {
      for (let index = unknown.length; index > 0; index--) if (unknown[index - 1]) return known.length + index;
    }
    for (let index = known.length; index > 0; index--) {
      const field = known[index - 1] as Field;
      if (isPresent(field, field.get(value))) return index;
    }
    return 0;
  }

  /**
   * Says whether there are any. The bitmap ends with the last addition that is there, not with the last that we know: to a reader this is
   * what an older version of the type looks like, and what the common stacks write.
   */
  function encode(writer: BitWriter, value: Value): boolean {
    const extent = extentOf(value);
    if (extent === 0) return false;
    writer.smallLength(extent);
    const bits = writer.zeros(extent);
    let name = '';
    try {
      for (let index = 0; index < extent && index < known.length; index++) {
        const field = known[index] as Field;
        name = field.name;
        const content = field.get(value);
        if (!isPresent(field, content)) continue;
        writer.set(bits + index);
        writeOpenType(writer, field.coder, content);
      }
    } catch (error) {
      throw within(error, `.${name}`);
    }
    if (extent > known.length) encodeUnknown(writer, value[UNKNOWN] as Unknown, bits + known.length);
    return true;
  }

  function encodeUnknown(writer: BitWriter, unknown: Unknown, bits: number): void {
    for (const [index, octets] of unknown.entries()) {
      if (!octets) continue;
      writer.set(bits + index);
      writeOctets(writer, asOctets(octets));
    }
  }

  function decode(reader: BitReader, value: Value): void {
    const extent = reader.smallLength();
    const bits = reader.skip(extent);
    let name = '';
    try {
      for (let index = 0; index < extent && index < known.length; index++) {
        if (!reader.isSet(bits + index)) continue;
        const field = known[index] as Field;
        name = field.name;
        field.set(value, readOpenType(reader, field.coder));
      }
    } catch (error) {
      throw within(error, `.${name}`);
    }
    if (extent > known.length) decodeUnknown(reader, value, bits + known.length, extent - known.length);
  }

  function decodeUnknown(reader: BitReader, value: Value, bits: number, count: number): void {
    const unknown: (Uint8Array | undefined)[] = [];
    for (let index = 0; index < count; index++) {
      if (!reader.isSet(bits + index)) continue;
      while (unknown.length < index) unknown.push(undefined);
      unknown.push(readOctets(reader));
    }
    if (unknown.length > 0) value[UNKNOWN] = unknown;
  }

  return { encode, decode };
}

function isPresent(field: Field, content: unknown): boolean {
  return content !== undefined && (field.defaultValue === undefined || content !== field.defaultValue);
}

function listOf(fields: Fields, compile: Compile): Field[] {
  const properties = propertiesOf(Object.keys(fields));
  return Object.entries(fields).map(([name, field], index) => {
    const { get, set } = properties[index] as Property;
    const defaultValue = 'defaulted' in field ? field.value : undefined;
    const optional = 'optional' in field || 'defaulted' in field;
    const type = 'optional' in field ? field.optional : 'defaulted' in field ? field.defaulted : field;
    return { name, get, set, coder: compile(type), optional, defaultValue };
  });
}
