import { type Codec, PerError } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';

/** What came of a message, for counting. */
export type Outcome = 'read' | 'refused';

/**
 * Reads bytes and checks what must hold for every input: nothing is thrown but a PerError; what was read can be written, and what is written is read
 * and written again, the same.
 */
export function exercise(codec: Codec<unknown>, bytes: Uint8Array): Outcome {
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    if (error instanceof PerError && error.path !== '' && error.bit !== undefined) return 'refused';
    throw error;
  }
  const written = codec.encode(value);
  if (!codec.encode(codec.decode(written)).equals(written)) throw new Error('written again, it is not the same');
  return 'read';
}
