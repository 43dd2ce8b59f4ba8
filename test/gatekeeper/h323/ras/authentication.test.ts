import { afterEach, describe, expect, test } from 'vitest';
import type { RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { readClaims } from '../../../../src/gatekeeper/h323/h235/claims.js';
import type { ProofMethod } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { FailureLimit } from '../../../../src/gatekeeper/net/failure-limit.js';
import { sourceKey } from '../../../../src/gatekeeper/net/sources.js';
import { arq, brq, digits, drq, gatewayWith, guid, irr, keepAlive, name, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, gatewayAt, norr, PASSWORD, RasWorld, type WorldOptions } from './world.js';

let world: RasWorld;
const open = (options: WorldOptions = {}): RasWorld => {
  world = new RasWorld(options);
  return world;
};
afterEach(() => world.close());

const methods: readonly ProofMethod[] = ['h235.1', 'md5', 'cat'];

function proven(message: RasMessage, method: ProofMethod, user = '461020001', password?: string): Buffer {
  return withToken(message, { method, user, now: world.clock.now(), ...(password !== undefined && { password }) });
}

describe.each(methods)('with %s', (method) => {
  test('an endpoint that proves its password is registered from anywhere', async () => {
    open();
    const confirm = await world.confirm(
      'registrationConfirm',
      proven(rrq(anywhere(1), [digits('461020001'), name('Room')]), method),
      anywhere(1),
    );
    expect(world.registered()).toEqual(['461020001', 'room']);
    expect(world.gatekeeper.endpoints.find(confirm.endpointIdentifier)).toMatchObject({
      zone: 'syd',
      proof: { user: '461020001', method },
    });
  });

  test('a wrong password is refused', async () => {
    open();
    const { reason, sentence } = await world.reason(
      proven(rrq(anywhere(1), [digits('461020001')]), method, '461020001', 'guess'),
      anywhere(1),
    );
    expect(reason).toBe('securityDenial');
    expect(sentence).toContain('password');
    expect(world.registered()).toEqual([]);
  });

  test('once registered, requests prove it again in the same way', async () => {
    open();
    const { endpointIdentifier: id } = await world.confirm(
      'registrationConfirm',
      proven(rrq(anywhere(1), [digits('461020001')]), method),
      anywhere(1),
    );
    const requests: (() => RasMessage)[] = [() => keepAlive(id), () => arq(id, [digits('461010001')]), () => urq(anywhere(1), id)];
    for (const request of requests) {
      await world.pass(1000);
      expect((await world.reason(request(), { ...anywhere(1), port: 9999 })).reason).toBe('securityDenial');
      expect((await world.reason(proven(request(), method, '461020001', 'guess'), anywhere(1))).reason).toBe('securityDenial');
      const another = methods.find((other) => other !== method) ?? method;
      expect((await world.reason(proven(request(), another), anywhere(1))).reason).toMatch(/^security(Error|Denial)$/);
    }
    await world.pass(1000);
    await world.confirm('registrationConfirm', proven(keepAlive(id), method), anywhere(1));
    // The password tells who it is: its address may change on the way, as behind a NAT.
    await world.pass(1000);
    await world.confirm('registrationConfirm', proven(keepAlive(id), method), anywhere(2));
    expect(world.gatekeeper.endpoints.find(id)?.source).toEqual(anywhere(2));
    await world.confirm('unregistrationConfirm', proven(urq(anywhere(2), id), method), anywhere(2));
    expect(world.registered()).toEqual([]);
  });
});

describe.each(['md5', 'cat'] as const)('with %s, which many endpoints put into RRQ or ARQ alone', (method) => {
  test('requests without a token are taken from exactly where the last RRQ came from', async () => {
    open();
    const at = anywhere(1);
    const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')]), method), at);
    expect(await world.reason(arq(id, [digits('461010001')]), at)).toMatchObject({ reason: 'calledPartyNotRegistered' });
    for (const elsewhere of [{ ...at, port: 9999 }, anywhere(2)]) {
      expect((await world.reason(drq(id), elsewhere)).reason).toBe('securityDenial');
      expect((await world.reason(urq(elsewhere, id), elsewhere)).reason).toBe('securityDenial');
    }
    expect((await world.reason(keepAlive(id), at)).reason).toBe('securityDenial');
    expect((await world.reason(proven(drq(id), method, '461020001', 'guess'), at)).reason).toBe('securityDenial');
    await world.confirm('disengageConfirm', drq(id), at);
    // Its address is no secret, so the identifier must be there.
    expect((await world.reason(urq(at, undefined), at)).reason).toBe('notCurrentlyRegistered');
    await world.confirm('unregistrationConfirm', urq(at, id), at);
    expect(world.registered()).toEqual([]);
  });

  test('an IRR without a token keeps it alive', async () => {
    open();
    const at = anywhere(1);
    const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')]), method), at);
    await world.pass(301_000);
    const [question] = await world.take();
    if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
    world.send(irr(at, id, question.message.value.requestSeqNum), at);
    await world.pass(10_000);
    expect(world.gatekeeper.endpoints.find(id)).toBeDefined();
  });
});

test('without a token of H.235.1 nothing is taken, wherever it comes from', async () => {
  open();
  const at = anywhere(1);
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')]), 'h235.1'), at);
  for (const request of [arq(id, [digits('461010001')]), drq(id), urq(at, id), brq(id, 100)]) {
    expect((await world.reason(request, at)).reason).toBe('securityDenial');
  }
});

test('where no password is wanted, one that an endpoint sends all the same does not matter', async () => {
  open();
  await world.confirm('registrationConfirm', proven(rrq(norr(1), [digits('461010001')]), 'cat', 'old name', 'old password'), norr(1));
  expect(world.registered()).toEqual(['461010001']);
});

test('a gateway with a CAT may send many requests in one second', async () => {
  open();
  const at = gatewayAt;
  const registration = proven(rrq(at, [], { terminalType: gatewayWith('46201') }), 'cat', 'gw-vik');
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', registration, at);
  const reasons = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const call = { callIdentifier: { guid: guid(`call-${i}`) } };
    reasons.add((await world.reason(proven(arq(id, [digits('461010001')], call), 'cat', 'gw-vik'), at)).reason);
  }
  expect([...reasons]).toEqual(['calledPartyNotRegistered']);
});

test('forged datagrams do not shut out one who is registered', async () => {
  open({ failures: new FailureLimit({ failures: 3 }) });
  const at = anywhere(1);
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')]), 'h235.1'), at);
  for (let i = 0; i < 5; i++) {
    await world.reason(proven(rrq({ ...at, port: 40_000 + i }, [digits('461020001')]), 'h235.1', '461020001', 'guess'), {
      ...at,
      port: 40_000 + i,
    });
    await world.reason(proven(keepAlive(id), 'h235.1', '461020001', 'guess'), at);
  }
  await world.confirm('registrationConfirm', proven(keepAlive(id), 'h235.1'), at);
});

test('an IPv6 source is counted by its network', async () => {
  open({ failures: new FailureLimit({ failures: 3 }), sourceOf: sourceKey });
  const at = (host: number) => ({ address: `2001:db8:1:2::${host}`, port: 1719 });
  const logOn = (host: number, password?: string) =>
    proven(
      rrq(at(host), [digits('461020001')], { callSignalAddress: [transportAddress({ ...at(host), port: 1720 })] }),
      'h235.1',
      '461020001',
      password,
    );
  for (let host = 1; host <= 3; host++) await world.reason(logOn(host, 'guess'), at(host));
  expect((await world.reason(logOn(4), at(4))).sentence).toContain('Too many wrong passwords');
});

test('without an alias, an endpoint is called what it logs on as', async () => {
  open();
  await world.confirm('registrationConfirm', proven(rrq(anywhere(1), []), 'h235.1'), anywhere(1));
  expect(world.registered()).toEqual(['461020001']);
});

test('a bare user name belongs to the organisation of the number beside it', async () => {
  open({
    plan: (plan) => {
      plan.organisations.syd.zones = { syd: { kind: 'hosted', accounts: { users: { anna: PASSWORD } } } };
    },
  });
  await world.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461020001')]), 'md5', 'anna'), anywhere(1));
  expect(world.gatekeeper.endpoints.atAddress(anywhere(1).address)[0]?.proof?.user).toBe('anna@syd.example');
});

test('no password where one is wanted is refused with what to switch on', async () => {
  open();
  expect(await world.reason(rrq(gatewayAt, [digits('462010001')]), gatewayAt)).toEqual({
    reason: 'securityDenial',
    sentence: expect.stringContaining('switch on H.235'),
  });
  expect(world.outcomes).toMatchObject([{ refusal: 'credentialsMissing', zone: 'vik' }]);
});

test('where a zone has sources and accounts, both must hold', async () => {
  open();
  const request = () => rrq(gatewayAt, [], { terminalType: gatewayWith('46201') });
  await world.confirm('registrationConfirm', proven(request(), 'h235.1', 'gw-vik'), gatewayAt);
  expect(world.registered()).toEqual(['46201@*']);
  expect(await world.reason(proven(request(), 'h235.1', 'gw-vik'), anywhere(1))).toMatchObject({
    reason: 'securityDenial',
    sentence: expect.stringContaining('not among the sources of its zone vik'),
  });
  // Where no password is wanted none counts: it is an endpoint of norr, and the number is not.
  expect((await world.reason(proven(rrq(norr(1), [digits('461020001')]), 'h235.1'), norr(1))).reason).toBe('invalidAlias');
});

test('a clock that is wrong is told from a password that is wrong', async () => {
  open();
  const late = withToken(rrq(anywhere(1), [digits('461020001')]), {
    method: 'h235.1',
    user: '461020001',
    now: world.clock.now() - 120_000,
  });
  expect(await world.reason(late, anywhere(1))).toMatchObject({ reason: 'securityError', sentence: expect.stringContaining('NTP') });
  expect(world.outcomes).toMatchObject([{ refusal: 'clockWrong' }]);
});

test('a token is good for one request: whoever repeats it in another is refused', async () => {
  open();
  const first = proven(rrq(anywhere(1), [digits('461020001')]), 'h235.1');
  await world.confirm('registrationConfirm', first, anywhere(1));
  // A repetition from where it came from is answered from memory; from elsewhere it is somebody else.
  await world.confirm('registrationConfirm', first, anywhere(1));
  expect(await world.reason(first, anywhere(66))).toMatchObject({
    reason: 'securityError',
    sentence: expect.stringContaining('second time'),
  });
});

test('answers and questions to an H.235.1 endpoint are signed with its password', async () => {
  open();
  const { endpointIdentifier: id } = await world.confirm(
    'registrationConfirm',
    proven(rrq(anywhere(1), [digits('461020001')]), 'h235.1'),
    anywhere(1),
  );
  world.send(proven(arq(id, [digits('461020002')]), 'h235.1'), anywhere(1));
  const endpoint = world.gatekeeper.endpoints.find(id);
  void (endpoint && world.gatekeeper.questions.unregister(endpoint, 'maintenance'));
  const sent = await world.take();
  expect(sent.map(({ message }) => message.type)).toEqual(['admissionReject', 'unregistrationRequest']);
  for (const { message, bytes } of sent) {
    const { cryptoTokens }: { cryptoTokens?: Parameters<typeof readClaims>[1] } = message.value as object;
    const [claim] = readClaims(undefined, cryptoTokens, bytes).claims;
    expect(claim).toMatchObject({ method: 'h235.1', name: 'portvakt' });
    expect(claim?.proves(PASSWORD)).toBe(true);
    expect(claim?.proves('guess')).toBe(false);
  }
});

test('an IRR without the password does not keep an endpoint alive', async () => {
  open();
  const { endpointIdentifier: id } = await world.confirm(
    'registrationConfirm',
    proven(rrq(anywhere(1), [digits('461020001')]), 'h235.1'),
    anywhere(1),
  );
  await world.pass(301_000);
  const [question] = await world.take();
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  world.send(irr(anywhere(1), id, question.message.value.requestSeqNum), anywhere(1));
  await world.pass(10_000);
  expect(world.gatekeeper.endpoints.find(id)).toBeUndefined();
});

test('too many wrong passwords shut the door for that user from that address, and for nobody else', async () => {
  open({ failures: new FailureLimit({ failures: 3 }) });
  const logOn = (host: number, user: string, password?: string) =>
    proven(rrq({ ...anywhere(host), port: Number(user.slice(-4)) }, [digits(user)]), 'h235.1', user, password);
  for (let i = 0; i < 3; i++) await world.reason(logOn(1, '461020001', `guess ${i}`), anywhere(1));
  expect(await world.reason(logOn(1, '461020001'), anywhere(1))).toMatchObject({
    reason: 'securityDenial',
    sentence: expect.stringContaining('Too many wrong passwords'),
  });
  // A colleague behind the same address, and the user himself from another.
  await world.confirm('registrationConfirm', logOn(1, '461020002'), anywhere(1));
  await world.confirm('registrationConfirm', logOn(2, '461020001'), anywhere(2));
});
