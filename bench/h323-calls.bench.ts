import type { Call } from '../src/simulator/h323/call.js';
import { H323Endpoint } from '../src/simulator/h323/endpoint.js';
import { plain, print, type Row } from './row.js';
import { median } from './support/cpu.js';
import { type Gatekeeper, h323AddressOf, h323NumberOf, startGatekeeper } from './support/servers.js';
import { register, call as sipCall, startCallee } from './support/sipp.js';
import { inWorkspace, type Workspace } from './support/workspace.js';

/*
 * CPU time of a routed H.323 call beside that of a proxied SIP call, by the same service in the same run, turn by turn. The H.323 endpoints are
 * the simulator's, in this process: they register, ask for admission, agree on keys, open two encrypted channels each way, hang up and say so
 * (ARQ and DRQ by both sides). SIP's are SIPp's, as in `kamailio`.
 */
const quick = process.argv.includes('--quick');
const turns = quick ? 1 : 3;
const perSecond = 100;
const seconds = quick ? 8 : 20;
/** Callers of each mode, and as many who are called. */
const PAIRS = 20;

const modes = ['tunnelled', 'fastStart'] as const;
type Mode = (typeof modes)[number];

interface Party {
  readonly caller: H323Endpoint;
  readonly number: string;
}

/** What the service receives of a call and `count` does not see: ARQ and DRQ of each side, and the Call Proceeding that comes before all. */
const UNCOUNTED = 5;

/** Messages of call signalling that the service has received. */
let received = 0;
const count = (call: Call) => call.on('message', (_, direction) => (received += direction === 'out' ? 1 : 0));

async function startPair(index: number, h245: Mode, { rasPort }: Gatekeeper): Promise<Party> {
  const start = async (which: number) => {
    const endpoint = await H323Endpoint.start({
      address: h323AddressOf(which),
      aliases: [{ e164: h323NumberOf(which) }],
      gatekeeper: { address: '127.0.0.1', port: rasPort },
      timeToLive: 3600,
      h245,
    });
    const { outcome } = await endpoint.register();
    if (outcome !== 'registered') throw new Error(`Endpoint ${which} could not register: ${outcome}`);
    return endpoint;
  };
  const [caller, callee] = [await start(2 * index), await start(2 * index + 1)];
  callee.onIncoming((call) => {
    count(call);
    call.alert();
    call.answer().catch((error: unknown) => call.fail({ by: 'us', reason: String(error), cause: undefined }));
  });
  return { caller, number: h323NumberOf(2 * index + 1) };
}

/** One call from Setup to Release Complete, with media agreed in between. */
async function h323Call({ caller, number }: Party): Promise<void> {
  const call = caller.call(number);
  count(call);
  await call.mediaReady;
  call.hangUp();
  await call.released;
}

async function h323Load(pairs: readonly Party[], calls: number): Promise<void> {
  const began = performance.now();
  const underway: Promise<void>[] = [];
  for (let index = 0; index < calls; index++) {
    const wait = began + (index * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const pair = pairs[index % pairs.length];
    if (pair) underway.push(h323Call(pair));
  }
  await Promise.all(underway);
  // The called side's Release Complete and DRQ are still on their way.
  await new Promise((resolve) => setTimeout(resolve, 200));
}

async function sipLoad(workspace: Workspace, gatekeeper: Gatekeeper, calls: number): Promise<void> {
  const { failed } = await sipCall(workspace, gatekeeper, { count: calls, perSecond });
  if (failed > 0) throw new Error(`${failed} of ${calls} SIP calls failed: the machine is too busy to measure`);
}

const rows = await inWorkspace(async (workspace): Promise<Row[]> => {
  const gatekeeper = await startGatekeeper(workspace);
  const callee = await startCallee(workspace);
  await register(workspace, gatekeeper, callee.port, { count: 1000, perSecond: 500 });
  const pairs: Record<Mode, Party[]> = { tunnelled: [], fastStart: [] };
  for (let index = 0; index < PAIRS; index++) {
    pairs.tunnelled.push(await startPair(index, 'tunnelled', gatekeeper));
    pairs.fastStart.push(await startPair(PAIRS + index, 'fastStart', gatekeeper));
  }
  const calls = perSecond * seconds;
  const messages: Record<Mode, number> = { tunnelled: 0, fastStart: 0 };
  const loads: Record<Mode | 'sip', (many: number) => Promise<void>> = {
    sip: (many) => sipLoad(workspace, gatekeeper, many),
    tunnelled: (many) => h323Load(pairs.tunnelled, many),
    fastStart: (many) => h323Load(pairs.fastStart, many),
  };
  const found: Record<Mode | 'sip', number[]> = { sip: [], tunnelled: [], fastStart: [] };
  // The first turn warms up.
  for (let turn = 0; turn <= turns; turn++) {
    for (const kind of ['sip', ...modes] as const) {
      received = 0;
      const before = gatekeeper.cpuSeconds();
      await loads[kind](calls);
      if (kind !== 'sip') messages[kind] = received / calls + UNCOUNTED;
      if (turn > 0) found[kind].push(((gatekeeper.cpuSeconds() - before) / calls) * 1e6);
    }
  }
  const sip = median(found.sip);
  const of = (mode: Mode, name: string): Row[] => {
    const cost = median(found[mode]);
    return [
      plain(`${name}: a call`, cost, 'µs'),
      plain(`${name}: messages received in a call, RAS among them`, messages[mode], 'messages'),
      plain(`${name}: a message received`, cost / messages[mode], 'µs'),
      plain(`${name}: a call, to one over SIP`, cost / sip, 'times'),
      plain(`${name}: a message received, to one over SIP`, cost / messages[mode] / (sip / 6), 'times'),
    ];
  };
  return [
    plain(`SIP, ${perSecond} calls/s: a call`, sip, 'µs'),
    plain('SIP: a message received, six in a call', sip / 6, 'µs'),
    ...of('tunnelled', `H.323, ${perSecond} calls/s, H.245 tunnelled, AES`),
    ...of('fastStart', `H.323, ${perSecond} calls/s, fast start, AES`),
  ];
});
print(rows);
// The endpoints' sockets are open still, and nobody is there any more whom they could tell.
process.exit();
