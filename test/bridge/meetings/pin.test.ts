import { expect, it } from 'vitest';
import { PinGuard } from '../../../src/bridge/meetings/pin.js';
import { VirtualClock } from '../../../src/clock.js';
import { MemoryStore } from '../../../src/state/memory.js';
import { start } from './world.js';

const meeting = { id: '4690010001', hostPin: '246813', guestPin: '135724' };

it('a source that guesses at one node is not listened to at another, and is when its time is over', async () => {
  const clock = new VirtualClock(start);
  const { meetings } = new MemoryStore({ clock });
  const [one, other] = [new PinGuard(meetings), new PinGuard(meetings)];
  const guess = (guard: PinGuard, pin: string, source = '192.0.2.1') => guard.judge(meeting, source, pin, clock.now());
  for (const retryMs of [1000, 2000, 4000]) {
    expect(await guess(one, '000000')).toMatchObject({ ok: false, why: 'wrong', retryMs });
    clock.advance(retryMs - 300);
    expect(await guess(other, '246813')).toMatchObject({ ok: false, why: 'lockedOut', retryMs: 300 });
    clock.advance(300);
  }
  expect(await guess(other, '000000', '192.0.2.2')).toMatchObject({ why: 'wrong', retryMs: 1000 });
  expect(await guess(other, '246813')).toMatchObject({ ok: true, role: 'host' });
});
