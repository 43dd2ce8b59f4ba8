import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H323UserInformation } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import type { KnownMessageType } from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import { writeTpkt } from '../../../../src/gatekeeper/h323/q931/tpkt.js';
import { disagreement } from '../../../support/asn1-dissection.js';
import { dissect } from '../../../support/dissector.js';
import { arbitraryForTshark } from '../../../support/h225-for-tshark.js';

const caller = { address: '127.0.0.2', port: 40_000 };
const gatekeeper = { address: '127.0.0.1', port: 1720 };

const bodies = [
  ...['setup', 'callProceeding', 'connect', 'alerting', 'information', 'releaseComplete', 'facility'],
  ...['progress', 'empty', 'status', 'statusInquiry', 'setupAcknowledge', 'notify'],
] as const;

const bodyOf = (information: H323UserInformation) => information['h323-uu-pdu']['h323-message-body'].type;

function inQ931(uuie: H323UserInformation): Buffer {
  const body = bodyOf(uuie);
  const type = (body === 'empty' ? 'facility' : body) as KnownMessageType;
  return writeTpkt(writeH225({ q931: { callReference: 7, fromDestination: false, type, elements: [] }, uuie }));
}

async function readByTshark(messages: readonly H323UserInformation[]): Promise<string[]> {
  const payloads = messages.map(inQ931);
  const packets = await dissect(payloads.map((payload) => ({ transport: 'tcp', from: caller, to: gatekeeper, payload })));
  const roots = packets.flatMap(({ protocols }) => protocols.filter(({ name }) => name === 'h225'));
  expect(roots.length).toBe(messages.length);
  const wrong = messages.flatMap((message, at) => {
    const root = roots[at];
    const one = root ? disagreement(H323UserInformation, message, root) : 'not dissected as H.225.0';
    return one === undefined ? [] : [`${bodyOf(message)}: ${one} (${payloads[at]?.toString('hex')})`];
  });
  return [...packets.flatMap(({ problems }) => problems), ...wrong];
}

describe('tshark reads the call-signalling messages that we write as we meant them', () => {
  it('of every kind', async () => {
    const messages = fc.sample(arbitraryForTshark(H323UserInformation), { numRuns: 300, seed: 1720 });
    expect(new Set(messages.map(bodyOf))).toEqual(new Set(bodies));
    expect(await readByTshark(messages)).toEqual([]);
  }, 60_000);
});
