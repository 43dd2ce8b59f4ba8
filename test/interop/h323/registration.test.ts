import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { dialledAlias, type EndpointAlias } from '../../../src/simulator/h323/addresses.js';
import { testPlan } from '../../support/plan.js';
import { until } from '../../support/until.js';
import {
  aliases,
  arrived,
  as,
  counts,
  endpoint,
  gatekeeper,
  newHost,
  passing,
  rasOf,
  registered,
  settled,
  sipPhone,
  talk,
} from './world.js';

const duplicate = { outcome: 'rejected', by: 'registration', reason: 'duplicateAlias' };

describe('registering again', () => {
  it('in full, from the same socket: the same endpoint, with what it names now', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001', { aliases: [{ e164: '461010001' }, { h323Id: 'anna' }] });
    const identifier = anna.endpointIdentifier;
    expect(await aliases(service)).toEqual(['461010001', 'anna']);
    expect(await anna.register()).toEqual({ outcome: 'registered' });
    expect(anna.endpointIdentifier).toBe(identifier);
    expect(await anna.registration.replace([dialledAlias('461010001'), dialledAlias('461010007')])).toEqual({ outcome: 'registered' });
    expect(anna.endpointIdentifier).toBe(identifier);
    expect(await aliases(service)).toEqual(['461010001', '461010007']);
    await counts(service, 'portvakt_licences_used{organisation="norr",licence="registrations"}', 2);
  });

  it('by keep-alives of its own, at half the time to live', async () => {
    const clock = new VirtualClock(Date.now());
    const service = await gatekeeper({ clock });
    const anna = await registered(rasOf(service), '461010001', { clock, timeToLive: 60 });
    for (let light = 1; light <= 4; light++) {
      const { confirmedAt } = anna;
      clock.advance(30_000);
      await until(
        () => anna.confirmedAt > confirmedAt,
        () => `keep-alive number ${light}`,
      );
    }
    expect(anna.registration.counts).toEqual({ full: 1, light: 4, failovers: 0 });
    expect(anna.irqs).toBe(0);
    expect(await aliases(service)).toEqual(['461010001']);
  });

  it('adds aliases to those it has, and is called by each', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001');
    const bo = await registered(rasOf(service), '461020001');
    const identifier = bo.endpointIdentifier;
    const more: EndpointAlias[] = [{ e164: '461020005' }, { url: 'bo@syd.example' }];
    expect(await bo.addAliases(more)).toEqual({ outcome: 'registered' });
    expect(bo.endpointIdentifier).toBe(identifier);
    expect(await aliases(service)).toEqual(['461010001', '461020001', '461020005', 'bo@syd.example']);
    for (const dialled of ['461020001', '461020005', 'bo@syd.example', '01020005']) {
      const { call } = await talk(anna, dialled, bo);
      call.hangUp();
      await until(
        () => bo.calls.length === 0,
        () => 'the call to end',
      );
    }
    const records = await settled(service, 4);
    expect(records.map(({ callee }) => callee?.alias)).toEqual(['461020001', '461020005', 'bo@syd.example', '461020005']);
  });

  it('from a new port, as after a restart: it takes the place of what it was, and calls reach it there', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001');
    const address = newHost();
    const before = await registered(rasOf(service), '461020001', { address });
    const { port } = before.signalAddress;
    await before.die();
    // A restart: the same machine and call-signalling port, another port for RAS.
    const after = await registered(rasOf(service), '461020001', { address, signallingPort: port });
    expect(after.ras.local.port).not.toBe(before.ras.local.port);
    expect(await aliases(service)).toEqual(['461010001', '461020001']);
    const { call } = await talk(anna, '461020001', after);
    call.hangUp();
    await settled(service, 1);
  });

  it('a keep-alive from a new port is confirmed there: a NAT may have forgotten the old one', async () => {
    const service = await gatekeeper();
    const address = newHost();
    const before = await registered(rasOf(service), '461010001', { address });
    const other = await endpoint(rasOf(service), '461010001', { address, signalAddress: before.signalAddress });
    expect(await other.register()).toEqual({ outcome: 'registered' });
    expect(other.endpointIdentifier).toBe(before.endpointIdentifier);
    expect(await before.keepAlive()).toEqual({ outcome: 'registered' });
    expect(before.registration.counts).toMatchObject({ full: 1, light: 1 });
  });

  it('after the gatekeeper forgot it: a light RRQ is refused, and the endpoint registers in full by itself', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001');
    const twin = await registered(rasOf(service), '461010001', { address: anna.signalAddress.address, signalAddress: anna.signalAddress });
    await twin.unregister();
    expect(await aliases(service)).toEqual([]);
    expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
    expect(anna.registration.counts).toMatchObject({ full: 2, light: 1 });
    expect(await aliases(service)).toEqual(['461010001']);
    await counts(
      service,
      'portvakt_ras_answers_total{message="registrationRequest",result="rejected",reason="fullRegistrationRequired"}',
      1,
    );
  });
});

describe('the time to live is over', () => {
  it('one that answers the IRQ stays, and can be called', async () => {
    const clock = new VirtualClock(Date.now());
    const service = await gatekeeper({ clock });
    const bo = await registered(rasOf(service), '461020001', { clock, timeToLive: 60, automatic: false });
    for (let asked = 1; asked <= 3; asked++) {
      clock.advance(61_000);
      await counts(service, 'portvakt_ras_messages_total{message="infoRequestResponse"}', asked);
      expect(bo.irqs).toBe(asked);
    }
    expect(await aliases(service)).toEqual(['461020001']);
    const anna = await registered(rasOf(service), '461010001', { clock });
    const { call } = await talk(anna, '461020001', bo);
    call.hangUp();
    const [record] = await passing(clock, settled(service, 1));
    expect(record).toMatchObject({ reason: 'completed' });
  });

  it('one that does not is asked again, told to go, and its alias and licence are free for another', async () => {
    const clock = new VirtualClock(Date.now());
    const service = await gatekeeper({ clock });
    const bo = await registered(rasOf(service), '461020001', { clock, timeToLive: 60, automatic: false, respondToIrq: false });
    clock.advance(61_000);
    await until(
      () => bo.irqs > 0,
      () => 'the first IRQ',
    );
    // While it is being asked, its alias is its own: another user's endpoint does not get it.
    const cia = await endpoint(rasOf(service), '461020001', { clock, password: as('461020009') });
    expect(await cia.register()).toEqual(duplicate);
    clock.advance(9000);
    await until(
      () => bo.irqs >= 3,
      () => `three IRQs at least; there were ${bo.irqs}`,
    );
    clock.advance(30_000);
    await until(
      () => !bo.registered,
      () => 'URQ to reach it',
    );
    expect(await aliases(service)).toEqual([]);
    await counts(service, 'portvakt_registration_attempts_total{organisation="syd",outcome="expired"}', 1);
    expect(await cia.register()).toEqual({ outcome: 'registered' });
    await counts(service, 'portvakt_licences_used{organisation="syd",licence="registrations"}', 1);
  });

  it('one that unregisters is gone at once', async () => {
    const service = await gatekeeper();
    const bo = await registered(rasOf(service), '461020001');
    expect(await bo.unregister()).toMatchObject({ outcome: 'answered', message: { type: 'unregistrationConfirm' } });
    expect(await aliases(service)).toEqual([]);
    const anna = await registered(rasOf(service), '461010001');
    expect(await anna.call('461020001').released).toEqual({ by: 'gatekeeper', reason: 'calledPartyNotRegistered', cause: undefined });
    await settled(service, 1);
  });
});

describe('one alias, two protocols', () => {
  it('registered over SIP it is taken over H.323, until it is unregistered there', async () => {
    const service = await gatekeeper();
    const phone = await sipPhone(service, '461020001', 'syd.example');
    expect((await phone.register()).status).toBe(200);
    const bo = await endpoint(rasOf(service), '461020001');
    expect(await bo.register()).toEqual(duplicate);
    await counts(service, 'portvakt_registration_attempts_total{organisation="syd",outcome="alias_taken"}', 1);
    expect((await phone.register({ headers: { Expires: '0' } })).status).toBe(200);
    expect(await bo.register()).toEqual({ outcome: 'registered' });
    expect(await aliases(service)).toEqual(['461020001']);
  });

  it('registered over H.323 it is taken over SIP, until it is unregistered there', async () => {
    const service = await gatekeeper();
    const bo = await registered(rasOf(service), '461020001');
    const phone = await sipPhone(service, '461020001', 'syd.example');
    const refused = await phone.register();
    expect(refused.status).toBe(403);
    expect(refused.get('warning')).toMatch(/registered already/);
    await bo.unregister();
    expect((await phone.register()).status).toBe(200);
  });

  it('from one organisation to another over both protocols there is no way yet, and both sides hear so', async () => {
    const service = await gatekeeper();
    const phone = await sipPhone(service, '461020001', 'syd.example');
    await phone.register();
    const anna = await registered(rasOf(service), '461010001');
    const call = anna.call('461020001');
    await expect(call.connected).rejects.toThrow();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'interworkingUnavailable' });
    expect(phone.has('INVITE')).toBe(false);
  });

  it('an alias of another organisation cannot be registered at all', async () => {
    const plan = testPlan();
    const service = await gatekeeper({ plan });
    const anna = await endpoint(rasOf(service), '461010001', { aliases: [{ e164: '461010001' }, { e164: '461020001' }] });
    expect(await anna.register()).toEqual({ outcome: 'rejected', by: 'registration', reason: 'invalidAlias' });
    expect(await aliases(service)).toEqual([]);
  });

  it('the same user at another address is the same device, moved: calls reach it there', async () => {
    const service = await gatekeeper();
    const before = await registered(rasOf(service), '461020001');
    await before.die();
    const after = await registered(rasOf(service), '461020001');
    expect(after.signalAddress.address).not.toBe(before.signalAddress.address);
    expect(await aliases(service)).toEqual(['461020001']);
    const anna = await registered(rasOf(service), '461010001');
    const { call } = await talk(anna, '461020001', after);
    call.hangUp();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed', routesTried: 1 });
  });

  it('the second user to register a number is refused, and the first goes on', async () => {
    const service = await gatekeeper();
    const bo = await registered(rasOf(service), '461020001');
    const thief = await endpoint(rasOf(service), '461020001', { password: as('461020009') });
    expect(await thief.register()).toEqual(duplicate);
    const anna = await registered(rasOf(service), '461010001');
    const call = anna.call('461020001');
    await call.connected;
    expect(thief.incoming).toEqual([]);
    (await arrived(bo)).hangUp();
    await settled(service, 1);
  });
});
