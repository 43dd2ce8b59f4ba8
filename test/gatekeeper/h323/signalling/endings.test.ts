import { describe, expect, it } from 'vitest';
import { alert, connect, digit, hangUp, place, proceed, release, type Standing, talk, terminal, tunnel } from './calls.js';
import { releaseOf, type TestLeg } from './links.js';
import { type Party, useWorld } from './world.js';

const world = useWorld();

async function parties(): Promise<[Party, Party]> {
  return [await world().endpoint('461010001', 'norr'), await world().endpoint('461020001', 'syd')];
}

interface Phase {
  readonly norr: Party;
  readonly syd: Party;
  readonly leg: TestLeg;
  readonly identifier: Uint8Array;
  /** Undefined: it has no Setup yet. */
  readonly callee: TestLeg | undefined;
}

/** A call that came as far as this. */
const phases: readonly [string, () => Promise<Phase>][] = [
  [
    'while licences are asked for',
    async () => {
      const [norr, syd] = await parties();
      return { norr, syd, ...place(norr, '461020001'), callee: undefined };
    },
  ],
  [
    'while the called side takes no connection',
    async () => {
      const [norr, syd] = await parties();
      syd.reception = 'hang';
      const placed = place(norr, '461020001');
      await world().settle();
      return { norr, syd, ...placed, callee: undefined };
    },
  ],
  ['after the Setup', async () => calledTo(() => undefined)],
  ['after Call Proceeding', async () => calledTo(proceed)],
  ['while it rings', async () => calledTo(alert)],
];

async function calledTo(further: (leg: TestLeg, identifier: Uint8Array) => void): Promise<Phase> {
  const [norr, syd] = await parties();
  const placed = place(norr, '461020001');
  const callee = await syd.called();
  callee.take('setup');
  further(callee, placed.identifier);
  await world().settle();
  placed.leg.received.length = 0;
  return { norr, syd, ...placed, callee };
}

describe('the caller', () => {
  it.each(phases)('gives up by Release Complete %s', async (_phase, reach) => {
    const { leg, identifier, callee } = await reach();
    release(leg, identifier, { cause: 16, reason: { type: 'undefinedReason', value: null } });
    await world().pass(4_000);
    if (callee) expect(releaseOf(callee.take('releaseComplete'))).toMatchObject({ cause: 16, reason: 'undefinedReason' });
    expect(leg.received).toEqual([]);
    expect(world().record()).toMatchObject({ reason: 'callerCancelled', status: 16, answer: null });
  });

  it.each(phases)('is lost %s', async (_phase, reach) => {
    const { leg, callee } = await reach();
    leg.wire.link.lose('lost');
    await world().pass(4_000);
    if (callee) expect(releaseOf(callee.take('releaseComplete'))).toMatchObject({ cause: 41 });
    expect(world().record()).toMatchObject({
      reason: 'callerCancelled',
      status: 41,
      detail: "The caller's signalling connection broke: lost",
    });
  });

  it('is lost during the call', async () => {
    const [norr, syd] = await parties();
    const { leg, callee } = await talk(norr, syd);
    leg.wire.link.lose('lost');
    expect(releaseOf(callee.take('releaseComplete')).cause).toBe(41);
    expect(world().record()).toMatchObject({ reason: 'connectionLost', status: 41, cipher: 'AES-128' });
  });
});

describe('the called side', () => {
  it.each(phases.filter(([name]) => !name.startsWith('while licences') && !name.includes('no connection')))(
    'says no %s',
    async (_phase, reach) => {
      const { leg, identifier, callee } = await reach();
      if (!callee) throw new Error('not called');
      release(callee, identifier, { cause: 21, fields: { busyAddress: [{ type: 'h323-ID', value: 'room' }], destinationInfo: terminal } });
      await world().settle();
      const told = leg.take('releaseComplete');
      expect(releaseOf(told).cause).toBe(21);
      expect(told.uuie?.['h323-uu-pdu']['h323-message-body']).toMatchObject({
        value: { busyAddress: [{ type: 'h323-ID', value: 'room' }] },
      });
      expect(world().record()).toMatchObject({ reason: 'calleeDeclined', status: 21 });
    },
  );

  it.each(phases.filter(([name]) => !name.startsWith('while licences') && !name.includes('no connection')))(
    'is lost %s',
    async (_phase, reach) => {
      const { leg, callee } = await reach();
      callee?.wire.link.lose('lost');
      await world().settle();
      expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'unreachableDestination', cause: 20 });
      expect(world().record()).toMatchObject({
        reason: 'calleeUnreachable',
        detail: expect.stringContaining('closed the connection: lost'),
      });
    },
  );

  it('hangs up', async () => {
    const [norr, syd] = await parties();
    const { leg, callee, identifier } = await talk(norr, syd);
    release(callee, identifier, { cause: 16 });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(16);
    expect(world().record()).toMatchObject({ reason: 'completed', status: 16 });
  });

  it('is lost during the call', async () => {
    const [norr, syd] = await parties();
    const { leg, callee } = await talk(norr, syd);
    callee.wire.link.lose('ended-there');
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(41);
    expect(world().record()).toMatchObject({
      reason: 'connectionLost',
      detail: "The called party's signalling connection broke: ended-there",
    });
  });

  it('answers without H.323: that is no answer', async () => {
    const [norr, syd] = await parties();
    const { leg } = place(norr, '461020001');
    const callee = await syd.called();
    callee.sendBare('connect');
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(111);
    expect(world().record()).toMatchObject({ reason: 'answerUnusable', status: 111 });
    expect(callee.types).toEqual(['setup', 'releaseComplete']);
  });
});

describe('RAS', () => {
  const drq = (party: Party, identifier: Uint8Array) =>
    party.ras({
      type: 'disengageRequest',
      value: {
        requestSeqNum: 9,
        endpointIdentifier: party.id,
        conferenceID: identifier,
        callReferenceValue: 1,
        disengageReason: { type: 'normalDrop', value: null },
        callIdentifier: { guid: identifier },
        answeredCall: false,
      },
    });

  it.each(['caller', 'callee'] as const)('ends the call two seconds after the DRQ of the %s, if no Release Complete comes', async (who) => {
    const [norr, syd] = await parties();
    const { leg, callee, identifier } = await talk(norr, syd);
    expect(drq(who === 'caller' ? norr : syd, identifier)?.type).toBe('disengageConfirm');
    await world().pass(1_999);
    expect([...leg.received, ...callee.received]).toEqual([]);
    await world().pass(1);
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(16);
    expect(releaseOf(callee.take('releaseComplete')).cause).toBe(16);
    expect(world().record()).toMatchObject({ reason: 'completed', status: 16 });
  });

  it('leaves it to the Release Complete where that comes', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    drq(norr, standing.identifier);
    drq(syd, standing.identifier);
    await hangUp(world(), standing);
    expect(world().record()).toMatchObject({ reason: 'completed', status: 16 });
  });

  it.each([
    ['caller', 'callerCancelled'],
    ['callee', 'calleeDeclined'],
  ] as const)('ends a call that rings by the DRQ of the %s', async (who, reason) => {
    const { norr, syd, leg, callee, identifier } = await calledTo(alert);
    drq(who === 'caller' ? norr : syd, identifier);
    await world().pass(2_000);
    leg.take('releaseComplete');
    callee?.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason });
  });

  it('gives bandwidth back at the end of the call, whoever asked for it and never said DRQ', async () => {
    const [norr, syd] = await parties();
    const guid = Buffer.from('0123456789abcdef');
    let requestSeqNum = 1;
    const arq = (party: Party, answerCall: boolean) =>
      party.ras({
        type: 'admissionRequest',
        value: {
          requestSeqNum: requestSeqNum++,
          callType: { type: 'pointToPoint', value: null },
          endpointIdentifier: party.id,
          destinationInfo: [{ type: 'dialedDigits', value: '461020001' }],
          srcInfo: [{ type: 'dialedDigits', value: '461010001' }],
          bandWidth: 7680,
          callReferenceValue: 1,
          conferenceID: guid,
          activeMC: false,
          answerCall,
          canMapAlias: false,
          callIdentifier: { guid },
          willSupplyUUIEs: false,
        },
      });
    expect(arq(syd, true)?.type).toBe('admissionReject');
    expect(arq(norr, false)?.type).toBe('admissionConfirm');
    expect(world().ras.admissions.size).toBe(1);
    const placed = place(norr, '461020001', { setup: { callIdentifier: { guid } } });
    expect(world().ras.admissions.size).toBe(0);
    const callee = await syd.called();
    expect(arq(syd, true)?.type).toBe('admissionConfirm');
    expect(world().ras.bandwidth.inUse('norr') + world().ras.bandwidth.inUse('syd')).toBe(15_360);
    connect(callee, placed.identifier);
    await world().settle();
    await hangUp(world(), { ...placed, callee });
    expect(world().ras.bandwidth.inUse('norr') + world().ras.bandwidth.inUse('syd')).toBe(0);
  });
});

describe('the gatekeeper', () => {
  it('takes no new calls while it drains, and leaves those that stand alone', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    world().signalling.drain();
    const { leg } = place(norr, '461020001');
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'gatekeeperResources', cause: 41 });
    expect(world().record()).toMatchObject({ reason: 'instanceStopping', caller: { alias: '461010001' }, dialled: '461020001' });
    tunnel(standing.leg, digit('1'));
    await world().settle();
    standing.callee.take('facility');
    await hangUp(world(), standing);
  });

  it('releases both sides of every call when it stops, whatever it is at', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    const ringing = place(norr, '461020001');
    const rung = await syd.called();
    alert(rung, ringing.identifier);
    await world().settle();
    const asking = place(norr, '461020001');
    world().signalling.close();
    await world().settle();
    for (const leg of [standing.leg, standing.callee, ringing.leg, rung, asking.leg]) {
      const message = leg.received.pop();
      expect(message && releaseOf(message)).toEqual({
        reason: 'gatekeeperResources',
        cause: 41,
        display: 'The gatekeeper is being stopped',
      });
    }
    expect(world().records.map(({ reason }) => reason)).toEqual(['instanceStopped', 'instanceStopped', 'instanceStopped']);
  });

  it('says nothing of a call that somebody else ended in the ledger but that it is over', async () => {
    const [norr] = await parties();
    const { leg } = place(norr, '461020001');
    world().ledger.endAll('instanceStopped');
    await world().settle();
    leg.take('releaseComplete');
    expect(world().record().reason).toBe('instanceStopped');
  });
});

describe('limits', () => {
  const few = useWorld({
    plan: (plan) => {
      plan.organisations.norr.licences.calls = 1;
      plan.organisations.syd.licences.calls = 1;
    },
  });
  const small = useWorld({ maxCalls: 1 });

  it('are the organisations’ licences, and both hear of it in their own words', async () => {
    const norr = await few().endpoint('461010001', 'norr');
    const syd = await few().endpoint('461020001', 'syd');
    const fri = await few().endpoint('465010001', 'fri');
    const standing: Standing = await talk(norr, syd);
    const second = place(norr, '465010001');
    await few().settle();
    expect(releaseOf(second.leg.take('releaseComplete'))).toMatchObject({ reason: 'noBandwidth', cause: 47 });
    expect(few().record()).toMatchObject({ reason: 'callerLicencesExhausted', callee: { alias: '465010001' } });
    const third = place(fri, '461020001');
    await few().settle();
    expect(releaseOf(third.leg.take('releaseComplete'))).toMatchObject({ reason: 'adaptiveBusy', cause: 17 });
    expect(few().record()).toMatchObject({ reason: 'calleeLicencesExhausted' });
    await hangUp(few(), standing);
    const again = await talk(norr, syd);
    await hangUp(few(), again);
  });

  it('are the calls that one process carries', async () => {
    const norr = await small().endpoint('461010001', 'norr');
    const syd = await small().endpoint('461020001', 'syd');
    const standing = await talk(norr, syd);
    const { leg } = place(norr, '461020001');
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'gatekeeperResources', cause: 42 });
    expect(small().record()).toMatchObject({ reason: 'overloaded', status: 42 });
    await hangUp(small(), standing);
  });
});
