import { describe, expect, it } from 'vitest';
import type { ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import {
  AES128,
  alert,
  answer,
  clearAudio,
  connect,
  DES,
  digit,
  encryptedAudio,
  fastStart,
  hangUp,
  offer,
  open,
  place,
  proceed,
  release,
  talk,
  tokensFor,
  tunnel,
} from './calls.js';
import { bodyOf, releaseOf } from './links.js';
import { type Party, useWorld } from './world.js';

const world = useWorld();

async function parties(zones: readonly [string, string] = ['norr', 'syd']): Promise<[Party, Party]> {
  const numbers: Readonly<Record<string, string>> = { norr: '461010001', syd: '461020001', fri: '465010001' };
  const [caller, callee] = zones;
  return [await world().endpoint(numbers[caller] ?? '', caller), await world().endpoint(numbers[callee] ?? '465010002', callee)];
}

const DISPLAY = 'Media must be encrypted: switch on SRTP or H.235 (AES-128 or better) on this end';

describe('a Setup where encryption is required', () => {
  it('is refused without a key agreement, with a sentence for the one who has to switch it on', async () => {
    const [norr, syd] = await parties();
    const { leg } = place(norr, syd.alias, { setup: { tokens: undefined } });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete'))).toEqual({ reason: 'securityDenied', cause: 88, display: DISPLAY });
    const detail = 'Setup carries no H.235 key agreement: switch on encryption (AES-128 or better) on 461010001';
    expect(world().record()).toMatchObject({ reason: 'mediaNotEncrypted', status: 88, detail, cipher: null, route: null });
    expect(world().refused).toEqual([{ code: 'mediaNotEncrypted', sentence: detail }]);
    expect(syd.incoming).toEqual([]);
  });

  it('is refused with a group that is too weak', async () => {
    const [norr, syd] = await parties();
    const weak = offer.map((token): ClearToken => {
      const { dhkey } = token;
      return dhkey ? { ...token, dhkey: { ...dhkey, modSize: { bytes: dhkey.modSize.bytes.subarray(0, 64), length: 512 } } } : token;
    });
    const { leg } = place(norr, syd.alias, { setup: { tokens: weak } });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('securityDenied');
    expect(world().record().detail).toMatch(/of 512 bits, and AES-128 needs 1024: switch on AES, not DES, on 461010001/);
  });

  it('is refused when only the called zone requires it: nothing goes there', async () => {
    const [fri, syd] = await parties(['fri', 'syd']);
    const { leg } = place(fri, syd.alias, { setup: { tokens: undefined } });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'securityDenied', display: DISPLAY });
    expect(world().record()).toMatchObject({ reason: 'mediaNotEncrypted', routesTried: 0, callee: { alias: syd.alias } });
    expect(syd.wires).toEqual([]);
  });
});

describe('the answer where encryption is required', () => {
  it.each([
    ['has no keys', undefined, /Connect carries no H.235 key agreement: switch on encryption .* on 461020001/],
    ['answers another group', tokensFor('DH-2048'), /answers a key agreement that Setup did not offer \(DH-2048\)/],
  ])('is refused when it %s: both are released', async (_what, tokens, sentence) => {
    const [norr, syd] = await parties();
    const { leg, identifier } = place(norr, syd.alias);
    const callee = await syd.called();
    callee.take('setup');
    connect(callee, identifier, { tokens });
    await world().settle();
    const told = releaseOf(leg.take('releaseComplete'));
    expect(told).toMatchObject({ reason: 'securityDenied', cause: 88 });
    expect(told.display).toMatch(/^The called party answered without encrypted media/);
    expect(releaseOf(callee.take('releaseComplete'))).toEqual(told);
    expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted', status: 88, answer: null, cipher: null });
    expect(world().record().detail).toMatch(sentence);
    expect(world().insecure).toEqual([world().record().detail]);
  });

  it('may come with Call Proceeding, and the Connect after it with tokens for its hop alone', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, syd.alias);
    const callee = await syd.called();
    proceed(callee, identifier, { tokens: answer });
    connect(callee, identifier, { tokens: [{ tokenOID: '1.2.840.113548.10.1.2.1', random: 7, generalID: 'syd' }] });
    await world().settle();
    expect(leg.takeBody('callProceeding').tokens).toEqual(answer);
    expect(leg.takeBody('connect').tokens).toBeUndefined();
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record()).toMatchObject({ reason: 'completed', cipher: 'AES-128' });
  });

  it('counts as the weakest of what came in all its messages', async () => {
    const [norr, syd] = await parties();
    const weak = offer.map((token): ClearToken => {
      const { dhkey } = token;
      return dhkey ? { ...token, dhkey: { ...dhkey, modSize: { bytes: dhkey.modSize.bytes.subarray(0, 64), length: 512 } } } : token;
    });
    const { leg, identifier } = place(norr, syd.alias);
    const callee = await syd.called();
    callee.take('setup');
    proceed(callee, identifier, { tokens: weak });
    connect(callee, identifier, { tokens: answer });
    await world().settle();
    leg.take('callProceeding');
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('securityDenied');
    expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted', answer: null });
    callee.take('releaseComplete');
  });

  it('has an end: a weak key cannot hide behind any number of others', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier } = place(norr, syd.alias);
    const callee = await syd.called();
    callee.take('setup');
    proceed(callee, identifier, { tokens: Array.from({ length: 65 }, () => answer).flat() });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('gatekeeperResources');
    expect(world().record()).toMatchObject({ reason: 'overloaded', answer: null });
    callee.take('releaseComplete');
  });

  it('counts as the larger group where both offer it', async () => {
    const [norr, syd] = await parties();
    const strong = tokensFor('DH-2048');
    const { leg, identifier, callId } = place(norr, syd.alias, { setup: { tokens: [...strong, ...offer] } });
    const callee = await syd.called();
    expect(callee.takeBody('setup').tokens).toEqual([...strong, ...offer]);
    connect(callee, identifier, { tokens: strong });
    await world().settle();
    expect(leg.takeBody('connect').tokens).toEqual(strong);
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record().cipher).toBe('AES-256');
  });
});

describe('a channel in clear where encryption is required', () => {
  it.each(['caller', 'callee'] as const)('ends a call that stands, when the %s tunnels it', async (who) => {
    const [norr, syd] = await parties();
    const { leg, callee } = await talk(norr, syd);
    tunnel(who === 'caller' ? leg : callee, digit('1'), open(clearAudio));
    await world().settle();
    const opener = who === 'caller' ? norr.alias : syd.alias;
    for (const side of [leg, callee]) {
      const told = releaseOf(side.take('releaseComplete'));
      expect(told).toMatchObject({ reason: 'securityDenied', cause: 88 });
      expect(told.display).toContain(`${opener} opened a channel for audio without encryption`);
    }
    expect(world().record()).toMatchObject({ reason: 'encryptionLost', status: 88, cipher: 'AES-128' });
    expect(world().insecure).toEqual([world().record().detail]);
  });

  it('ends it just so with DES', async () => {
    const [norr, syd] = await parties();
    const { leg, callee } = await talk(norr, syd);
    tunnel(leg, open(encryptedAudio(DES)));
    expect(world().record()).toMatchObject({ reason: 'encryptionLost' });
    expect(world().record().detail).toContain('461010001 opened a channel for audio with DES-CBC');
    callee.take('releaseComplete');
  });

  it('may not be opened by the caller before the answer either, nor in the Setup', async () => {
    const [norr, syd] = await parties();
    const early = place(norr, syd.alias);
    await syd.called();
    tunnel(early.leg, open(clearAudio));
    expect(releaseOf(early.leg.take('releaseComplete')).display).toBe(DISPLAY);
    expect(world().record()).toMatchObject({ reason: 'mediaNotEncrypted', status: 88 });
    const setup = place(norr, syd.alias, { pdu: { h245Control: [open(clearAudio)] } });
    await world().settle();
    setup.leg.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason: 'mediaNotEncrypted', routesTried: 0 });
  });

  it.each([
    ['Call Proceeding', 'callProceeding'],
    ['Alerting', 'alerting'],
    ['Connect', 'connect'],
  ] as const)('may not be chosen from fast start in %s', async (_name, type) => {
    const [norr, syd] = await parties();
    const { leg, identifier } = place(norr, syd.alias, { setup: { fastStart: [fastStart(encryptedAudio()), fastStart(clearAudio)] } });
    const callee = await syd.called();
    expect(callee.takeBody('setup').fastStart).toEqual([fastStart(encryptedAudio()), fastStart(clearAudio)]);
    const send = { callProceeding: proceed, alerting: alert, connect }[type];
    send(callee, identifier, { tokens: answer, fastStart: [fastStart(clearAudio)] });
    await world().settle();
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('securityDenied');
    expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted', answer: null });
    expect(world().record().detail).toContain('461020001 opened a channel for audio without encryption');
    callee.take('releaseComplete');
  });

  it('may not be chosen when the called zone alone requires encryption', async () => {
    const [fri, syd] = await parties(['fri', 'syd']);
    const { leg, identifier } = place(fri, syd.alias);
    const callee = await syd.called();
    alert(callee, identifier, { fastStart: [fastStart(clearAudio)] });
    await world().settle();
    leg.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted' });
  });

  it('is remembered until the called zone is known', async () => {
    const [fri, syd] = await parties(['fri', 'syd']);
    const { leg, identifier } = place(fri, syd.alias);
    // Before anybody has the Setup.
    tunnel(leg, open(clearAudio));
    const callee = await syd.called();
    connect(callee, identifier);
    await world().settle();
    leg.take('releaseComplete');
    expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted' });
    expect(world().record().detail).toContain('465010001 opened a channel for audio without encryption');
  });
});

describe('encrypted channels', () => {
  it('pass, and name the cipher in the record', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    tunnel(standing.leg, open(encryptedAudio(AES128)));
    await world().settle();
    expect(standing.callee.take('facility').uuie?.['h323-uu-pdu'].h245Control).toEqual([open(encryptedAudio(AES128))]);
    await hangUp(world(), standing);
    expect(world().record().cipher).toBe('AES-128-CBC');
  });

  it('name it from fast start as well', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, syd.alias);
    const callee = await syd.called();
    connect(callee, identifier, { fastStart: [fastStart(encryptedAudio())] });
    await world().settle();
    expect(leg.takeBody('connect').fastStart).toEqual([fastStart(encryptedAudio())]);
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record().cipher).toBe('AES-128-CBC');
  });
});

describe('where encryption is preferred', () => {
  it('a call without it passes, and its record says so', async () => {
    const fri = await world().endpoint('465010001', 'fri');
    const other = await world().endpoint('465010002', 'fri');
    const { leg, identifier, callId } = place(fri, other.alias, { setup: { tokens: undefined, fastStart: [fastStart(clearAudio)] } });
    const callee = await other.called();
    connect(callee, identifier, { tokens: undefined, fastStart: [fastStart(clearAudio)] });
    await world().settle();
    leg.take('connect');
    tunnel(leg, open(clearAudio));
    await world().settle();
    await hangUp(world(), { leg, identifier, callId, callee });
    expect(world().record()).toMatchObject({ reason: 'completed', cipher: 'none' });
  });

  it('a call that encrypts nevertheless has its cipher in the record', async () => {
    const fri = await world().endpoint('465010001', 'fri');
    const other = await world().endpoint('465010002', 'fri');
    const standing = await talk(fri, other);
    await hangUp(world(), standing);
    expect(world().record().cipher).toBe('AES-128');
  });
});

it('a call that is turned down is not judged by its keys', async () => {
  const [norr, syd] = await parties();
  const { leg, identifier } = place(norr, syd.alias);
  const callee = await syd.called();
  release(callee, identifier, { cause: 21 });
  await world().settle();
  expect(bodyOf(leg.take('releaseComplete'), 'releaseComplete').tokens).toBeUndefined();
  expect(world().record()).toMatchObject({ reason: 'calleeDeclined', status: 21 });
});
