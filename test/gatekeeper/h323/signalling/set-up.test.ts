import { describe, expect, it } from 'vitest';
import { contentOf, element } from '../../../../src/gatekeeper/h323/q931/element.js';
import { progressIndicator } from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import { partyNumber, partyNumberOf } from '../../../../src/gatekeeper/h323/q931/party-number.js';
import {
  alert,
  answer,
  calledOf,
  connect,
  digit,
  facility,
  hangUp,
  notify,
  place,
  proceed,
  progress,
  release,
  talk,
  terminal,
  tunnel,
} from './calls.js';
import { bodyOf } from './links.js';
import { useWorld } from './world.js';

const world = useWorld();

async function norrAndSyd() {
  return { norr: await world().endpoint('461010001', 'norr'), syd: await world().endpoint('461020001', 'syd') };
}

describe('a call', () => {
  it('is set up between two registered endpoints, and has its record', async () => {
    const { norr, syd } = await norrAndSyd();
    const placed = place(norr, '461020001');
    const callee = await syd.called();
    await world().pass(2_000);
    expect(placed.leg.types).toEqual(['callProceeding']);
    placed.leg.take('callProceeding');
    callee.take('setup');
    alert(callee, placed.identifier);
    await world().pass(5_000);
    connect(callee, placed.identifier);
    await world().pass(60_000);
    placed.leg.take('alerting');
    expect(placed.leg.takeBody('connect').tokens).toEqual(answer);
    expect(world().store.licences.callsInUse()).toBe(1);
    expect(world().signalling.size).toBe(1);
    await hangUp(world(), { ...placed, callee });
    expect(world().record()).toMatchObject({
      caller: { zone: 'norr', organisation: 'norr', alias: '461010001', protocol: 'h323' },
      callee: { zone: 'syd', organisation: 'syd', alias: '461020001', protocol: 'h323' },
      dialled: '461020001',
      signallingId: placed.callId,
      route: 'registration 461020001',
      routesTried: 1,
      start: '2026-11-22T08:00:00.000Z',
      ringing: '2026-11-22T08:00:02.000Z',
      answer: '2026-11-22T08:00:07.000Z',
      durationSeconds: 60,
      reason: 'completed',
      status: 16,
      cipher: 'AES-128',
      detail: null,
    });
  });

  it('passes every kind of message both ways, elements and all', async () => {
    const { norr, syd } = await norrAndSyd();
    const standing = await talk(norr, syd);
    const { leg, callee, identifier } = standing;
    for (const [from, to] of [
      [leg, callee],
      [callee, leg],
    ] as const) {
      facility(from, identifier, { reason: { type: 'callForwarded', value: null } });
      notify(from, identifier);
      progress(from, identifier, {}, { elements: [progressIndicator(8)] });
      const value = { protocolIdentifier: '0.0.8.2250.0.5', callIdentifier: { guid: identifier } };
      from.sendBody('information', { type: 'information', value }, { elements: [element('keypad', Buffer.from('5'))] });
      from.sendBody('status', { type: 'status', value });
      from.sendBody('statusInquiry', { type: 'statusInquiry', value });
      from.sendBare({ unknown: 0x33 }, [element('display', Buffer.from('x'))]);
      await world().settle();
      expect(bodyOf(to.take('facility'), 'facility').reason.type).toBe('callForwarded');
      expect(to.takeBody('notify').callIdentifier.guid).toEqual(identifier);
      expect(contentOf(to.take('progress').q931, 'progressIndicator')).toEqual(Buffer.from(progressIndicator(8).content));
      const information = to.take('information');
      expect(contentOf(information.q931, 'keypad')?.toString()).toBe('5');
      expect(bodyOf(information, 'information').protocolIdentifier).toBe('0.0.8.2250.0.5');
      to.take('status');
      to.take('statusInquiry');
      expect(contentOf(to.take({ unknown: 0x33 }).q931, 'display')?.toString()).toBe('x');
    }
    await hangUp(world(), standing);
  });

  it('goes to another number of the caller’s own organisation by its extension, and the called party number says the whole of it', async () => {
    const { norr } = await norrAndSyd();
    const other = await world().endpoint('461010002', 'norr');
    const elements = [partyNumber('calledPartyNumber', { digits: '0002', plan: 'private' })];
    const placed = place(norr, '0002', { elements });
    const callee = await other.called();
    const setup = callee.take('setup');
    expect(partyNumberOf(setup.q931, 'calledPartyNumber')).toMatchObject({ digits: '461010002', plan: 'private' });
    expect(bodyOf(setup, 'setup').destinationAddress).toEqual([{ type: 'dialedDigits', value: '461010002' }]);
    release(placed.leg, placed.identifier);
    expect(world().record()).toMatchObject({ dialled: '0002', callee: { alias: '461010002' }, reason: 'callerCancelled', status: 16 });
  });
});

describe('Call Proceeding of our own', () => {
  it('comes after a second without a word, and a later one of the called side goes on as Progress if it says more', async () => {
    const { norr, syd } = await norrAndSyd();
    const { leg, identifier } = place(norr, '461020001');
    const callee = await syd.called();
    await world().pass(999);
    expect(leg.received).toEqual([]);
    await world().pass(1);
    const own = leg.take('callProceeding');
    expect(own.uuie?.['h323-uu-pdu']).toMatchObject({ h245Tunneling: true, provisionalRespToH245Tunneling: null });
    expect(bodyOf(own, 'callProceeding')).toMatchObject({ callIdentifier: { guid: identifier }, destinationInfo: { gatekeeper: {} } });
    proceed(callee, identifier);
    await world().settle();
    expect(leg.received).toEqual([]);
    proceed(callee, identifier, { tokens: answer, fastConnectRefused: null }, { pdu: { h245Control: [digit('1')] } });
    await world().settle();
    const later = leg.take('progress');
    expect(later.uuie?.['h323-uu-pdu'].h245Control).toEqual([digit('1')]);
    expect(bodyOf(later, 'progress')).toMatchObject({ tokens: answer, fastConnectRefused: null, destinationInfo: terminal });
    expect(bodyOf(later, 'progress').callIdentifier.guid).toEqual(identifier);
    // The keys were in it: a Connect without them stands.
    connect(callee, identifier, { tokens: undefined });
    await world().settle();
    leg.take('connect');
    await hangUp(world(), { leg, identifier, callee, callId: '' });
    expect(world().record().cipher).toBe('AES-128');
  });

  it('does not come when the called side was quicker', async () => {
    const { norr, syd } = await norrAndSyd();
    const { leg, identifier } = place(norr, '461020001');
    const callee = await syd.called();
    proceed(callee, identifier);
    await world().pass(5_000);
    leg.take('callProceeding');
    alert(callee, identifier);
    await world().settle();
    leg.take('alerting');
    release(leg, identifier);
  });
});

describe('what the caller says early', () => {
  it('reaches the called side after the Setup, though it came while licences were asked for', async () => {
    const { norr, syd } = await norrAndSyd();
    const { leg, identifier } = place(norr, '461020001');
    tunnel(leg, digit('1'));
    tunnel(leg, digit('2'));
    const callee = await syd.called();
    tunnel(leg, digit('3'));
    await world().settle();
    callee.take('setup');
    const said = callee.received.splice(0).map(({ uuie }) => uuie?.['h323-uu-pdu'].h245Control);
    expect(said).toEqual([[digit('1')], [digit('2')], [digit('3')]]);
    release(leg, identifier);
  });

  it('is told again to the next target, also what was said after the first had begun to answer', async () => {
    const vik = await Promise.all(
      [1, 2].map((host) => world().endpoint('', 'vik', { kind: 'gateway', prefixes: ['46201'], address: `10.7.0.${host}` })),
    );
    const { norr } = await norrAndSyd();
    const { leg, identifier } = place(norr, '462010001');
    tunnel(leg, digit('1'));
    await world().settle();
    const { leg: first } = await calledOf(vik);
    proceed(first, identifier);
    await world().settle();
    tunnel(leg, digit('2'));
    release(first, identifier, { cause: 42 });
    const { leg: callee } = await calledOf(vik);
    callee.take('setup');
    expect(callee.received.map(({ uuie }) => uuie?.['h323-uu-pdu'].h245Control)).toEqual([[digit('1')], [digit('2')]]);
    release(leg, identifier);
  });

  it('has an end: more of it than is kept binds the call to the one who hears it', async () => {
    const vik = await Promise.all(
      [1, 2].map((host) => world().endpoint('', 'vik', { kind: 'gateway', prefixes: ['46201'], address: `10.7.0.${host}` })),
    );
    const { norr } = await norrAndSyd();
    const { leg, identifier } = place(norr, '462010001');
    const { leg: first } = await calledOf(vik);
    proceed(first, identifier);
    for (let n = 0; n < 33; n++) tunnel(leg, digit('1'));
    await world().settle();
    expect(first.types).toEqual(['setup', ...Array.from({ length: 33 }, () => 'facility')]);
    release(first, identifier, { cause: 42 });
    await world().settle();
    expect(vik.flatMap(({ incoming }) => incoming)).toEqual([]);
    expect(world().record()).toMatchObject({ routesTried: 1, status: 42 });
  });
});
