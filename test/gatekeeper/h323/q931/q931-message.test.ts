import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeQ931,
  encodeQ931,
  findElement,
  MAX_CALL_REFERENCE,
  Q931Error,
  type Q931Message,
} from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import { capturedMessages, captureNames } from '../../../support/h323-captures.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const content = (text: string) => hex(text);

describe('decodeQ931', () => {
  it('reads a Setup', () => {
    expect(decodeQ931(hex('08 02 52 01 05 04 03 80 90 a5 a1 70 03 81 31 32 7e 00 02 05 20'))).toEqual({
      callReference: 0x5201,
      fromDestination: false,
      type: 'setup',
      elements: [
        { codeset: 0, id: 0x04, content: content('80 90 a5') },
        { codeset: 0, id: 0xa1, content: content('') },
        { codeset: 0, id: 0x70, content: content('81 31 32') },
        { codeset: 0, id: 0x7e, content: content('05 20') },
      ],
    });
  });

  it.each([
    ['01', 'alerting'],
    ['02', 'callProceeding'],
    ['03', 'progress'],
    ['07', 'connect'],
    ['0d', 'setupAcknowledge'],
    ['5a', 'releaseComplete'],
    ['62', 'facility'],
    ['6e', 'notify'],
    ['75', 'statusInquiry'],
    ['7b', 'information'],
    ['7d', 'status'],
    ['33', { unknown: 0x33 }],
  ])('knows message type %s, and writes it again', (code, type) => {
    const bytes = hex(`08 02 ff ff ${code}`);
    const message = decodeQ931(bytes);
    expect(message).toEqual({ callReference: MAX_CALL_REFERENCE, fromDestination: true, type, elements: [] });
    expect(encodeQ931(message)).toEqual(bytes);
  });

  it('keeps codesets apart: what is not of codeset 0 is carried, and found by nobody (Q.931 §4.5.2, §4.5.3)', () => {
    // A user-user of codeset 5 has a length of one octet; the non-locking shift holds for one element.
    const bytes = hex('08 02 00 01 62 9e 28 01 41 28 01 42 95 7e 02 05 06 28 01 43 90 28 01 44');
    const message = decodeQ931(bytes);
    expect(message.elements.map(({ codeset, id }) => [codeset, id])).toEqual([
      [0, 0x9e],
      [6, 0x28],
      [0, 0x28],
      [0, 0x95],
      [5, 0x7e],
      [5, 0x28],
      [5, 0x90],
      [0, 0x28],
    ]);
    expect(findElement(message, 0x28)?.content).toEqual(content('42'));
    expect(findElement(message, 0x7e)).toBeUndefined();
    expect(encodeQ931(message)).toEqual(bytes);
  });

  it.each([
    ['08 02 00 01', 'A message of 4 bytes is shorter than the header of Q.931'],
    ['09 02 00 01 05', 'The protocol discriminator is 9, not 8'],
    ['08 01 01 05 04', 'The call reference says that it has 1 octets'],
    ['08 02 00 01 05 28 02 41', 'Information element 0x28 says that it has 2 octets, and the message has 1 left'],
    ['08 02 00 01 05 28', 'Information element 0x28 says that it has 0 octets, and the message has 0 left'],
    ['08 02 00 01 05 7e 00', 'Information element 0x7e says that it has 0 octets, and the message has 0 left'],
    ['08 02 00 01 05 7e 01 00 05', 'Information element 0x7e says that it has 256 octets, and the message has 1 left'],
  ])('says what is wrong with %s', (bytes, why) => {
    expect(() => decodeQ931(hex(bytes))).toThrow(why);
  });

  it('reads 256 elements and no more', () => {
    expect(decodeQ931(Buffer.from(`0802000105${'a1'.repeat(256)}`, 'hex')).elements.length).toBe(256);
    expect(() => decodeQ931(Buffer.from(`0802000105${'a1'.repeat(257)}`, 'hex'))).toThrow('more than 256 information elements');
  });

  it('reads every message of the captures, and writes the same bytes', () => {
    const counts = captureNames.map((name) => {
      const { signalling } = capturedMessages(name);
      for (const bytes of signalling) expect(encodeQ931(decodeQ931(bytes)).equals(bytes)).toBe(true);
      return signalling.length;
    });
    expect(counts).toEqual([27, 9, 9, 0]);
  });

  it('withstands 20,000 messages that somebody bent', () => {
    const seeds = captureNames.flatMap((name) => capturedMessages(name).signalling.map((bytes) => Buffer.from(bytes)));
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    let read = 0;
    for (let i = 0; i < 20_000; i++) {
      const seed = seeds[i % seeds.length] ?? Buffer.alloc(5);
      const bent = Buffer.from(seed.subarray(0, random(8) === 0 ? random(seed.length) : seed.length));
      for (let bends = 1 + random(4); bends > 0 && bent.length > 0; bends--) bent[random(Math.min(bent.length, 60))] = random(256);
      try {
        const message = decodeQ931(bent);
        expect(encodeQ931(message).equals(bent)).toBe(true);
        read++;
      } catch (error) {
        if (!(error instanceof Q931Error)) throw error;
      }
    }
    expect(read).toBeGreaterThan(2_000);
  });
});

describe('encodeQ931', () => {
  const message: Q931Message = { callReference: 1, fromDestination: false, type: 'facility', elements: [] };

  it('refuses what its fields cannot hold', () => {
    expect(() => encodeQ931({ ...message, callReference: 32_768 })).toThrow('0 to 32767, not 32768');
    expect(() => encodeQ931({ ...message, callReference: 1.5 })).toThrow(Q931Error);
    const long = { codeset: 0, id: 0x28, content: new Uint8Array(256) };
    expect(() => encodeQ931({ ...message, elements: [long] })).toThrow('Information element 0x28 cannot hold 256 octets');
    expect(() => encodeQ931({ ...message, elements: [{ ...long, id: 0x7e }] })).not.toThrow();
    expect(() => encodeQ931({ ...message, elements: [{ ...long, id: 0x7e, content: new Uint8Array(65_536) }] })).toThrow(Q931Error);
  });

  it('writes what decoding gives back', () => {
    const element = fc.record({
      codeset: fc.constant(0),
      // Without shifts: they would change what comes after them.
      id: fc.integer({ min: 0, max: 255 }).filter((id) => (id & 0xf0) !== 0x90),
      content: fc.uint8Array({ maxLength: 255 }),
    });
    const elements = fc.array(
      element.map((one) => (one.id > 0x7f ? { ...one, content: new Uint8Array() } : one)),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(elements, fc.nat({ max: MAX_CALL_REFERENCE }), fc.boolean(), (all, callReference, fromDestination) => {
        const read = decodeQ931(encodeQ931({ callReference, fromDestination, type: 'connect', elements: all }));
        expect({ ...read, elements: read.elements.map((one) => ({ ...one, content: Uint8Array.from(one.content) })) }).toEqual({
          callReference,
          fromDestination,
          type: 'connect',
          elements: all.map((one) => ({ ...one, content: Uint8Array.from(one.content) })),
        });
      }),
    );
  });
});
