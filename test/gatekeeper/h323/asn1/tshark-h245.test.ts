import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, MultimediaSystemControlMessage, writeH245 } from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { writeTpkt } from '../../../../src/gatekeeper/h323/q931/tpkt.js';
import { arbitraryOf } from '../../../support/asn1-arbitrary.js';
import { disagreement } from '../../../support/asn1-dissection.js';
import { type DissectedField, dissect } from '../../../support/dissector.js';

const caller = { address: '127.0.0.2', port: 40_000 };
const called = { address: '127.0.0.1', port: 40_001 };
const gatekeeper = { address: '127.0.0.1', port: 1720 };

/** What H.245 has got since the version that tshark 4.0 knows. */
const NEWER = new Set([
  ...['sctp', 'udp-dtls-sctp', 'tcp-dtls-sctp', 'sctp-dtls', 'dataChannel', 'dtlsSecurityCapability', 'nominalAudioLevel'],
  ...['extendedVideoCapability', 'extendedAudioCapability', 'extendedDataApplicationCapability'],
]);

/** Where tshark cannot say whether we are right. */
function beyondTshark(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.some(beyondTshark);
  const fields: Record<string, unknown> = { ...value };
  if (NEWER.has(String(fields.type)) || Object.keys(fields).some((name) => NEWER.has(name))) return true;
  // Read as the message that it should be, which random octets are not.
  if ('returnedFunction' in fields) return true;
  // It aligns what follows a string of no characters; where X.691 §11.9 adds nothing after a length of 0.
  if (fields.networkAddress === '') return true;
  // It has these two under other names, the second with the type of its namesake in DepFECData.
  if ('sessionDescription' in fields && 'nonStandard' in fields) return true;
  if ('protectedType' in fields) return true;
  return Object.values(fields).some(beyondTshark);
}

const made = fc.sample(arbitraryOf(MultimediaSystemControlMessage, { plainest: true }), { numRuns: 1500, seed: 245 });
const messages = made.filter((message) => !beyondTshark(message));

function complaints(message: MultimediaSystemControlMessage, read: DissectedField | undefined, problems: readonly string[]): string[] {
  const wrong = read ? disagreement(MultimediaSystemControlMessage, message, read) : 'not dissected as H.245';
  return [...problems, ...(wrong === undefined ? [] : [wrong])].map(
    (one) => `${kindOf(message)}: ${one} (${writeH245(message).toString('hex')})`,
  );
}

describe('tshark reads the H.245 messages that we write as we meant them', { timeout: 60_000 }, () => {
  it('of every kind, on a connection of their own', async () => {
    expect(new Set(messages.map(kindOf)).size).toBe(78);
    expect(messages.length).toBeGreaterThan(1400);
    const payloads = messages.map(
      (message) => ({ transport: 'tcp', from: caller, to: called, payload: writeTpkt(writeH245(message)) }) as const,
    );
    expect(Math.max(...payloads.map(({ payload }) => payload.length))).toBeLessThan(1460);
    const packets = await dissect(payloads, { decodeAs: [`tcp.port==${caller.port},h245`] });
    const read = packets.filter(({ protocols }) => protocols.some(({ name }) => name === 'h245'));
    expect(read.length).toBe(messages.length);
    expect(
      messages.flatMap((message, at) =>
        complaints(
          message,
          read[at]?.protocols.findLast(({ name }) => name === 'h245'),
          read[at]?.problems ?? [],
        ),
      ),
    ).toEqual([]);
  });

  it('tunnelled in call signalling, several in one message', async () => {
    const tunnelled = messages.filter((message) => writeH245(message).length < 300).slice(0, 5);
    const facility = writeH225({
      q931: { callReference: 7, fromDestination: false, type: 'facility', elements: [] },
      uuie: {
        'h323-uu-pdu': { 'h323-message-body': { type: 'empty', value: null }, h245Tunneling: true, h245Control: tunnelled.map(writeH245) },
      },
    });
    const packets = await dissect([{ transport: 'tcp', from: caller, to: gatekeeper, payload: writeTpkt(facility) }]);
    const packet = packets.at(-1);
    const read = packet?.protocols.filter(({ name }) => name === 'h245') ?? [];
    expect(read.length).toBe(tunnelled.length);
    expect(packet?.problems).toEqual([]);
    expect(tunnelled.flatMap((message, at) => complaints(message, read[at], []))).toEqual([]);
  });
});
