import { expect, it } from 'vitest';
import { password, type TestPlan, testPlan } from '../../support/plan.js';
import { until } from '../../support/until.js';
import { aliases, as, counts, endpoint, gatekeeper, logged, pair, rasOf, registered, settled, talk } from './world.js';

const changed = (change: (plan: TestPlan) => void) => gatekeeper({ plan: testPlan(change) });

it('bandwidth: a call gets no more than one call may have, and the zone no more than it has', async () => {
  const service = await changed(({ organisations }) =>
    Object.assign(organisations.norr.zones.norr ?? {}, { bandwidth: { call: 1000, total: 1500 } }),
  );
  const { anna, bo } = await pair(service);
  const cia = await registered(rasOf(service), '461010002');
  const { call } = await talk(anna, '461020001', bo);
  // In units of 100 bit/s: it holds 1,000 of the 1,500 kbit/s.
  expect(await cia.call('461020001', { bandwidth: 6000 }).released).toMatchObject({ by: 'gatekeeper', reason: 'requestDenied' });
  expect(await call.requestBandwidth(8000)).toEqual({ granted: true, bandwidth: 8000 });
  const second = cia.call('461020001', { bandwidth: 6000 });
  await second.connected;
  expect(await call.requestBandwidth(10_000)).toEqual({ granted: false, reason: 'insufficientResources', allowed: 9000 });
  second.hangUp();
  await until(
    async () => (await call.requestBandwidth(10_000)).granted,
    () => 'the bandwidth of the call that ended',
  );
  call.hangUp();
  const records = await settled(service, 3);
  expect(records.map(({ reason }) => reason)).toEqual(['bandwidthExhausted', 'completed', 'completed']);
});

it('call licences: of the caller, of the called organisation and of the service', async () => {
  const service = await changed((plan) => {
    plan.licences.calls = 2;
    plan.organisations.norr.licences.calls = 1;
    plan.organisations.vast = {
      ...structuredClone(plan.organisations.norr),
      name: 'vast',
      series: [{ prefix: 46103, digits: 4 }],
      domains: ['vast.example'],
    };
    plan.organisations.vast.zones = { vast: { kind: 'hosted', accounts: { sharedPassword: password } } };
    plan.organisations.vast.licences.calls = 100;
  });
  const { anna, bo } = await pair(service);
  const cia = await registered(rasOf(service), '461010002');
  const dan = await registered(rasOf(service), '461030001');
  const eva = await registered(rasOf(service), '461030002');
  const { call } = await talk(anna, '461020001', bo);
  expect(await cia.call('461020001').released).toMatchObject({ by: 'them', reason: 'noBandwidth', cause: 47 });
  expect(await dan.call('461010002').released).toMatchObject({ by: 'them', reason: 'adaptiveBusy', cause: 17 });
  const second = await talk(dan, '461020001', bo);
  expect(await eva.call('461020001').released).toMatchObject({ by: 'them', reason: 'noBandwidth', cause: 34 });
  expect(service.service.activeCalls).toBe(2);
  call.hangUp();
  second.call.hangUp();
  const records = await settled(service, 5);
  expect(records.map(({ reason }) => reason).sort()).toEqual(
    ['callerLicencesExhausted', 'calleeLicencesExhausted', 'totalLicencesExhausted', 'completed', 'completed'].sort(),
  );
  // What was given back can be used again.
  const again = await talk(cia, '461020001', bo);
  again.call.hangUp();
  await settled(service, 6);
});

it('registration licences: the next one is refused, and what is there stays', async () => {
  const service = await changed((plan) => {
    plan.organisations.norr.licences.registrations = 2;
  });
  const anna = await registered(rasOf(service), '461010001', { aliases: [{ e164: '461010001' }, { h323Id: 'anna' }] });
  const cia = await endpoint(rasOf(service), '461010002');
  expect(await cia.register()).toEqual({ outcome: 'rejected', by: 'registration', reason: 'resourceUnavailable' });
  expect(await anna.addAliases([{ e164: '461010003' }])).toEqual({
    outcome: 'rejected',
    by: 'registration',
    reason: 'resourceUnavailable',
  });
  expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
  expect(await aliases(service)).toEqual(['461010001', 'anna']);
  await counts(service, 'portvakt_registration_attempts_total{organisation="norr",outcome="registration_licences_exhausted"}', 2);
  await anna.unregister();
  expect(await cia.register()).toEqual({ outcome: 'registered' });
});

it('a new plan: calls go on, and what it changes counts from then on', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  const { call, other } = await talk(anna, '461020001', bo);
  const plan = testPlan(({ organisations }) => {
    Object.assign(organisations.syd.zones.syd ?? {}, { accounts: { sharedPassword: 'another-password-of-tests' } });
    organisations.norr.licences.calls = 0;
  });
  await service.writePlan(plan);
  expect(await service.service.reloadPlan()).toMatchObject({ applied: true });
  call.sendUserInput('7');
  await until(
    () => other.userInput === '7',
    () => 'user input',
  );
  // Norr may make no more calls; who is in syd must log on with the new password.
  expect(await anna.call('461020001').released).toMatchObject({ by: 'them', reason: 'noBandwidth' });
  expect(await bo.keepAlive()).toMatchObject({ outcome: 'rejected', reason: 'securityDenial' });
  expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
  const late = await endpoint(rasOf(service), '461020002', { password: as('461020002', 'md5', 'another-password-of-tests') });
  expect(await late.register()).toEqual({ outcome: 'registered' });
  call.hangUp();
  await other.released;
  const records = await settled(service, 2);
  expect(records.map(({ reason }) => reason)).toEqual(['callerLicencesExhausted', 'completed']);
});

it('a plan with an error changes nothing', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  await service.writePlan('organisations: [');
  expect(await service.service.reloadPlan()).toMatchObject({ applied: false });
  const { call } = await talk(anna, '461020001', bo);
  call.hangUp();
  await settled(service, 1);
  expect(logged(service, 'The address plan has errors: the old one stays in force')).toHaveLength(1);
});

it('an endpoint whose organisation is taken out of the plan is not there any more', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  const plan = testPlan(({ organisations }) => {
    organisations.syd.series = [{ prefix: 46105, digits: 4 }];
  });
  await service.writePlan(plan);
  expect(await service.service.reloadPlan()).toMatchObject({ applied: true });
  expect(await anna.call('461020001').released).toMatchObject({ by: 'gatekeeper', reason: 'calledPartyNotRegistered' });
  expect(bo.incoming).toEqual([]);
  const [record] = await settled(service, 1);
  expect(record).toMatchObject({ reason: 'addressUnknown' });
});
