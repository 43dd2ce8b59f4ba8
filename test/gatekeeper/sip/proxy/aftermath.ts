import { expect } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import type { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { metric, type ServiceSettings } from '../../../support/service.js';
import { until } from '../../../support/until.js';
import { World } from './world.js';

const callLicences = 'portvakt_service_licences_used{licence="calls"}';

/** No call is left, and its licences have been given back. */
export async function expectNoCalls(world: World): Promise<void> {
  await until(
    () => world.service.service.activeCalls === 0,
    () => `no call to be left; there are ${world.service.service.activeCalls}`,
  );
  expect(await metric(world.service, callLicences)).toBe(0);
}

/** A world whose time stands still until it is moved. */
export class ClockedWorld extends World {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 22, 8));

  override start(settings: ServiceSettings = {}): Promise<void> {
    return super.start({ ...settings, clock: this.clock });
  }

  /** Moves time on second by second until this comes true, with a turn of the real world between. */
  async pass(done: () => boolean, what: string, seconds = 400): Promise<void> {
    let left = seconds;
    await until(
      () => {
        if (done()) return true;
        if (left-- > 0) this.clock.advance(1000);
        return false;
      },
      () => what,
    );
  }

  /** Records are written in batches, after a moment of the same clock. */
  override record(invite: SipRequest): Promise<CallRecord> {
    this.clock.advance(2000);
    return super.record(invite);
  }

  /** Time for every transaction to end by itself: then nothing is left of any call. */
  async expectNothingLeft(): Promise<void> {
    await expectNoCalls(this);
    await until(
      async () => {
        this.clock.advance(5000);
        const open = ['client', 'server'].map((side) => metric(this.service, `portvakt_sip_transactions{side="${side}"}`));
        return (await Promise.all(open)).every((count) => count === 0);
      },
      () => 'every transaction to end',
    );
  }
}
