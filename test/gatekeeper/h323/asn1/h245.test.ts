import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  kindOf,
  MultimediaSystemControlMessage,
  OpenLogicalChannel,
  openLogicalChannel,
  readH245,
  writeH245,
} from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { PerError } from '../../../../src/gatekeeper/h323/asn1/per/per-error.js';
import { arbitraryOf, plain } from '../../../support/asn1-arbitrary.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('H.245', () => {
  it('reads what it wrote, and writes it again to the same bytes', () => {
    fc.assert(
      fc.property(arbitraryOf(MultimediaSystemControlMessage), (message) => {
        const bytes = writeH245(message);
        const read = readH245(bytes);
        expect(read.kind).toBe(kindOf(message));
        expect(plain(read.message)).toEqual(plain(message));
        expect(hex(read.message ? writeH245(read.message) : Buffer.alloc(0))).toBe(hex(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it('reads the channels of a fast start that it wrote', () => {
    fc.assert(
      fc.property(arbitraryOf(OpenLogicalChannel), (channel) => {
        expect(plain(openLogicalChannel.decode(openLogicalChannel.encode(channel)))).toEqual(plain(channel));
      }),
      { numRuns: 500 },
    );
  });

  it('takes any bytes: a message or none, and the bytes as they came', () => {
    const messages = arbitraryOf(MultimediaSystemControlMessage).map(writeH245);
    const broken = fc
      .tuple(messages, fc.nat(), fc.nat({ max: 255 }))
      .map(([bytes, at, octet]) =>
        Buffer.concat([bytes.subarray(0, at % bytes.length), Buffer.of(octet), bytes.subarray((at % bytes.length) + 1)]),
      );
    const short = fc.tuple(messages, fc.nat()).map(([bytes, end]) => bytes.subarray(0, end % bytes.length));
    fc.assert(
      fc.property(fc.oneof(broken, short, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const read = readH245(bytes);
        expect(read.bytes).toBe(bytes);
        expect(read.kind === 'opaque').toBe(read.message === undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('knows the kind of a message, and passes on one that is newer than it', () => {
    expect(
      readH245(writeH245({ type: 'command', value: { type: 'endSessionCommand', value: { type: 'disconnect', value: null } } })),
    ).toMatchObject({
      kind: 'command.endSessionCommand',
    });
    const newer = { type: 'request', value: { type: 'unknown', index: 9, value: Buffer.from('a1b2', 'hex') } } as const;
    const bytes = writeH245(newer);
    const read = readH245(bytes);
    expect(read.kind).toBe('request.unknown');
    expect(hex(writeH245(read.message ?? newer))).toBe(hex(bytes));
    expect(readH245(Buffer.alloc(0))).toMatchObject({ kind: 'opaque', message: undefined });
  });

  it('says which field breaks a constraint', () => {
    const write = () =>
      writeH245({
        type: 'request',
        value: { type: 'masterSlaveDetermination', value: { terminalType: 256, statusDeterminationNumber: 1 } },
      });
    expect(write).toThrow(PerError);
    expect(write).toThrow(/^MultimediaSystemControlMessage\.request\.masterSlaveDetermination\.terminalType: /);
  });
});
