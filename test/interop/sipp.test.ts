import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { password, testPlan, trunk } from '../support/plan.js';
import { type InProcess, startService } from '../support/service.js';
import { called, calling, registering, Sipp, type SippOptions } from '../support/sipp.js';

/** Less than the 400 ms that are shipped, so that a busy machine's own delays don't decide. */
const huntMs = 300;
let service: InProcess;
let peers: readonly number[];
const running: Sipp[] = [];
let recordsBefore = 0;

beforeAll(async () => {
  peers = [await freePort(), await freePort()];
  const plan = testPlan(({ organisations }) => {
    organisations.trunk = trunk(peers.map((port, index) => ({ port, priority: index })));
  });
  // SIPp 3.6 answers the first challenge, knows MD5 only, and says not what it is.
  service = await startService({ plan, sip: { timers: { huntMs } } });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((sipp) => sipp.close()));
});
afterAll(() => service.stop());

const anna = { user: '461010001', login: '461010001', domain: 'norr.example', password };
const bertil = { user: '461020001', login: '461020001', domain: 'syd.example', password };

async function sipp(scenario: string, keys: Readonly<Record<string, string>>, more: Partial<SippOptions> = {}): Promise<Sipp> {
  const remote = `127.0.0.1:${service.ports.udp}`;
  const started = await Sipp.start({ scenario, remote, localPort: more.localPort ?? (await freePort()), keys, ...more });
  running.push(started);
  return started;
}

/** The record of the call that was made since the last time. */
async function nextRecord() {
  recordsBefore += 1;
  return (await service.records(recordsBefore)).at(-1);
}

it('registers with digest', async () => {
  await (await sipp(registering(200), anna)).succeeds();
});

it('is asked again with a wrong password', async () => {
  await (await sipp(registering(401), { ...anna, password: 'wrong' })).succeeds();
});

it("may not register another organisation's number: 403", async () => {
  await (await sipp(registering(403), { ...anna, user: bertil.user })).succeeds();
});

it.each([
  ['the whole number', '461020001@norr.example'],
  ['the international form', '+46102-0001@norr.example'],
  ['the national form', '01020001@norr.example'],
  ['number@domain', '461020001@syd.example'],
  ['extension@domain', '0001@syd.example'],
])('calls from norr to syd: %s', async (_form, dialled) => {
  const localPort = await freePort();
  await (await sipp(registering(200), bertil, { localPort })).succeeds();
  const callee = await sipp(called(), bertil, { localPort });
  const caller = await sipp(calling(), { ...anna, dialled });
  await caller.succeeds();
  await callee.succeeds();
  expect(await nextRecord()).toMatchObject({
    reason: 'completed',
    status: 200,
    caller: { organisation: 'norr', alias: '461010001' },
    callee: { organisation: 'syd', alias: '461020001' },
    cipher: 'AES_CM_128_HMAC_SHA1_80',
  });
});

it('calls a colleague by extension alone', async () => {
  const localPort = await freePort();
  const colleague = { ...anna, user: '461010002', login: '461010002' };
  await (await sipp(registering(200), colleague, { localPort })).succeeds();
  const callee = await sipp(called(), colleague, { localPort });
  await (await sipp(calling(), { ...anna, dialled: '0002@norr.example' })).succeeds();
  await callee.succeeds();
  expect(await nextRecord()).toMatchObject({ reason: 'completed', callee: { alias: '461010002' } });
});

it('is refused with 488 and told what to switch on when its offer is not encrypted', async () => {
  const refusal = { status: 488, warning: 'switch on SRTP' };
  await (await sipp(calling({ encrypted: false, refusal }), { ...anna, dialled: '461020001@norr.example' })).succeeds();
  expect(await nextRecord()).toMatchObject({ reason: 'mediaNotEncrypted', status: 488, answer: null });
});

it('reaches the other trunk peer when the first is stopped, within 500 ms, and from then on at once', async () => {
  const [first = 0, second = 0] = peers;
  const dialled = '463010001@norr.example';
  const setUp = async () => {
    const record = await nextRecord();
    return { route: record?.route, ms: Date.parse(record?.answer ?? '') - Date.parse(record?.start ?? ''), tried: record?.routesTried };
  };
  const call = async () => (await sipp(calling(), { ...anna, dialled })).succeeds();

  const one = await sipp(called(), { user: 'peer' }, { localPort: first, calls: 0 });
  await sipp(called(), { user: 'peer' }, { localPort: second, calls: 0 });
  await call();
  expect(await setUp()).toMatchObject({ route: `peer trunk/127.0.0.1:${first};udp`, tried: 1 });

  await one.close();
  await call();
  const failedOver = await setUp();
  expect(failedOver).toMatchObject({ route: `peer trunk/127.0.0.1:${second};udp` });
  expect(failedOver.ms).toBeLessThan(500);

  await call();
  const knownDown = await setUp();
  expect(knownDown).toMatchObject({ route: `peer trunk/127.0.0.1:${second};udp`, tried: 1 });
  expect(knownDown.ms).toBeLessThan(100);
}, 40_000);
