import { describe, expect, it } from 'vitest';
import { h245Message, mayOpenChannel, OPAQUE, readAllH245, UNREAD, writeH245 } from '../../../../src/gatekeeper/h323/asn1/h245.js';

const digit = (pressed: string): Uint8Array =>
  writeH245({ type: 'indication', value: { type: 'userInput', value: { type: 'alphanumeric', value: pressed } } });
const kinds = (bytes: Uint8Array): string[] => readAllH245(bytes).map(({ kind }) => kind);

describe('H.245 messages one behind the other', () => {
  it('are each read, with the octets that are its own', () => {
    const messages = ['1', '22', '#'].map(digit);
    expect(readAllH245(Buffer.concat(messages)).map(({ bytes }) => Buffer.from(bytes))).toEqual(messages);
    expect(h245Message.decodeFirst(Buffer.concat(messages)).length).toBe(messages[0]?.length);
    expect(readAllH245(new Uint8Array(0))).toEqual([]);
  });

  it('end with the first that cannot be read', () => {
    expect(kinds(Buffer.concat([digit('1'), Uint8Array.of(0x03), digit('2')]))).toEqual(['indication.userInput', OPAQUE]);
  });

  it('are not looked at when there are too many', () => {
    const read = readAllH245(Buffer.concat(new Array<Uint8Array>(100).fill(digit('1'))));
    expect(read.length).toBe(65);
    expect(read.at(-1)).toMatchObject({ kind: UNREAD, message: undefined });
    expect(read.filter(mayOpenChannel).length).toBe(1);
  });
});
