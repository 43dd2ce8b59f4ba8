import type { Asn1Type, Node } from '../schema.js';
import type { Coder } from './coder.js';
import { bitStringCoder } from './compile-bit-string.js';
import { choiceCoder } from './compile-choice.js';
import { booleanCoder, enumeratedCoder, integerCoder, nullCoder } from './compile-number.js';
import { objectIdentifierCoder } from './compile-object-identifier.js';
import { generalStringCoder, octetStringCoder } from './compile-octets.js';
import { sequenceCoder } from './compile-sequence.js';
import { sequenceOfCoder } from './compile-sequence-of.js';
import { stringCoder } from './compile-string.js';
import { opaqueCoder, openTypeCoder } from './open-type.js';

/** By the node, so that a type which many others use is made ready once. */
const coders = new WeakMap<Node, Coder>();

/** Makes a type ready, and all the types inside it. */
export function compile({ node }: Asn1Type<unknown>): Coder {
  let coder = coders.get(node);
  if (!coder) {
    coder = coderOf(node);
    coders.set(node, coder);
  }
  return coder;
}

function coderOf(node: Node): Coder {
  switch (node.kind) {
    case 'boolean':
      return booleanCoder;
    case 'null':
      return nullCoder;
    case 'integer':
      return integerCoder(node.min, node.max, node.extensible);
    case 'enumerated':
      return enumeratedCoder(node.names, node.extensions);
    case 'octetString':
      return octetStringCoder(node.size);
    case 'bitString':
      return bitStringCoder(node.size);
    case 'objectIdentifier':
      return objectIdentifierCoder();
    case 'string':
      return stringCoder(node.type, node.alphabet, node.size);
    case 'generalString':
      return generalStringCoder;
    case 'openType':
      return node.content ? openTypeCoder(compile(node.content)) : opaqueCoder;
    case 'sequenceOf':
      return sequenceOfCoder(compile(node.element), node.size);
    case 'sequence':
      return sequenceCoder(node.fields, node.extensions, compile);
    case 'choice':
      return choiceCoder(node.alternatives, node.extensions, compile);
    case 'lazy':
      return lazyCoder(node.type);
  }
}

/** Made ready on its first value: by then the type that contains itself is whole. */
function lazyCoder(type: () => Asn1Type<unknown>): Coder {
  let coder: Coder | undefined;
  const inner = (): Coder => {
    coder ??= compile(type());
    return coder;
  };
  return { encode: (writer, value) => inner().encode(writer, value), decode: (reader) => inner().decode(reader) };
}
