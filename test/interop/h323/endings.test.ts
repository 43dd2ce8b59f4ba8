import { describe, expect, it } from 'vitest';
import type { ReleaseReason } from '../../../src/simulator/h323/call-messages.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import { startChild } from '../../support/service.js';
import { until } from '../../support/until.js';
import { addressesOf, arrived, as, closing, counts, gatekeeper, newHost, pair, rasOf, registered, settled, talk } from './world.js';

const plain = (
  type: Exclude<ReleaseReason['type'], 'nonStandardReason' | 'replacementConferenceAlias' | 'genericDataReason'>,
): ReleaseReason => ({ type, value: null }) as ReleaseReason;

describe('who does not take the call', () => {
  it.each([
    ['busy', plain('inConf'), 17, 'calleeBusy'],
    ['declined', plain('destinationRejection'), 21, 'calleeDeclined'],
    ['not to be found there', undefined, 1, 'calleeUnknownThere'],
  ] as const)('%s: the caller hears it, and the record says so', async (_what, reason, cause, ending) => {
    const service = await gatekeeper();
    const { anna } = await pair(service, {
      bo: {
        onIncoming: (call) => {
          call.alert();
          call.hangUp(reason, cause);
        },
      },
    });
    const call = anna.call('461020001');
    await call.alerting;
    expect(await call.released).toEqual({ by: 'them', reason: reason?.type, cause });
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: ending, status: cause, answer: null, durationSeconds: 0, routesTried: 1 });
    expect(record?.ringing).not.toBeNull();
  });

  it('rings until T301 is over: both are told', async () => {
    const service = await gatekeeper({ h323: { timers: { alertingSeconds: 1 } } });
    const { anna, bo } = await pair(service, { bo: { onIncoming: (call) => call.alert() } });
    const call = anna.call('461020001');
    await call.alerting;
    expect(await call.released).toMatchObject({ by: 'them', cause: 19 });
    expect(await (await arrived(bo)).released).toMatchObject({ by: 'them', cause: 19 });
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'noAnswer', status: 19, answer: null });
  });

  it('the caller gives up while it rings', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service, { bo: { onIncoming: (call) => call.alert() } });
    const call = anna.call('461020001');
    await call.alerting;
    call.hangUp();
    expect(await (await arrived(bo)).released).toMatchObject({ by: 'them', cause: 16 });
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'callerCancelled', answer: null });
  });

  it('nobody is registered for the number: refused in the ARQ, with a record', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001');
    const ends = [];
    for (const dialled of ['461020002', '46999']) ends.push(await anna.call(dialled).released);
    expect(ends.map(({ by }) => by)).toEqual(['gatekeeper', 'gatekeeper']);
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['calleeNotRegistered', 'addressUnknown']);
    await counts(service, 'portvakt_ras_answers_total{message="admissionRequest",result="rejected",reason="calledPartyNotRegistered"}', 2);
  });
});

describe('a conversation ends', () => {
  it.each(['caller', 'called'] as const)('when the %s side hangs up', async (who) => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const { call, other } = await talk(anna, '461020001', bo);
    const [first, second] = who === 'caller' ? [call, other] : [other, call];
    first.hangUp();
    expect(await second.released).toMatchObject({ by: 'them', cause: 16 });
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed', status: 16, cipher: 'AES-128-CBC' });
    expect(record?.durationSeconds).toBeGreaterThanOrEqual(0);
    await counts(service, 'portvakt_ras_answers_total{message="disengageRequest",result="confirmed"', 2);
  });

  it.each(['caller', 'called'] as const)('when the TCP connection of the %s side is cut', async (who) => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const { call, other } = await talk(anna, '461020001', bo);
    const [dead, left] = who === 'caller' ? [call, other] : [other, call];
    dead.drop();
    expect(await left.released).toMatchObject({ by: 'them', cause: 41 });
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'connectionLost', status: 41 });
    expect(record?.detail).toMatch(who === 'caller' ? /^The caller's/ : /^The called party's/);
  });

  it('when a machine is switched off in the middle, the other side is told, and calls somebody else', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const cia = await registered(rasOf(service), '461020002');
    const { call } = await talk(anna, '461020001', bo);
    await bo.die();
    expect(await call.released).toMatchObject({ by: 'them' });
    const next = await talk(anna, '461020002', cia);
    next.call.hangUp();
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['connectionLost', 'completed']);
  });

  it('when the service is stopped: both are told, the record says why', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const { call, other } = await talk(anna, '461020001', bo);
    await service.service.close();
    for (const end of [call, other]) expect(await end.released).toMatchObject({ by: 'them', cause: 41 });
    const [record] = await service.records(1);
    expect(record).toMatchObject({ reason: 'instanceStopped', cipher: 'AES-128-CBC' });
  });

  it('when the process gets SIGTERM and its time to finish is over', async () => {
    const service = closing(await startChild({ sip: { timers: { drainSeconds: 1 } } }), (child) => child.stop());
    const { ras } = addressesOf(
      [...service.program.output.matchAll(/(?:ras|h323):127\.0\.0\.1:\d+(?:;transport=\w+)?/g)].map(([text]) => text),
    );
    const start = (number: string) =>
      H323Endpoint.start({ address: newHost(), aliases: [{ e164: number }], gatekeeper: ras, password: as(number) });
    const anna = closing(await start('461010001'), (one) => one.close());
    const bo = closing(await start('461020001'), (one) => one.close());
    await anna.register();
    await bo.register();
    const { call, other } = await talk(anna, '461020001', bo);
    service.program.signal('SIGTERM');
    await until(
      async () => (await fetch(`${service.url}/readyz`)).status === 503,
      () => 'the service to take no more calls',
    );
    // While it waits for the call to end, a new one is told to go elsewhere.
    expect(await anna.call('461020001').released).toMatchObject({ by: 'them', reason: 'gatekeeperResources' });
    for (const end of [call, other]) expect(await end.released).toMatchObject({ by: 'them', reason: 'gatekeeperResources', cause: 41 });
    expect((await service.program.exit).code).toBe(0);
    const records = await service.records(2);
    expect(records.map(({ reason }) => reason).sort()).toEqual(['instanceStopped', 'instanceStopping']);
  }, 60_000);
});
