import type { Alternatives, UnknownAlternative } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, type Compile, kindOf } from './coder.js';
import { constrained } from './compile-number.js';
import { asOctets, readOctets, writeOctets } from './compile-octets.js';
import { readOpenType, writeOpenType } from './open-type.js';
import { refuse, within } from './per-error.js';

interface Alternative {
  readonly name: string;
  readonly index: number;
  readonly extension: boolean;
  readonly coder: Coder;
}

/** CHOICE (X.691 §23). Tags are automatic in the H.323 modules, so that alternatives count in the order of the text. */
export function choiceCoder(alternatives: Alternatives, extensions: Alternatives | undefined, compile: Compile): Coder {
  const roots = listOf(alternatives, false, compile);
  const additions = listOf(extensions ?? {}, true, compile);
  const byName = new Map([...roots, ...additions].map((alternative) => [alternative.name, alternative]));
  const index = constrained(0, roots.length - 1);
  const extensible = extensions !== undefined;

  function encode(writer: BitWriter, value: unknown): void {
    if (typeof value !== 'object' || value === null) refuse(`{ type, value } is needed, not ${kindOf(value)}`);
    const { type } = value as { readonly type?: unknown };
    // Some choices have an alternative that is called `unknown`: it is the index that tells the two apart.
    if (type === 'unknown' && extensible && 'index' in value) {
      encodeUnknown(writer, value as UnknownAlternative);
      return;
    }
    const alternative = byName.get(type as string);
    if (!alternative) refuse(`${typeof type === 'string' ? type : kindOf(type)} is no alternative here`);
    writer.enter();
    try {
      const content = (value as { readonly value?: unknown }).value;
      if (extensible) writer.bits(alternative.extension ? 1 : 0, 1);
      if (alternative.extension) {
        writer.small(alternative.index);
        writeOpenType(writer, alternative.coder, content);
      } else {
        index.encode(writer, alternative.index);
        alternative.coder.encode(writer, content);
      }
    } catch (error) {
      throw within(error, `.${alternative.name}`);
    }
    writer.leave();
  }

  function encodeUnknown(writer: BitWriter, value: UnknownAlternative): void {
    const known = additions.length;
    if (!Number.isSafeInteger(value.index) || value.index < known) refuse(`an unknown alternative is numbered from ${known} on`);
    writer.boolean(true);
    writer.small(value.index);
    writeOctets(writer, asOctets(value.value));
  }

  function decode(reader: BitReader): unknown {
    const extended = extensible && reader.boolean();
    const place = extended ? reader.small() : index.decode(reader);
    const alternative = extended ? additions[place] : roots[place];
    if (!alternative) return { type: 'unknown', index: place, value: readOctets(reader) };
    reader.enter();
    const { name, coder } = alternative;
    try {
      const value = extended ? readOpenType(reader, coder) : coder.decode(reader);
      reader.leave();
      return { type: name, value };
    } catch (error) {
      throw within(error, `.${name}`);
    }
  }

  return { encode, decode };
}

function listOf(alternatives: Alternatives, extension: boolean, compile: Compile): Alternative[] {
  return Object.entries(alternatives).map(([name, type], index) => ({ name, index, extension, coder: compile(type) }));
}
