import { describe, expect, test } from 'vitest';
import type { SipResponse } from '../../../src/gatekeeper/sip/message/message.js';
import { answerChallenge, demoPlan, desk, NOW, PASSWORD, planOf, register, TestFlow } from './registrar-fixture.js';

const contactsOf = (response: SipResponse): readonly string[] => response.getAll('contact');
const warningOf = (response: SipResponse): string => response.get('warning') ?? '';

describe('who may register what', () => {
  test('an endpoint that proves its number is bound and told so', async () => {
    const { log, store, outcomes } = desk();
    const response = await log(register());
    expect(response.status).toBe(200);
    expect(contactsOf(response)).toEqual(['<sip:461010001@198.51.100.7:5060>;expires=600']);
    expect(response.get('date')).toBe('Thu, 15 Jan 2026 12:00:00 GMT');
    expect(store.registrations.index.find('461010001')).toMatchObject({ organisation: 'norr', zone: 'norr-zone', protocol: 'sip' });
    expect(outcomes.map(({ result, status, alias }) => [result, status, alias])).toEqual([
      ['challenged', 401, undefined],
      ['registered', 200, '461010001'],
    ]);
  });

  test.each([
    ['sip:+46101-0001@norr.example', '461010001'],
    ['sip:0001@norr.example', '461010001'],
    ['sips:461010001@norr.example', '461010001'],
    ['sip:0001@192.0.2.1', '461010001'],
    ['sip:461010001@192.0.2.1:5060', '461010001'],
    ['sip:Anna@Norr.Example', 'anna@norr.example'],
    ['sip:anna@192.0.2.1', 'anna@norr.example'],
    ['sip:nils@norr.example', 'nils@norr.example'],
  ])('%s is registered as %s', async (to, alias) => {
    const { log, store } = desk();
    expect((await log(register({ to }))).status).toBe(200);
    expect([...store.registrations.all()].map((registration) => registration.alias)).toEqual([alias]);
  });

  test.each([
    ["another organisation's number", 'sip:461020001@norr.example'],
    ["another organisation's number, by our address", 'sip:461020001@192.0.2.1'],
    ["its own number at another organisation's domain", 'sip:461010001@syd.example'],
    ["another organisation's domain", 'sip:anna@syd.example'],
    ['a number of nobody', 'sip:461990001@norr.example.org'],
    ['a number that is too long', 'sip:4610100012@192.0.2.1'],
    ['a meeting', 'sip:4690012345@mote.portvakt.example'],
    ['a domain of nobody', 'sip:anna@example.org'],
    ['no user', 'sip:norr.example'],
  ])('%s is refused', async (_, to) => {
    const { log, store } = desk();
    const response = await log(register({ to, from: 'sip:461010001@norr.example' }));
    expect(response.status).toBe(403);
    expect(warningOf(response)).toContain("own organisation's series");
    expect(response.get('reason')).toBe('SIP;cause=403;text="alias_foreign", Q.850;cause=21');
    expect(store.registrations.count()).toBe(0);
  });

  test('a wrong password is asked for again, and nothing is bound', async () => {
    const { log, store, outcomes } = desk();
    const response = await log(register(), { password: 'guess' });
    expect(response.status).toBe(401);
    expect(response.getAll('www-authenticate').some((line) => line.includes('stale'))).toBe(false);
    expect(warningOf(response)).toContain('password is wrong');
    expect(store.registrations.count()).toBe(0);
    expect(outcomes.at(-1)).toMatchObject({ result: 'challenged', refusal: 'credentialsWrong' });
  });

  test('a colleague may register for another, a stranger may not', async () => {
    const { log } = desk();
    expect((await log(register({ from: 'sip:461010002@norr.example' }), { username: '461010002' })).status).toBe(200);
    const refused = await log(register({ from: 'sip:461020001@syd.example', callId: 'b' }), { username: '461010001' });
    expect(refused.status).toBe(403);
    expect(refused.get('reason')).toContain('caller_identity_foreign');
  });

  test('an address that a trunk serves cannot be registered', async () => {
    const shared = planOf([{ id: 'norr', prefix: '46101', domains: ['norr.example'] }]);
    const trunk = planOf([{ id: 'norr', prefix: '46101', domains: ['norr.example'], kind: 'sip-trunk' }]);
    const zone = [...trunk.zones.values()][0];
    const organisation = shared.organisations.get('norr');
    const domains = new Map([['norr.example', { domain: 'norr.example', organisation, zone, meeting: false }]]);
    const { log } = desk({ plan: { ...shared, domains } });
    const response = await log(register({ to: 'sip:anna@norr.example' }), { username: '461010001' });
    expect(response.status).toBe(403);
    expect(warningOf(response)).toContain('norr-zone');
  });

  test('licences: one alias too many is refused, a refresh is not', async () => {
    const { log } = desk({ plan: planOf([{ id: 'norr', prefix: '46101', domains: ['norr.example'], registrations: 1 }]) });
    expect((await log(register())).status).toBe(200);
    const refused = await log(register({ to: 'sip:461010002@norr.example', callId: 'b' }));
    expect(refused.status).toBe(403);
    expect(refused.get('reason')).toContain('registration_licences_exhausted');
    expect((await log(register({ cseq: 2 }))).status).toBe(200);
  });
});

describe('contacts and expiry (RFC 3261 §10.3)', () => {
  test('several contacts with q, each with what is left of its time', async () => {
    const { log, clock } = desk();
    await log(register({ contacts: ['<sip:a@198.51.100.7>;q=0.5;expires=120, "B" <sip:b@198.51.100.7;transport=tcp>;q=0.25'] }));
    clock.advance(20_500);
    const response = await log(register({ contacts: ['<sip:c@198.51.100.7>;expires=9999'], cseq: 2 }));
    expect(contactsOf(response)).toEqual([
      '<sip:c@198.51.100.7>;expires=3600',
      '<sip:a@198.51.100.7>;expires=100;q=0.5',
      '<sip:b@198.51.100.7;transport=tcp>;expires=580;q=0.25',
    ]);
  });

  test.each([
    ['the parameter before the header', ';expires=300', ['Expires: 200'], 300],
    ['the header', '', ['Expires: 200'], 200],
    ['the default', '', [], 600],
    ['the default for what cannot be read', ';expires=soon', [], 600],
    ['the most allowed', ';expires=4294967295', [], 3600],
    ['the least allowed', ';expires=60', [], 60],
  ])('%s counts', async (_, parameter, headers, expected) => {
    const { log } = desk();
    const response = await log(register({ contacts: [`<sip:a@198.51.100.7>${parameter}`], headers }));
    expect(contactsOf(response)).toEqual([`<sip:a@198.51.100.7>;expires=${expected}`]);
  });

  test('too brief: 423 with Min-Expires, and nothing is bound', async () => {
    const { log, store } = desk();
    const response = await log(register({ contacts: ['<sip:a@198.51.100.7>', '<sip:b@198.51.100.7>;expires=59'] }));
    expect(response.status).toBe(423);
    expect(response.get('min-expires')).toBe('60');
    expect(store.registrations.count()).toBe(0);
  });

  test('an hour is never too brief', async () => {
    const { log } = desk({ settings: { minExpires: 7200, defaultExpires: 7200, maxExpires: 86_400 } });
    expect((await log(register({ contacts: ['<sip:a@198.51.100.7>;expires=3600'] }))).status).toBe(200);
  });

  test('a query answers what is bound and changes nothing', async () => {
    const { log, outcomes } = desk();
    expect(contactsOf(await log(register({ contacts: [] })))).toEqual([]);
    await log(register());
    const response = await log(register({ contacts: [], cseq: 2 }));
    expect(contactsOf(response)).toEqual(['<sip:461010001@198.51.100.7:5060>;expires=600']);
    expect(outcomes.at(-1)).toMatchObject({ result: 'queried', organisation: 'norr' });
  });

  test('expires=0 removes one contact, compared as URIs compare', async () => {
    const { log, outcomes } = desk();
    await log(register({ contacts: ['<sip:a@host.example>, <sip:b@host.example>'] }));
    const response = await log(register({ contacts: ['<sip:%61@HOST.example>;expires=0'], cseq: 2 }));
    expect(contactsOf(response)).toEqual(['<sip:b@host.example>;expires=600']);
    expect(outcomes.at(-1)?.result).toBe('unregistered');
  });

  test('* with Expires: 0 removes all', async () => {
    const { log, store } = desk();
    await log(register({ contacts: ['<sip:a@host.example>, <sip:b@host.example>'] }));
    const response = await log(register({ contacts: ['*'], headers: ['Expires: 0'], cseq: 2 }));
    expect([response.status, contactsOf(response)]).toEqual([200, []]);
    expect(store.registrations.count()).toBe(0);
  });

  test.each([
    ['* without Expires', ['*'], []],
    ['* with another Expires', ['*'], ['Expires: 60']],
    ['* beside another contact', ['*', '<sip:a@host.example>'], ['Expires: 0']],
    ['a contact that is no URI', ['<>'], []],
    ['a contact of another scheme', ['<mailto:anna@norr.example>'], []],
    ['a q above 1', ['<sip:a@host.example>;q=1.1'], []],
    ['a q with four decimals', ['<sip:a@host.example>;q=0.1234'], []],
  ])('%s is a bad request and changes nothing', async (_, contacts, headers) => {
    const { log, store } = desk();
    await log(register());
    const response = await log(register({ contacts, headers, cseq: 2 }));
    expect(response.status).toBe(400);
    expect(warningOf(response)).toMatch(/^399 portvakt ".+"$/);
    expect(store.registrations.index.find('461010001')?.bindings).toHaveLength(1);
  });

  test('an older request of the same call does not win over a newer one', async () => {
    const { log } = desk();
    await log(register({ cseq: 5 }));
    expect((await log(register({ cseq: 5, contacts: ['<sip:461010001@198.51.100.7:5060>;expires=0'] }))).status).toBe(500);
    expect((await log(register({ cseq: 1, callId: 'after-restart' }))).status).toBe(200);
  });

  test('a binding that is not refreshed is gone', async () => {
    const { log, clock, store } = desk();
    await log(register());
    clock.advance(599_000);
    expect(store.registrations.count()).toBe(1);
    clock.advance(2000);
    expect(store.registrations.count()).toBe(0);
    expect(contactsOf(await log(register({ contacts: [], cseq: 2 })))).toEqual([]);
  });
});

describe('extensions', () => {
  test('an option that is not known is refused before any password is asked for', async () => {
    const { registrar } = desk();
    const response = await registrar.register(register({ headers: ['Require: path, gruu', 'Require: x-tea'] }), new TestFlow());
    expect(response.status).toBe(420);
    expect(response.get('unsupported')).toBe('gruu, x-tea');
  });

  test('Path is kept in order and given back', async () => {
    const { log, store } = desk();
    const headers = ['Supported: path', 'Path: <sip:p2.example;lr>', 'Path: <sip:p1.example;lr>'];
    const response = await log(register({ headers }));
    expect(response.list('path')).toEqual(['<sip:p2.example;lr>', '<sip:p1.example;lr>']);
    expect(store.registrations.index.find('461010001')?.bindings[0]?.path).toEqual(['<sip:p2.example;lr>', '<sip:p1.example;lr>']);
  });

  test('Path to an endpoint that does not know of it is refused', async () => {
    const { log, store } = desk();
    const response = await log(register({ headers: ['Path: <sip:p1.example;lr>'] }));
    expect([response.status, response.get('unsupported')]).toEqual([420, 'path']);
    expect(warningOf(response)).toContain('Supported: path');
    expect(store.registrations.count()).toBe(0);
    expect((await log(register({ headers: ['Supported: path', 'Path: <mailto:p1@example>'], cseq: 2 }))).status).toBe(400);
  });

  const instance = '"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"';
  const outbound = (regId: string, port = 5060) => `<sip:a@198.51.100.7:${port};ob>;+sip.instance=${instance};reg-id=${regId}`;

  test('outbound: one flow replaces itself, another stands beside it', async () => {
    const { log, store } = desk();
    const headers = ['Supported: outbound'];
    const first = await log(register({ contacts: [outbound('1')], headers }));
    expect([first.get('require'), first.has('flow-timer')]).toEqual(['outbound', false]);
    await log(register({ contacts: [outbound('2', 5062)], headers, callId: 'b' }));
    const third = await log(register({ contacts: [outbound('1', 5064)], headers, callId: 'c' }));
    expect(contactsOf(third)).toEqual([
      `<sip:a@198.51.100.7:5064;ob>;expires=600;+sip.instance=${instance};reg-id=1`,
      `<sip:a@198.51.100.7:5062;ob>;expires=600;+sip.instance=${instance};reg-id=2`,
    ]);
    expect(store.registrations.count()).toBe(1);
  });

  test('outbound over a connection: kept alive, and gone with it', async () => {
    const { log, store } = desk();
    const flow = new TestFlow('tls');
    const headers = ['Supported: outbound'];
    const response = await log(register({ contacts: [outbound('1')], headers }), {}, flow);
    expect([response.get('require'), response.get('flow-timer')]).toEqual(['outbound', '120']);
    await log(register({ contacts: [outbound('1')], headers, cseq: 2 }), {}, flow);
    expect(flow.listeners).toBe(1);
    flow.close();
    expect(store.registrations.count()).toBe(0);
  });

  test('a contact without outbound outlives its connection', async () => {
    const { log, store } = desk();
    const flow = new TestFlow('tcp');
    const response = await log(register({ contacts: [outbound('1')] }), {}, flow);
    expect(response.has('require')).toBe(false);
    flow.close();
    expect(store.registrations.count()).toBe(1);
  });

  const vias = ['SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK2', 'SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1'];

  test('a first hop without outbound is told of, one with it is fine', async () => {
    const { log } = desk();
    const refused = await log(register({ contacts: [outbound('1')], headers: ['Supported: outbound'], vias }));
    expect([refused.status, refused.reason]).toEqual([439, 'First Hop Lacks Outbound Support']);
    const headers = ['Supported: outbound, path', 'Path: <sip:inner.example;lr>, <sip:edge.example;lr;ob>'];
    expect((await log(register({ contacts: [outbound('1')], headers, vias, cseq: 2 }))).get('require')).toBe('outbound');
  });

  test('two flows in one request cannot be', async () => {
    const { log } = desk();
    const response = await log(register({ contacts: [outbound('1'), outbound('2')], headers: ['Supported: outbound'] }));
    expect(response.status).toBe(400);
  });

  test.each(['0', '2147483648', 'x', '99999999999'])('reg-id %s is none', async (regId) => {
    const { log } = desk();
    const response = await log(register({ contacts: [outbound(regId)], headers: ['Supported: outbound'] }));
    expect([response.status, response.has('require')]).toEqual([200, false]);
  });
});

describe('challenges', () => {
  test.each([
    ['SHA-256 first, MD5 second', 'Poly/Trio 8800', ['SHA-256', 'MD5']],
    ['MD5 first to who says not what it is, and may read the first alone', undefined, ['MD5', 'SHA-256']],
    ['MD5 alone to who gives up at any other', 'baresip v1.0.0 (x86_64/linux)', ['MD5']],
    ['both to who has learned it since', 'baresip v3.9.0 (x86_64/linux)', ['SHA-256', 'MD5']],
  ])('%s', async (_what, userAgent, algorithms) => {
    const { registrar } = desk();
    const headers = userAgent === undefined ? [] : [`User-Agent: ${userAgent}`];
    const challenge = await registrar.register(register({ headers }), new TestFlow());
    const lines = challenge.getAll('www-authenticate');
    expect(lines.map((line) => /algorithm=([^,]+), qop="auth"$/.exec(line)?.[1])).toEqual(algorithms);
  });

  test('neither algorithm needs the other', async () => {
    const { registrar } = desk();
    const challenge = await registrar.register(register(), new TestFlow());
    const response = await registrar.register(answerChallenge(register(), challenge, { algorithm: 'MD5' }), new TestFlow());
    expect(response.status).toBe(200);
  });

  test('a count is good once; the client is told to take a new nonce', async () => {
    const { registrar } = desk();
    const flow = new TestFlow();
    const challenge = await registrar.register(register(), flow);
    expect((await registrar.register(answerChallenge(register(), challenge), flow)).status).toBe(200);
    const replayed = await registrar.register(answerChallenge(register({ cseq: 2 }), challenge), flow);
    expect(replayed.status).toBe(401);
    expect(replayed.get('www-authenticate')).toContain('stale=true');
    const next = await registrar.register(answerChallenge(register({ cseq: 3 }), challenge, { nc: '00000002' }), flow);
    expect(next.status).toBe(200);
  });

  test('a nonce that is too old, or from before a restart, is stale', async () => {
    const { registrar, clock } = desk();
    const flow = new TestFlow();
    const challenge = await registrar.register(register(), flow);
    clock.advance(300_001);
    expect((await registrar.register(answerChallenge(register(), challenge), flow)).get('www-authenticate')).toContain('stale=true');
    const elsewhere = await desk().registrar.register(register(), flow);
    expect((await registrar.register(answerChallenge(register(), elsewhere), flow)).get('www-authenticate')).toContain('stale=true');
  });

  test('after ten wrong passwords the door is shut to that user from there, and opens again', async () => {
    const { log, clock } = desk();
    const there = new TestFlow('udp', '198.51.100.66');
    for (let attempt = 0; attempt < 10; attempt++)
      expect((await log(register(), { password: `guess ${attempt}` }, there)).status).toBe(401);
    const shut = await log(register(), {}, there);
    expect(shut.status).toBe(403);
    expect(warningOf(shut)).toContain('wait two minutes');
    expect((await log(register(), { username: '461010002' }, there)).status).toBe(200);
    expect((await log(register({ callId: 'b' }), {}, new TestFlow())).status).toBe(200);
    clock.advance(120_000);
    expect((await log(register({ callId: 'c' }), {}, there)).status).toBe(200);
  });

  test.each([
    ['no qop (RFC 2069)', (line: string) => line.replace(', qop=auth', ''), 'qop=auth'],
    ['auth-int, which was not offered', (line: string) => line.replace('qop=auth', 'qop=auth-int'), 'qop=auth'],
    ['no nc', (line: string) => line.replace(', nc=00000001', ''), 'nc'],
    ['nc of zero', (line: string) => line.replace('nc=00000001', 'nc=00000000'), 'nc'],
    ['another uri', (line: string) => line.replace('uri="sip:norr.example"', 'uri="sip:syd.example"'), 'Request-URI'],
    ['an unknown algorithm', (line: string) => line.replace('algorithm=SHA-256', 'algorithm=SHA-1'), 'algorithm'],
    ['no response', (line: string) => line.replace(/response="[^"]*", /, ''), 'response'],
    ['nothing that can be read', () => 'Digest username=', 'understood'],
  ])('%s is a bad request that says so', async (_, change, word) => {
    const { registrar } = desk();
    const request = answerChallenge(register(), await registrar.register(register(), new TestFlow()));
    request.set('authorization', change(request.get('authorization') ?? ''));
    const response = await registrar.register(request, new TestFlow());
    expect(response.status).toBe(400);
    expect(warningOf(response)).toContain(word);
  });

  test('credentials for another realm are not for us', async () => {
    const { registrar } = desk();
    const request = answerChallenge(register(), await registrar.register(register(), new TestFlow()));
    request.set('authorization', (request.get('authorization') ?? '').replace('realm="portvakt.example"', 'realm="elsewhere"'));
    expect((await registrar.register(request, new TestFlow())).status).toBe(401);
  });

  test('for the proxy the same with 407', async () => {
    const { authenticator } = desk();
    const invite = register({
      method: 'INVITE',
      uri: 'sip:461020001@syd.example',
      to: 'sip:461020001@syd.example',
      from: 'sip:nils@norr.example',
    });
    const challenged = authenticator.authenticate(invite, new TestFlow(), 'proxy');
    if (challenged.ok) throw new Error('Nobody was asked for a password');
    expect(challenged.challenge.status).toBe(407);
    const login = { username: 'nils', password: 'hemligt-åäö', algorithm: 'MD5-sess' as const };
    const answered = authenticator.authenticate(answerChallenge(invite, challenged.challenge, login), new TestFlow(), 'proxy');
    expect(answered).toMatchObject({ ok: true, user: 'nils@norr.example', organisation: { id: 'norr' }, zone: { id: 'norr-zone' } });
  });

  test('a password changed by a reload counts at once', async () => {
    const made = desk();
    expect((await made.log(register())).status).toBe(200);
    const shape = { id: 'norr', prefix: '46101', domains: ['norr.example'], users: { '461010001': 'new' } };
    made.plan = planOf([shape]);
    expect((await made.log(register({ cseq: 2 }), { password: PASSWORD })).status).toBe(401);
    expect((await made.log(register({ cseq: 3 }), { password: 'new' })).status).toBe(200);
  });
});

test('the answer to bad settings is an error at start, not a surprise later', () => {
  expect(() => desk({ settings: { minExpires: 700 } })).toThrow('must rise');
});

test('the fixture is what it says', () => {
  expect([demoPlan.zones.size, NOW]).toEqual([3, 1_768_478_400_000]);
});
