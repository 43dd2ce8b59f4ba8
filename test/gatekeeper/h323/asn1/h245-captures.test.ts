import { describe, expect, it } from 'vitest';
import { openLogicalChannel, readH245, writeH245 } from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { capturedH245 } from './captured-h245.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const ONCE_A_LEG_AND_SIDE = {
  'request.masterSlaveDetermination': 4,
  'request.openLogicalChannel': 4,
  'request.terminalCapabilitySet': 4,
  'response.masterSlaveDeterminationAck': 4,
  'response.openLogicalChannelAck': 4,
  'response.terminalCapabilitySetAck': 4,
};

/** How many messages of each kind. */
function kinds(pdus: readonly Uint8Array[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const bytes of pdus) {
    const { kind } = readH245(bytes);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

function rewritten(bytes: Uint8Array): string {
  const { message } = readH245(bytes);
  return message ? hex(writeH245(message)) : 'unreadable';
}

describe('H.245 of another stack', () => {
  it('reads and writes again what is tunnelled in call signalling', () => {
    const { tunnelled, separate } = capturedH245('plain-tunnelled');
    expect(separate).toEqual([]);
    // A call of two legs: each message goes into the gatekeeper and out again. One end hung up without waiting for the other's end of session.
    expect(kinds(tunnelled)).toEqual({ ...ONCE_A_LEG_AND_SIDE, 'command.endSessionCommand': 3 });
    expect(tunnelled.map(rewritten)).toEqual(tunnelled.map(hex));
  });

  it('reads and writes again what has a connection of its own', () => {
    const { tunnelled, separate } = capturedH245('separate-h245');
    expect(tunnelled).toEqual([]);
    expect(kinds(separate)).toEqual({ ...ONCE_A_LEG_AND_SIDE, 'command.endSessionCommand': 4 });
    expect(separate.map(rewritten)).toEqual(separate.map(hex));
  });

  it('reads and writes again the channels of a fast start', () => {
    const { tunnelled, separate, fastStart } = capturedH245('fast-start');
    expect([tunnelled, separate]).toEqual([[], []]);
    const channels = fastStart.map((bytes) => openLogicalChannel.decode(bytes));
    expect(channels).toHaveLength(12);
    expect(channels.map((channel) => hex(openLogicalChannel.encode(channel)))).toEqual(fastStart.map(hex));
  });
});
