import { expect, it } from 'vitest';
import type { MultimediaSystemControlMessage } from '../../../src/gatekeeper/h323/asn1/h245.js';
import type { CallEnd } from '../../../src/simulator/h323/call-progress.js';
import { testPlan } from '../../support/plan.js';
import { until } from '../../support/until.js';
import { arrived, counts, gatekeeper, logged, pair, settled, talk } from './world.js';

/** Q.850: bearer capability not available in what was offered. */
const INCOMPATIBLE = 88;
const denied: CallEnd = { by: 'them', reason: 'securityDenied', cause: INCOMPATIBLE };

const clearAudio = (forwardLogicalChannelNumber: number): MultimediaSystemControlMessage => ({
  type: 'request',
  value: {
    type: 'openLogicalChannel',
    value: {
      forwardLogicalChannelNumber,
      forwardLogicalChannelParameters: {
        dataType: { type: 'audioData', value: { type: 'g711Alaw64k', value: 20 } },
        multiplexParameters: { type: 'h2250LogicalChannelParameters', value: { sessionID: 1 } },
      },
    },
  },
});

it('a call that offers no encryption is refused: the caller hears why, and the log says what to switch on', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service, { anna: { encryption: 'none' } });
  const call = anna.call('461020001');
  expect(await call.released).toEqual(denied);
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({
    reason: 'mediaNotEncrypted',
    caller: { alias: '461010001', zone: 'norr' },
    dialled: '461020001',
    signallingId: call.callIdentifier.toString('hex'),
    status: INCOMPATIBLE,
    answer: null,
    cipher: null,
  });
  expect(record?.detail).toMatch(/H\.235.*switch on encryption .*461010001/);
  const [line] = logged(service, 'A Setup was refused');
  expect(line).toMatchObject({ reason: 'mediaNotEncrypted', why: record?.detail, source: anna.signalAddress.address });
  await counts(service, 'portvakt_h323_refusals_total{reason="media_not_encrypted"}', 1);
  expect(bo.incoming).toEqual([]);
});

it('the called organisation demands it, the caller does not have it', async () => {
  const plan = testPlan(({ organisations }) => Object.assign(organisations.norr.zones.norr ?? {}, { encryption: 'preferred' }));
  const service = await gatekeeper({ plan });
  const { anna, bo } = await pair(service, { anna: { encryption: 'none' } });
  expect(await anna.call('461020001').released).toEqual(denied);
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'mediaNotEncrypted', callee: { alias: '461020001' } });
  expect(record?.detail).toMatch(/H\.235.*switch on encryption .*461010001/);
  expect(bo.incoming).toEqual([]);
});

it('an answer without keys ends the call for both', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service, { bo: { encryption: 'none' } });
  const call = anna.call('461020001');
  expect(await call.released).toEqual(denied);
  const other = await arrived(bo);
  expect(await other.released).toMatchObject({ by: 'them', reason: 'securityDenied' });
  await expect(call.connected).rejects.toThrow(/securityDenied/);
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'answerNotEncrypted', answer: null, cipher: null });
  expect(record?.detail).toMatch(/H\.235.*switch on encryption .*461020001/);
  expect(logged(service, 'A call was not encrypted')).toMatchObject([{ signallingId: record?.signallingId, why: record?.detail }]);
});

it.each(['tunnelled', 'separate'] as const)('a channel that is opened in clear ends the call: H.245 %s', async (h245) => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service, { anna: { h245 }, bo: { h245 } });
  const { call, other } = await talk(anna, '461020001', bo);
  const heard: string[] = [];
  call.on('h245', (message, direction) => {
    if (direction === 'in' && message.type === 'request') heard.push(message.value.type);
  });
  other.sendH245(clearAudio(77));
  expect(await call.released).toMatchObject({ by: 'them', reason: 'securityDenied' });
  expect(await other.released).toMatchObject({ by: 'them', reason: 'securityDenied' });
  expect(heard).not.toContain('openLogicalChannel');
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'encryptionLost' });
  expect(record?.detail).toMatch(/461020001 opened a channel for audio without encryption: switch on H\.235/);
});

it('a prime of 512 bits is too weak for AES-128, whatever name it goes by', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  const bits = (length: number, first: number) => ({
    bytes: Buffer.concat([Buffer.of(first), Buffer.alloc(length / 8 - 1, 0xff)]),
    length,
  });
  const dhkey = { halfkey: bits(512, 0x5a), modSize: bits(512, 0xff), generator: bits(512, 0) };
  const call = anna.call('461020001', { setup: { tokens: [{ tokenOID: '0.0.8.235.0.3.43', dhkey }] } });
  expect(await call.released).toEqual(denied);
  expect(bo.incoming).toEqual([]);
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'mediaNotEncrypted' });
  expect(record?.detail).toMatch(/512/);
});

it('H.450 and other supplementary services pass untouched', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  const { call, other } = await talk(anna, '461020001', bo);
  const services: Uint8Array[] = [];
  other.on('facility', (_body, more) => services.push(...more));
  call.sendFacility(undefined, [Uint8Array.of(1, 2, 3)]);
  await until(
    () => services.length > 0,
    () => 'the services to arrive',
  );
  expect(services.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
  call.hangUp();
  await settled(service, 1);
});
