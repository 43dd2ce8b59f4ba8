import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import type { AlternateGK, RasMessage } from '../../../src/gatekeeper/h323/asn1/h225.js';
import { rasMessage } from '../../../src/gatekeeper/h323/asn1/h225.js';
import { authenticate } from '../../../src/gatekeeper/h323/h235/authenticate.js';
import { ReplayWindow } from '../../../src/gatekeeper/h323/h235/replay.js';
import { type SocketAddress, transportAddress } from '../../../src/simulator/h323/addresses.js';
import { Credentials } from '../../../src/simulator/h323/credentials.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import type { H323EndpointOptions } from '../../../src/simulator/h323/endpoint-options.js';
import { tlsFeature } from '../../../src/simulator/h323/identity.js';
import { RasClient } from '../../../src/simulator/h323/ras-client.js';
import { makeCertificateAuthority } from '../../support/certificates.js';
import { until } from '../../support/until.js';
import { confirm, ScriptedGatekeeper } from './scripted-gatekeeper.js';

const open: { close(): Promise<void> }[] = [];
const clock = new VirtualClock(Date.parse('2026-11-22T08:00:00Z'));

async function gatekeeper(id?: string): Promise<ScriptedGatekeeper> {
  const started = await ScriptedGatekeeper.start(id);
  open.push(started);
  return started;
}

async function endpoint(options: Partial<H323EndpointOptions> = {}): Promise<H323Endpoint> {
  const aliases = [{ e164: '461010001' }, { h323Id: 'norr1' }];
  const started = await H323Endpoint.start({ address: '127.0.0.2', aliases, clock, ...options });
  open.push(started);
  return started;
}

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function alternate(to: SocketAddress, priority: number): AlternateGK {
  return { rasAddress: transportAddress(to), needToRegister: true, priority };
}

function reject(message: RasMessage, reason: 'fullRegistrationRequired' | 'invalidAlias' | 'resourceUnavailable'): RasMessage | undefined {
  if (message.type !== 'registrationRequest') return undefined;
  const { requestSeqNum, protocolIdentifier } = message.value;
  return { type: 'registrationReject', value: { requestSeqNum, protocolIdentifier, rejectReason: { type: reason, value: null } } };
}

describe('registration', () => {
  it('discovers and registers, and says who it is', async () => {
    const gk = await gatekeeper('gk-1');
    const anna = await endpoint({ gatekeeper: gk.address, discovery: true, timeToLive: 120 });
    expect(await anna.register()).toEqual({ outcome: 'registered' });
    const grq = await gk.take('gatekeeperRequest');
    expect(grq.endpointAlias).toEqual([
      { type: 'dialedDigits', value: '461010001' },
      { type: 'h323-ID', value: 'norr1' },
    ]);
    const rrq = await gk.take('registrationRequest');
    expect(rrq).toMatchObject({
      protocolIdentifier: '0.0.8.2250.0.7',
      discoveryComplete: true,
      gatekeeperIdentifier: 'gk-1',
      keepAlive: false,
      timeToLive: 120,
      callSignalAddress: [transportAddress(anna.signalAddress)],
      rasAddress: [transportAddress(anna.ras.local)],
    });
    expect(rrq.terminalType.terminal).toBeDefined();
    expect(anna.endpointIdentifier).toBe('endpoint-1');
    await anna.unregister();
    expect(anna.registered).toBe(false);
    expect((await gk.take('unregistrationRequest')).endpointIdentifier).toBe('endpoint-1');
  });

  it('registers a gateway with its prefixes', async () => {
    const gk = await gatekeeper();
    const gateway = await endpoint({ gatekeeper: gk.address, type: 'gateway', prefixes: ['4630100', '46302'] });
    await gateway.register();
    const { terminalType } = await gk.take('registrationRequest');
    const [protocol] = terminalType.gateway?.protocol ?? [];
    expect(protocol?.type === 'voice' && protocol.value.supportedPrefixes?.map(({ prefix }) => prefix.value)).toEqual(['4630100', '46302']);
  });

  it('keeps itself alive at half its time to live, by a light RRQ', async () => {
    const gk = await gatekeeper();
    gk.answer = (message) => confirm(message, 'gk', gk.address, { timeToLive: 60 });
    const anna = await endpoint({ gatekeeper: gk.address });
    await anna.register();
    clock.advance(29_999);
    expect(gk.all('registrationRequest')).toHaveLength(1);
    clock.advance(1);
    const light = await gk.take('registrationRequest', 2);
    expect(light).toMatchObject({ keepAlive: true, endpointIdentifier: 'endpoint-1' });
    expect(light.terminalAlias).toBeUndefined();
    await until(
      () => anna.confirmedAt === clock.now(),
      () => 'the confirmation',
    );
    clock.advance(30_000);
    await gk.take('registrationRequest', 3);
  });

  it('registers in full again where the gatekeeper has forgotten it', async () => {
    const gk = await gatekeeper();
    const anna = await endpoint({ gatekeeper: gk.address });
    await anna.register();
    gk.answer = (message) =>
      message.type === 'registrationRequest' && message.value.keepAlive
        ? reject(message, 'fullRegistrationRequired')
        : confirm(message, 'gk', gk.address);
    expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
    expect(gk.all('registrationRequest').map(({ keepAlive }) => keepAlive)).toEqual([false, true, false]);
  });

  it('tells why it was rejected', async () => {
    const gk = await gatekeeper();
    gk.answer = (message) => reject(message, 'invalidAlias');
    const anna = await endpoint({ gatekeeper: gk.address, automatic: false });
    expect(await anna.register()).toEqual({ outcome: 'rejected', by: 'registration', reason: 'invalidAlias' });
    expect(anna.registered).toBe(false);
  });

  it('adds aliases, and replaces them', async () => {
    const gk = await gatekeeper();
    const anna = await endpoint({ gatekeeper: gk.address });
    await anna.register();
    await anna.addAliases([{ url: 'anna@norr.example' }]);
    expect(gk.all('registrationRequest')[1]).toMatchObject({
      additiveRegistration: null,
      endpointIdentifier: 'endpoint-1',
      terminalAlias: [{ type: 'url-ID', value: 'anna@norr.example' }],
    });
    expect(anna.registration.aliases).toHaveLength(3);
  });

  it('registers again when the gatekeeper ends its registration', async () => {
    const gk = await gatekeeper();
    const anna = await endpoint({ gatekeeper: gk.address });
    await anna.register();
    const answer = await gk.ask(
      (requestSeqNum) => ({
        type: 'unregistrationRequest',
        value: { requestSeqNum, callSignalAddress: [], endpointIdentifier: 'endpoint-1', reason: { type: 'ttlExpired', value: null } },
      }),
      anna.ras.local,
    );
    expect(answer).toMatchObject({ outcome: 'answered', message: { type: 'unregistrationConfirm' } });
    expect(anna.registered).toBe(false);
    clock.advance(0);
    await gk.take('registrationRequest', 2);
  });

  it('answers IRQ, or plays one that is gone', async () => {
    const gk = await gatekeeper();
    const anna = await endpoint({ gatekeeper: gk.address });
    const gone = await endpoint({ gatekeeper: gk.address, respondToIrq: false, address: '127.0.0.3' });
    await anna.register();
    await gone.register();
    for (const { local } of [gone.ras, anna.ras])
      gk.send({ type: 'infoRequest', value: { requestSeqNum: 7, callReferenceValue: 0 } }, local);
    expect(await gk.take('infoRequestResponse')).toMatchObject({ requestSeqNum: 7, endpointIdentifier: 'endpoint-1' });
    await until(
      () => gone.irqs === 1,
      () => 'the IRQ',
    );
    expect(gk.all('infoRequestResponse')).toHaveLength(1);
  });

  it.each(['h235.1', 'md5', 'cat'] as const)('proves its password in every message: %s', async (method) => {
    const credentials = new Credentials({ user: '461010001', password: 'hemligt', method }, '', clock);
    const replay = new ReplayWindow();
    const lookup = (user: string) =>
      user === '461010001' || user === 'endpoint-1' ? { user: '461010001', password: 'hemligt' } : undefined;
    const judge = (endpointId: string | undefined, spoil = false) => {
      const value = { requestSeqNum: 1, callSignalAddress: [], ...credentials.tokens({ gatekeeperId: 'gk', endpointId }) };
      const bytes = credentials.encode({ type: 'unregistrationRequest', value });
      const { tokens, cryptoTokens } = (rasMessage.decode(bytes) as Extract<RasMessage, { type: 'unregistrationRequest' }>).value;
      const accounts = spoil ? () => ({ user: '461010001', password: 'annat' }) : lookup;
      const sent = { tokens, cryptoTokens, bytes, gatekeeperId: 'gk', aliases: [], source: '127.0.0.1', now: clock.now() };
      return authenticate(sent, accounts, { replay });
    };
    expect(judge(undefined)).toMatchObject({ ok: true, user: '461010001', method });
    expect(judge(undefined, true)).toMatchObject({ ok: false });
    if (method === 'h235.1') expect(judge('endpoint-1')).toMatchObject({ ok: true });
  });

  it('shares a socket: each endpoint is asked for itself', async () => {
    const gk = await gatekeeper();
    let given = 0;
    gk.answer = (message) => {
      const answer = confirm(message, 'gk', gk.address);
      if (answer?.type !== 'registrationConfirm') return answer;
      return { type: answer.type, value: { ...answer.value, endpointIdentifier: `endpoint-${++given}` } };
    };
    const ras = await RasClient.open({ address: '127.0.0.2', clock });
    const all = await Promise.all([1, 2, 3].map((n) => endpoint({ gatekeeper: gk.address, ras, aliases: [{ e164: `46101000${n}` }] })));
    open.unshift(ras);
    for (const each of all) await each.register();
    const [, second] = all;
    gk.send(
      { type: 'unregistrationRequest', value: { requestSeqNum: 9, callSignalAddress: [], endpointIdentifier: 'endpoint-2' } },
      ras.local,
    );
    await until(
      () => second?.registered === false,
      () => 'the second to be unregistered',
    );
    expect(all.map(({ registered }) => registered)).toEqual([true, false, true]);
  });
});

describe('a gatekeeper that is silent', () => {
  it('is asked again with the same bytes, and RIP extends the wait', async () => {
    const gk = await gatekeeper();
    gk.answer = () => undefined;
    const anna = await endpoint({ gatekeeper: gk.address, rasTimers: { timeoutMs: 1000, attempts: 3 } });
    const result = anna.register();
    const { requestSeqNum } = await gk.take('registrationRequest');
    clock.advance(1000);
    expect(await gk.take('registrationRequest', 2)).toMatchObject({ requestSeqNum });
    const from = gk.heard[0]?.from;
    if (!from) throw new Error('it was heard');
    gk.send({ type: 'requestInProgress', value: { requestSeqNum, delay: 30_000 } }, from);
    gk.send({ type: 'requestInProgress', value: { requestSeqNum: 1, delay: 1 } }, from);
    // Of a request that is answered at once the answer comes after the RIP before it.
    gk.send({ type: 'infoRequest', value: { requestSeqNum: 7, callReferenceValue: 0 } }, from);
    await until(
      () => anna.irqs === 1,
      () => 'what was sent after RIP',
    );
    clock.advance(29_000);
    expect(gk.all('registrationRequest')).toHaveLength(2);
    clock.advance(1000);
    await gk.take('registrationRequest', 3);
    clock.advance(1000);
    expect(await result).toEqual({ outcome: 'silent' });
    expect(anna.ras.retransmissions).toBe(2);
  });

  it('is not answered for by somebody else', async () => {
    const [gk, stranger] = [await gatekeeper(), await gatekeeper('stranger')];
    gk.answer = () => undefined;
    const anna = await endpoint({ gatekeeper: gk.address });
    const result = anna.register();
    const message = { type: 'registrationRequest', value: await gk.take('registrationRequest') } as const;
    const [forged, confirmed] = [confirm(message, 'stranger', stranger.address), confirm(message, 'gk', gk.address)];
    if (!forged || !confirmed) throw new Error('an RRQ is confirmed');
    stranger.send(forged, anna.ras.local);
    await until(
      () => anna.ras.ignored.unexpected === 1,
      () => 'the forged RCF to be ignored',
    );
    gk.send(confirmed, anna.ras.local);
    expect(await result).toEqual({ outcome: 'registered' });
    expect(anna.registration.gatekeeperIdentifier).toBe('gk');
  });

  it('is left for the alternate of best priority, with the registration kept', async () => {
    const [first, second, third] = [await gatekeeper('gk-1'), await gatekeeper('gk-2'), await gatekeeper('gk-3')];
    const alternates = [alternate(third.address, 5), alternate(second.address, 1)];
    first.answer = (message) => confirm(message, 'gk-1', first.address, { timeToLive: 60, alternates });
    const anna = await endpoint({ gatekeeper: first.address, rasTimers: { timeoutMs: 1000, attempts: 2 } });
    await anna.register();
    first.answer = () => undefined;
    const alive = anna.keepAlive();
    await first.take('registrationRequest', 2);
    clock.advance(1000);
    await first.take('registrationRequest', 3);
    clock.advance(1000);
    expect(await alive).toEqual({ outcome: 'registered' });
    expect(second.all('registrationRequest')).toMatchObject([{ keepAlive: true, endpointIdentifier: 'endpoint-1' }]);
    expect(third.heard).toEqual([]);
    expect(anna.registration.gatekeeper).toEqual(second.address);
    expect(anna.registration.gatekeeperIdentifier).toBe('gk-2');
    expect(anna.registration.counts).toEqual({ full: 1, light: 2, failovers: 1 });
  });

  it('is left when it says so in its answer to a keep-alive, with the registration kept', async () => {
    const [first, second] = [await gatekeeper('gk-1'), await gatekeeper('gk-2')];
    const anna = await endpoint({ gatekeeper: first.address });
    await anna.register();
    first.answer = (message) => {
      const rejected = reject(message, 'resourceUnavailable');
      const altGKInfo = { alternateGatekeeper: [alternate(second.address, 0)], altGKisPermanent: true };
      return rejected?.type === 'registrationReject' ? { ...rejected, value: { ...rejected.value, altGKInfo } } : rejected;
    };
    expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
    expect(second.all('registrationRequest')).toMatchObject([{ keepAlive: true, endpointIdentifier: 'endpoint-1' }]);
    expect(anna.registration.gatekeeper).toEqual(second.address);
    // The second sends it back, and neither takes it.
    second.answer = first.answer;
    expect(await anna.keepAlive()).toMatchObject({ outcome: 'rejected', reason: 'resourceUnavailable', sentElsewhere: true });
    expect(anna.registered).toBe(false);
  });

  it('is left for an alternate that wants a full registration, in the middle of a call attempt', async () => {
    const [first, second] = [await gatekeeper('gk-1'), await gatekeeper('gk-2')];
    const bo = await endpoint({ address: '127.0.0.3' });
    first.answer = (message) => confirm(message, 'gk-1', first.address, { alternates: [alternate(second.address, 0)] });
    second.answer = (message) => {
      if (message.type === 'registrationRequest' && message.value.keepAlive) return reject(message, 'fullRegistrationRequired');
      return confirm(message, 'gk-2', second.address, { calls: bo.signalAddress });
    };
    const anna = await endpoint({ gatekeeper: first.address, rasTimers: { timeoutMs: 1000, attempts: 1 } });
    await anna.register();
    first.answer = () => undefined;
    const call = anna.call('461020001');
    await first.take('admissionRequest');
    clock.advance(1000);
    await call.mediaReady;
    expect(second.all('registrationRequest').map(({ keepAlive }) => keepAlive)).toEqual([true, false]);
    expect(await second.take('admissionRequest')).toMatchObject({ gatekeeperIdentifier: 'gk-2' });
    call.hangUp();
    await second.take('disengageRequest');
  });
});

describe('calls by a gatekeeper', () => {
  it('asks for admission at both ends, says when it is over, and asks for bandwidth', async () => {
    const gk = await gatekeeper();
    const bo = await endpoint({ address: '127.0.0.3', aliases: [{ e164: '461020001' }], gatekeeper: gk.address });
    const anna = await endpoint({ gatekeeper: gk.address });
    gk.answer = (message) => {
      if (message.type !== 'bandwidthRequest') return confirm(message, 'gk', gk.address, { calls: bo.signalAddress });
      const { requestSeqNum } = message.value;
      const rejectReason = { type: 'insufficientResources', value: null } as const;
      return { type: 'bandwidthReject', value: { requestSeqNum, rejectReason, allowedBandWidth: 1000 } };
    };
    await anna.register();
    await bo.register();
    const call = anna.call('461020001', { bandwidth: 20_000 });
    await call.mediaReady;
    const [asked, answering] = gk.all('admissionRequest');
    expect(asked).toMatchObject({
      answerCall: false,
      bandWidth: 20_000,
      destinationInfo: [{ type: 'dialedDigits', value: '461020001' }],
      callReferenceValue: call.callReference,
    });
    expect(answering).toMatchObject({ answerCall: true, callIdentifier: asked?.callIdentifier });
    expect(await call.requestBandwidth(90_000)).toEqual({ granted: false, reason: 'insufficientResources', allowed: 1000 });
    call.hangUp();
    await gk.take('disengageRequest', 2);
    expect(
      gk
        .all('disengageRequest')
        .map(({ answeredCall }) => answeredCall)
        .sort(),
    ).toEqual([false, true]);
  });

  it('calls over TLS where the gatekeeper says so (H.460.22)', async () => {
    const authority = await makeCertificateAuthority();
    const identity = async (address: string) => ({ ca: authority.certificate, ...(await authority.issue({ addresses: [address] })) });
    const gk = await gatekeeper();
    const bo = await endpoint({ address: '127.0.0.3', tls: await identity('127.0.0.3') });
    const anna = await endpoint({ gatekeeper: gk.address, tls: await identity('127.0.0.2') });
    if (!bo.tlsAddress || !anna.tlsAddress) throw new Error('both listen on TLS');
    const featureSet = tlsFeature(bo.tlsAddress);
    gk.answer = (message) => confirm(message, 'gk', gk.address, { calls: bo.signalAddress, featureSet });
    await anna.register();
    expect((await gk.take('registrationRequest')).featureSet).toEqual(tlsFeature(anna.tlsAddress));
    const call = anna.call('461020001');
    await call.mediaReady;
    expect(call.signalling?.connection).toMatchObject({ secure: true, remote: bo.tlsAddress });
  });

  it('says how full a gateway is', async () => {
    const gk = await gatekeeper();
    const gateway = await endpoint({ gatekeeper: gk.address, type: 'gateway' });
    await gateway.register();
    expect(await gateway.reportResources(true)).toMatchObject({ message: { type: 'resourcesAvailableConfirm' } });
    expect(gk.all('resourcesAvailableIndicate')).toMatchObject([{ almostOutOfResources: true, endpointIdentifier: 'endpoint-1' }]);
  });

  it('ends a call that is not admitted', async () => {
    const gk = await gatekeeper();
    const anna = await endpoint({ gatekeeper: gk.address });
    await anna.register();
    gk.answer = (message) =>
      message.type === 'admissionRequest'
        ? {
            type: 'admissionReject',
            value: { requestSeqNum: message.value.requestSeqNum, rejectReason: { type: 'calledPartyNotRegistered', value: null } },
          }
        : undefined;
    expect(await anna.call('461099999').released).toEqual({ by: 'gatekeeper', reason: 'calledPartyNotRegistered', cause: undefined });
  });

  it('ends a call that the gatekeeper ends', async () => {
    const gk = await gatekeeper();
    const bo = await endpoint({ address: '127.0.0.3' });
    const anna = await endpoint({ gatekeeper: gk.address });
    gk.answer = (message) => confirm(message, 'gk', gk.address, { calls: bo.signalAddress });
    await anna.register();
    const call = anna.call('461020001');
    await call.mediaReady;
    const { callIdentifier: guid, callReference: callReferenceValue, conferenceId: conferenceID } = call;
    const answer = await gk.ask(
      (requestSeqNum) => ({
        type: 'disengageRequest',
        value: {
          requestSeqNum,
          endpointIdentifier: 'endpoint-1',
          conferenceID,
          callReferenceValue,
          disengageReason: { type: 'forcedDrop', value: null },
          callIdentifier: { guid },
        },
      }),
      anna.ras.local,
    );
    expect(answer).toMatchObject({ message: { type: 'disengageConfirm' } });
    expect(await call.released).toMatchObject({ by: 'gatekeeper' });
    expect(await bo.incoming[0]?.released).toMatchObject({ by: 'them' });
    expect(gk.all('disengageRequest')).toEqual([]);
  });
});
