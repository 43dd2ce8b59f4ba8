import { describe, expect, it } from 'vitest';
import { socketAddress } from '../../../src/simulator/h323/addresses.js';
import type { H245Mode } from '../../../src/simulator/h323/call-host.js';
import { testPlan } from '../../support/plan.js';
import { until } from '../../support/until.js';
import { addressesOf, allOpen, counts, gatekeeper, openChannels, pair, settled, talk } from './world.js';

interface Way {
  readonly h245: H245Mode;
  readonly mode: 'pass' | 'route';
}

const ways: Way[] = [
  { h245: 'tunnelled', mode: 'route' },
  { h245: 'separate', mode: 'route' },
  { h245: 'separate', mode: 'pass' },
  { h245: 'fastStart', mode: 'route' },
];

const preferred = testPlan(({ organisations }) => {
  for (const { zones } of [organisations.norr, organisations.syd]) for (const zone of Object.values(zones)) zone.encryption = 'preferred';
});

/** From norr to syd, talking a little, and hung up by the caller. */
async function conversation({ h245, mode }: Way, encryption: 'aes128' | 'aes256' | 'none') {
  const service = await gatekeeper({ h323: { h245: { mode } }, ...(encryption === 'none' ? { plan: preferred } : {}) });
  const { tcp } = addressesOf(service.service.h323Listeners);
  const { anna, bo } = await pair(service, { anna: { h245, encryption }, bo: { h245, encryption } });
  const { call, other } = await talk(anna, '461020001', bo);
  expect(service.service.activeCalls).toBe(1);
  // Both legs end at the gatekeeper, whose address is all that either party learns of the other.
  expect(call.signalling?.connection.remote).toEqual(tcp);
  expect(other.signalling?.connection.remote.address).toBe(tcp.address);
  expect(socketAddress(other.setup?.sourceCallSignalAddress)).toEqual(tcp);
  expect(other.callIdentifier).toEqual(call.callIdentifier);
  expect(other.callingAliases).toEqual(['461010001']);
  for (const end of [call, other]) {
    expect(openChannels(end)).toEqual(allOpen);
    expect(end.h245Problems).toEqual([]);
  }
  call.sendUserInput('12#');
  other.sendUserInput('34');
  await until(
    () => other.userInput === '12#' && call.userInput === '34',
    () => `user input both ways: "${other.userInput}", "${call.userInput}"`,
  );
  const h245Address = socketAddress((await call.connected).h245Address);
  call.hangUp();
  expect(await other.released).toMatchObject({ by: 'them', cause: 16 });
  const [record] = await settled(service, 1);
  await counts(service, 'portvakt_h323_messages_total{message="setup"}', 1);
  await counts(service, 'portvakt_ras_messages_total{message="disengageRequest"}', 2);
  return { service, call, other, record, h245Address, bo };
}

describe.each(ways)('a call from norr to syd: H.245 $h245, mode $mode', (way) => {
  it.each(['aes128', 'aes256'] as const)('encrypted with %s: the keys pass from end to end', async (encryption) => {
    const { call, other, record, h245Address, bo } = await conversation(way, encryption);
    expect(call.sharedSecret).toBeInstanceOf(Buffer);
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    // The session key of each channel, wrapped with that secret by one end and unwrapped by the other.
    const keys = (direction: 'in' | 'out', { channels }: typeof call) =>
      channels.filter((channel) => channel.direction === direction).map(({ media, key }) => ({ media, key: key?.toString('hex') }));
    for (const { key } of keys('in', call)) expect(key).toHaveLength(encryption === 'aes128' ? 32 : 64);
    expect(new Set(keys('in', call))).toEqual(new Set(keys('out', other)));
    expect(new Set(keys('out', call))).toEqual(new Set(keys('in', other)));
    expect(record).toMatchObject({
      caller: { zone: 'norr', organisation: 'norr', alias: '461010001', protocol: 'h323' },
      callee: { zone: 'syd', organisation: 'syd', alias: '461020001', protocol: 'h323' },
      dialled: '461020001',
      signallingId: call.callIdentifier.toString('hex'),
      route: 'registration 461020001',
      reason: 'completed',
      status: 16,
      // What goes past the gatekeeper it does not see: the key agreement says how strong, the channels would say how.
      cipher: `${encryption === 'aes128' ? 'AES-128' : 'AES-256'}${way.mode === 'pass' ? '' : '-CBC'}`,
    });
    expect(call.h245Way).toBe(way.h245 === 'separate' ? 'separate' : 'tunnelled');
    expect(h245Address?.address).toBe(
      way.h245 === 'separate' ? (way.mode === 'route' ? '127.0.0.1' : bo.signalAddress.address) : undefined,
    );
  });

  it('in clear where the zones are exempt, and counted as such', async () => {
    const { service, call, record } = await conversation(way, 'none');
    expect(call.sharedSecret).toBeUndefined();
    expect(record).toMatchObject({ reason: 'completed', cipher: 'none' });
    await counts(service, 'portvakt_calls_unencrypted_total{zone="norr"}', 1);
    await counts(service, 'portvakt_calls_unencrypted_total{zone="syd"}', 1);
  });
});

it.each<[H245Mode, H245Mode]>([
  ['tunnelled', 'separate'],
  ['separate', 'tunnelled'],
  ['fastStart', 'tunnelled'],
  ['fastStart', 'separate'],
])('a caller that does H.245 %s and a called side that does it %s understand each other', async (callers, calleds) => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service, { anna: { h245: callers }, bo: { h245: calleds } });
  const { call, other } = await talk(anna, '461020001', bo);
  expect(openChannels(call)).toEqual(allOpen);
  expect(openChannels(other)).toEqual(allOpen);
  expect(other.sharedSecret).toEqual(call.sharedSecret);
  other.hangUp();
  expect(await call.released).toMatchObject({ by: 'them', cause: 16 });
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'completed', cipher: 'AES-128-CBC' });
});
