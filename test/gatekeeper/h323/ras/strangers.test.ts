import { afterEach, expect, test } from 'vitest';
import { Strangers } from '../../../../src/gatekeeper/h323/strangers.js';
import { digits, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, RasWorld } from './world.js';

let world: RasWorld;
afterEach(() => world.close());

test('who is not known is looked at some times a second; who is registered always', async () => {
  world = new RasWorld();
  const { clock, gatekeeper } = world;
  const strangers = new Strangers({ clock, isKnown: (address) => gatekeeper.endpoints.hasAddress(address) });
  const admitted = (of: number, host = 1) =>
    Array.from({ length: of }, () => strangers.admits(anywhere(host).address)).filter(Boolean).length;
  expect(admitted(1000)).toBe(50);
  expect(admitted(1000, 2)).toBe(50);
  clock.advance(1000);
  expect(admitted(1000)).toBe(20);

  const proven = (message: Parameters<typeof withToken>[0]) =>
    withToken(message, { method: 'h235.1', user: '461020001', now: clock.now() });
  const at = anywhere(1);
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')])), at);
  expect(admitted(1000)).toBe(1000);
  expect(admitted(1000, 2)).toBe(20);
  await world.confirm('unregistrationConfirm', proven(urq(at, id)), at);
  expect(admitted(1000)).toBe(0);
});
