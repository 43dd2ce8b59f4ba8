import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AliasAddress,
  CircuitInfo,
  CryptoH323Token,
  GenericData,
  IntegrityMechanism,
  RasMessage,
  rasMessage,
  SecurityErrors,
  SupportedProtocols,
} from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { AuthenticationMechanism, ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import type { Asn1Type } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { disagreement } from '../../../support/asn1-dissection.js';
import { dissect } from '../../../support/dissector.js';
import { arbitraryForTshark } from '../../../support/h225-for-tshark.js';

const endpoint = { address: '127.0.0.2', port: 40_000 };
const gatekeeper = { address: '127.0.0.1', port: 1719 };

const some = <T>(type: Asn1Type<T>): fc.Arbitrary<T[]> => fc.array(arbitraryForTshark(type), { minLength: 1, maxLength: 3 });

const rasAddress = { type: 'ipAddress', value: { ip: Buffer.from([127, 0, 0, 2]), port: 1719 } } as const;

/** GRQ, with much of what is only deep inside of an arbitrary message, and seldom there. */
const laden: fc.Arbitrary<RasMessage> = fc
  .record({
    endpointAlias: some(AliasAddress),
    protocol: some(SupportedProtocols),
    circuitInfo: arbitraryForTshark(CircuitInfo),
    tokens: some(ClearToken),
    cryptoTokens: some(CryptoH323Token),
    authenticationCapability: some(AuthenticationMechanism),
    integrity: some(IntegrityMechanism),
    genericData: some(GenericData),
  })
  .map(({ protocol, circuitInfo, ...fields }) => ({
    type: 'gatekeeperRequest',
    value: {
      ...fields,
      requestSeqNum: 1,
      protocolIdentifier: '0.0.8.2250.0.7',
      rasAddress,
      endpointType: { gateway: { protocol }, mc: false, undefinedNode: false },
      alternateEndpoints: [{ circuitInfo }],
    },
  }));

const securityErrors: fc.Arbitrary<RasMessage> = arbitraryForTshark(SecurityErrors).map((value) => ({
  type: 'gatekeeperReject',
  value: { requestSeqNum: 1, protocolIdentifier: '0.0.8.2250.0.7', rejectReason: { type: 'securityError', value } },
}));

async function readByTshark(messages: readonly RasMessage[]): Promise<string[]> {
  const payloads = messages.map((message) => rasMessage.encode(message));
  const packets = await dissect(payloads.map((payload) => ({ transport: 'udp', from: endpoint, to: gatekeeper, payload })));
  expect(packets.length).toBe(messages.length);
  return messages.flatMap((message, at) => {
    const told = packets[at]?.problems ?? [];
    const root = packets[at]?.protocols.find(({ name }) => name === 'h225');
    const wrong = root ? disagreement(RasMessage, message, root) : 'not dissected as H.225.0';
    return [...told, ...(wrong === undefined ? [] : [wrong])].map((one) => `${message.type}: ${one} (${payloads[at]?.toString('hex')})`);
  });
}

describe('tshark reads the RAS messages that we write as we meant them', () => {
  it('of every kind', async () => {
    const messages = fc.sample(arbitraryForTshark(RasMessage), {
      numRuns: 400,
      seed: 1719,
    });
    expect(new Set(messages.map(({ type }) => type)).size).toBe(33);
    expect(await readByTshark(messages)).toEqual([]);
  }, 60_000);

  it('with all that they can carry', async () => {
    const messages = [...fc.sample(laden, { numRuns: 120, seed: 1718 }), ...fc.sample(securityErrors, { numRuns: 50, seed: 1718 })];
    expect(await readByTshark(messages)).toEqual([]);
  }, 60_000);
});
