import { expect, test } from 'vitest';
import { canBeCalled } from '../../../../src/gatekeeper/h323/ras/call-address.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits } from './messages.js';
import { peerA, RasWorld, settled } from './world.js';

test.each([
  ['198.51.100.1', '203.0.113.1', true],
  ['2001:db8::7', '203.0.113.1', true],
  ['fe80::1', '203.0.113.1', true],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.2', '::1', true],
  ['127.0.0.1', '203.0.113.1', false],
  ['::1', '203.0.113.1', false],
  ['0.0.0.7', '203.0.113.1', false],
  ['::', '203.0.113.1', false],
  ['224.0.1.41', '127.0.0.1', false],
  ['255.255.255.255', '203.0.113.1', false],
  ['ff02::1', '203.0.113.1', false],
])('%s, told by %s: %s', (address, from, can) => {
  expect(canBeCalled(address, from)).toBe(can);
});

test("a neighbour's LCF does not lead to this computer or to a group", async () => {
  const world = new RasWorld();
  const zone = world.plan.zones.get('ost');
  if (zone?.kind !== 'h323-neighbour') throw new Error('ost is no neighbour');
  for (const [number, address, outcome] of [
    ['464010001', '127.0.0.1', 'rejected'],
    ['464010002', '224.0.1.41', 'rejected'],
    ['464010003', '192.0.2.201', 'found'],
  ] as const) {
    const peers = zone.peers.slice(0, 1);
    const located = world.gatekeeper.neighbours.locate({
      zone,
      peers,
      alias: digits(number),
      callIdentifier: undefined,
      hopCount: undefined,
    });
    await settled();
    const [question] = await world.take();
    if (question?.message.type !== 'locationRequest') throw new Error('no LRQ came');
    const { requestSeqNum } = question.message.value;
    const callSignalAddress = transportAddress({ address, port: 1720 });
    world.send({ type: 'locationConfirm', value: { requestSeqNum, callSignalAddress, rasAddress: transportAddress(peerA) } }, peerA);
    expect((await located).outcome).toBe(outcome);
  }
  world.close();
});
