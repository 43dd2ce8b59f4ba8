import { afterEach, describe, expect, test } from 'vitest';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { arq, brq, digits, drq, gatewayWith, guid, hex, name, nextSeqNum, rrq } from './messages.js';
import { anywhere, gatewayAt, NOW, norr, RasWorld, SIGNAL, type WorldOptions } from './world.js';

let world: RasWorld;
const open = (options: WorldOptions = {}): RasWorld => {
  world = new RasWorld(options);
  return world;
};
afterEach(() => world.close());

const bandwidth = (call: number, total: number): WorldOptions => ({
  plan: (plan) => {
    plan.organisations.norr.zones = { norr: { kind: 'hosted', sources: { addresses: ['198.51.100.0/24'] }, bandwidth: { call, total } } };
  },
});

describe('the caller asks', () => {
  test('a call that leads somewhere is admitted, through us, and awaited', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    await world.register(2, [digits('461010002')]);
    const confirm = await world.confirm('admissionConfirm', arq(id, [digits('461010002')]), norr(1));
    expect(confirm).toMatchObject({
      callModel: { type: 'gatekeeperRouted' },
      destCallSignalAddress: transportAddress(SIGNAL),
      bandWidth: 7680,
      willRespondToIRR: true,
    });
    expect(confirm.destinationInfo).toBeUndefined();
    expect(world.gatekeeper.admissions.find(hex('call-1'))).toEqual({
      callIdentifier: hex('call-1'),
      endpointId: id,
      dialled: '461010002',
      bandwidth: 7680,
      at: NOW,
    });
    expect(world.records).toEqual([]);
    expect(world.gatekeeper.admissions.take(hex('call-1'))?.endpointId).toBe(id);
    expect(world.gatekeeper.admissions.take(hex('call-1'))).toBeUndefined();
  });

  test('the first of several aliases that leads somewhere counts; without any, the address of a registered endpoint', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    await world.register(2, [digits('461010002')]);
    await world.confirm('admissionConfirm', arq(id, [digits('461010009'), digits('0002')]), norr(1));
    expect(world.gatekeeper.admissions.find(hex('call-1'))?.dialled).toBe('0002');
    const byAddress = arq(id, [], {
      destCallSignalAddress: transportAddress({ ...norr(2), port: 1720 }),
      callIdentifier: { guid: guid('call-2') },
    });
    await world.confirm('admissionConfirm', byAddress, norr(1));
    expect(world.gatekeeper.admissions.find(hex('call-2'))?.dialled).toBe('461010002');
  });

  test('an endpoint of version 1 names the call by its conference', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001'), name('self')]);
    await world.confirm('admissionConfirm', arq(id, [name('self')], { callIdentifier: undefined }), norr(1));
    expect(world.gatekeeper.admissions.find(hex('conference'))).toBeDefined();
  });

  test('what a transform makes of the number is told to one that takes it', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    await world.register(2, [digits('461010002')]);
    const national = () => [digits('01010002')];
    expect(await world.confirm('admissionConfirm', arq(id, national()), norr(1))).toMatchObject({ destinationInfo: [digits('461010002')] });
    expect((await world.confirm('admissionConfirm', arq(id, national(), { canMapAlias: false }), norr(1))).destinationInfo).toBeUndefined();
    expect((await world.confirm('admissionConfirm', arq(id, [digits('0002')]), norr(1))).destinationInfo).toBeUndefined();
  });

  test.each([
    ['calledPartyNotRegistered', 'calleeNotRegistered', [digits('461010009')]],
    ['calledPartyNotRegistered', 'addressUnknown', [digits('4799990001')]],
    ['incompleteAddress', 'addressIncomplete', [digits('46101000')]],
    ['incompleteAddress', 'addressUnreadable', []],
    ['calledPartyNotRegistered', 'addressUnknown', [name('nobody here')]],
  ])('%s, with the record of a call that was refused: %s', async (expected, reason, dialled) => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect((await world.reason(arq(id, dialled), norr(1))).reason).toBe(expected);
    expect(world.records).toMatchObject([
      {
        reason,
        signallingId: hex('call-1'),
        caller: { zone: 'norr', organisation: 'norr', alias: '461010001', protocol: 'h323' },
        callee: null,
      },
    ]);
    expect(world.ledger.active).toBe(0);
    expect(world.gatekeeper.admissions.size).toBe(0);
    expect(world.gatekeeper.bandwidth.calls).toBe(0);
  });

  test('who is not registered is told to register; who is somebody else is refused', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(arq('unknown', [digits('461010001')]), norr(1))).toMatchObject({ reason: 'callerNotRegistered' });
    expect(await world.reason(arq(id, [digits('461010001')]), norr(2))).toMatchObject({ reason: 'securityDenial' });
    expect(world.records).toEqual([]);
  });

  test('an admission without a Setup lapses after a minute, and its bandwidth with it', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001'), name('self')]);
    await world.confirm('admissionConfirm', arq(id, [name('self')]), norr(1));
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(7680);
    await world.pass(59_000);
    expect(world.gatekeeper.admissions.find(hex('call-1'))).toBeDefined();
    await world.pass(2000);
    expect(world.gatekeeper.admissions.find(hex('call-1'))).toBeUndefined();
    expect(world.gatekeeper.admissions.size).toBe(0);
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(0);
  });
});

describe('one callIdentifier is one call', () => {
  test('an ARQ for a call in progress does not lead to its bandwidth being given back', async () => {
    open(bandwidth(768, 1000));
    const { id } = await world.register(1, [digits('461010001')]);
    const { id: called } = await world.register(2, [digits('461010002')]);
    await world.confirm('admissionConfirm', arq(id, [digits('461010002')]), norr(1));
    world.gatekeeper.admissions.take(hex('call-1'));
    world.calls.set(hex('call-1'), { endpoints: [id, called], disengaged: () => undefined });
    await world.confirm('admissionConfirm', arq(id, [digits('461010002')]), norr(1));
    await world.pass(61_000);
    expect(world.gatekeeper.bandwidth.held(hex('call-1'), id)).toBe(7680);
  });

  test("what lapses gives back its own endpoint's bandwidth only", async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    await world.register(2, [digits('461010002')]);
    world.gatekeeper.bandwidth.ask({ callIdentifier: hex('call-1'), party: 'another', zone: 'norr', bandwidth: 100 });
    await world.confirm('admissionConfirm', arq(id, [digits('461010002')]), norr(1));
    await world.pass(61_000);
    expect([world.gatekeeper.bandwidth.held(hex('call-1'), id), world.gatekeeper.bandwidth.inUse('norr')]).toEqual([0, 100]);
  });

  test("another endpoint's admission, or call, stays as it is", async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    const { id: other } = await world.register(2, [digits('461010002')]);
    await world.confirm('admissionConfirm', arq(id, [digits('461010002')]), norr(1));
    expect(await world.reason(arq(other, [digits('461010001')]), norr(2))).toEqual({
      reason: 'requestDenied',
      sentence: expect.stringContaining('identifier of its own'),
    });
    expect(world.gatekeeper.admissions.find(hex('call-1'))?.endpointId).toBe(id);
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(7680);
    world.gatekeeper.admissions.take(hex('call-1'));
    world.calls.set(hex('call-1'), { endpoints: [id], disengaged: () => undefined });
    expect((await world.reason(arq(other, [digits('461010001')]), norr(2))).reason).toBe('requestDenied');
    expect(world.gatekeeper.bandwidth.held(hex('call-1'), other)).toBe(0);
  });
});

describe('the called party asks', () => {
  const answer = (id: string) => arq(id, [], { answerCall: true });

  test('a call that came through us may be answered', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    world.calls.set(hex('call-1'), { endpoints: ['another', id], disengaged: () => undefined });
    expect(await world.confirm('admissionConfirm', answer(id), norr(1))).toMatchObject({ destCallSignalAddress: transportAddress(SIGNAL) });
    expect(world.gatekeeper.admissions.size).toBe(0);
  });

  test('a call past us, or of others, may not', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(answer(id), norr(1))).toMatchObject({
      reason: 'requestDenied',
      sentence: expect.stringContaining('past the gatekeeper'),
    });
    world.calls.set(hex('call-1'), { endpoints: ['another'], disengaged: () => undefined });
    expect(await world.reason(answer(id), norr(1))).toMatchObject({ reason: 'requestDenied' });
    expect(world.records).toEqual([]);
  });
});

describe('bandwidth', () => {
  test('a call gets at most its own limit, and none when the zone is full', async () => {
    open(bandwidth(512, 1000));
    const { id } = await world.register(1, [digits('461010001'), name('self')]);
    const call = (number: number) => arq(id, [name('self')], { callIdentifier: { guid: guid(`call-${number}`) } });
    expect((await world.confirm('admissionConfirm', call(1), norr(1))).bandWidth).toBe(5120);
    expect(await world.reason(call(2), norr(1))).toMatchObject({ reason: 'requestDenied', sentence: expect.stringContaining('bandwidth') });
    expect(world.records).toMatchObject([{ reason: 'bandwidthExhausted', signallingId: hex('call-2') }]);
    await world.confirm('disengageConfirm', drq(id), norr(1));
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(0);
    expect(world.gatekeeper.admissions.size).toBe(0);
    await world.confirm('admissionConfirm', call(2), norr(1));
  });

  test('BRQ changes what a call holds, within the limits', async () => {
    open(bandwidth(512, 1000));
    const { id } = await world.register(1, [digits('461010001'), name('self')]);
    const { id: other } = await world.register(2, [digits('461010002')]);
    await world.confirm('admissionConfirm', arq(id, [name('self')], { bandWidth: 2560 }), norr(1));
    expect((await world.confirm('bandwidthConfirm', brq(id, 5120), norr(1))).bandWidth).toBe(5120);
    expect(await world.ask(brq(id, 9000), norr(1))).toMatchObject({
      type: 'bandwidthReject',
      value: { rejectReason: { type: 'insufficientResources' }, allowedBandWidth: 5120 },
    });
    world.calls.set(hex('call-1'), { endpoints: [id, other], disengaged: () => undefined });
    expect(await world.ask(brq(other, 5120), norr(2))).toMatchObject({ type: 'bandwidthReject', value: { allowedBandWidth: 4880 } });
    expect((await world.confirm('bandwidthConfirm', brq(other, 4880), norr(2))).bandWidth).toBe(4880);
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(10_000);
    world.gatekeeper.bandwidth.release(hex('call-1'));
    expect(world.gatekeeper.bandwidth.inUse('norr')).toBe(0);
    expect(world.gatekeeper.bandwidth.calls).toBe(0);
  });

  test('BRQ for a call that is none, and by whom we do not know', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(brq(id, 1000), norr(1))).toMatchObject({ reason: 'invalidConferenceID' });
    expect(await world.reason(brq('unknown', 1000), norr(1))).toMatchObject({ reason: 'notBound' });
    expect(await world.reason(brq(id, 1000), norr(2))).toMatchObject({ reason: 'securityDenial' });
  });
});

describe('DRQ', () => {
  test('signalling is told, and the endpoint is confirmed even when the call is forgotten', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    const told: string[] = [];
    world.calls.set(hex('call-1'), { endpoints: [id], disengaged: (who, why) => void told.push(`${who} ${why}`) });
    await world.confirm('disengageConfirm', drq(id), norr(1));
    expect(told).toEqual([`${id} normalDrop`]);
    world.calls.clear();
    await world.confirm('disengageConfirm', drq(id), norr(1));
  });

  test('is refused to others', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    world.calls.set(hex('call-1'), { endpoints: ['another'], disengaged: () => expect.unreachable() });
    expect(await world.reason(drq(id), norr(1))).toMatchObject({ reason: 'requestToDropOther' });
    expect(await world.reason(drq('unknown'), norr(1))).toMatchObject({ reason: 'notRegistered' });
    expect(await world.reason(drq(id), norr(3))).toMatchObject({ reason: 'securityDenial' });
  });
});

describe('resources', () => {
  const rai = (endpointIdentifier: string, almostOutOfResources: boolean) => ({
    type: 'resourcesAvailableIndicate' as const,
    value: { requestSeqNum: nextSeqNum(), protocolIdentifier: '0.0.8.2250.0.7', endpointIdentifier, protocols: [], almostOutOfResources },
  });

  test('a gateway says that it is nearly full, and that it has room again', async () => {
    open({
      plan: (plan) => {
        const zone = plan.organisations.vik?.zones.vik;
        if (zone) delete zone.accounts;
      },
    });
    const { endpointIdentifier: id } = await world.confirm(
      'registrationConfirm',
      rrq(gatewayAt, [], { terminalType: gatewayWith('46201') }),
      gatewayAt,
    );
    await world.confirm('resourcesAvailableConfirm', rai(id, true), gatewayAt);
    expect(world.gatekeeper.endpoints.find(id)?.almostOutOfResources).toBe(true);
    await world.confirm('resourcesAvailableConfirm', rai(id, false), gatewayAt);
    expect(world.gatekeeper.endpoints.find(id)?.almostOutOfResources).toBe(false);
    world.send(rai(id, true), anywhere(1));
    expect(await world.take()).toEqual([]);
    expect(world.gatekeeper.endpoints.find(id)?.almostOutOfResources).toBe(false);
  });
});

describe('other messages', () => {
  test('a service indication is answered with what is not there', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    const value = { requestSeqNum: nextSeqNum(), serviceControl: [], endpointIdentifier: id };
    expect(await world.confirm('serviceControlResponse', { type: 'serviceControlIndication', value }, norr(1))).toMatchObject({
      result: { type: 'notAvailable' },
    });
  });

  test('what is not understood is handed back', async () => {
    open();
    const object = { type: 'object', value: '1.2.3' } as const;
    const value = { requestSeqNum: 77, nonStandardData: { nonStandardIdentifier: object, data: Buffer.from('x') } };
    expect(await world.confirm('unknownMessageResponse', { type: 'nonStandardMessage', value }, norr(1))).toMatchObject({
      requestSeqNum: 77,
    });
    const unknown = { type: 'unknown', index: 40, value: Buffer.from([1, 2, 3]) } as const;
    const answer = await world.confirm('unknownMessageResponse', unknown, norr(1));
    expect(answer.messageNotUnderstood?.length).toBeGreaterThan(3);
  });

  test('answers that nobody waits for are not answered', async () => {
    open();
    world.send({ type: 'disengageConfirm', value: { requestSeqNum: 5 } }, norr(1));
    world.send({ type: 'unknownMessageResponse', value: { requestSeqNum: 5, messageNotUnderstood: Buffer.alloc(0) } }, norr(1));
    world.send({ type: 'infoRequest', value: { requestSeqNum: 5, callReferenceValue: 0, callIdentifier: { guid: guid('') } } }, norr(1));
    world.send(Buffer.from('INVITE sip:anna@norr.example SIP/2.0'), norr(1));
    world.send(Buffer.alloc(0), norr(1));
    expect(await world.take()).toEqual([]);
    expect(world.malformed).toHaveLength(5);
  });
});
