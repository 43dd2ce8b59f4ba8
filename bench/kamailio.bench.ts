import { atMost, plain, print, type Row } from './row.js';
import { median } from './support/cpu.js';
import { type Server, startKamailio, startPortvakt } from './support/servers.js';
import { call, type Load, type LoadResult, register, startCallee } from './support/sipp.js';
import { inWorkspace, type Workspace } from './support/workspace.js';

/*
 * CPU time of Portvakt against Kamailio: the same SIPp scripts, the same machine, turn by turn in one run, so that whatever else the
 * machine does falls on both. What counts is utime + stime of all processes of each.
 *
 * A turn begins with load that is not counted. Transactions live on for 32 s after their end; so that forgetting them counts as well, the
 * first turn's load is as long as that, and the counted part then pays for as many old transactions as it makes new ones.
 */
const quick = process.argv.includes('--quick');
const turns = quick ? 1 : 3;
const settleSeconds = quick ? 8 : 33;
/*
 * Near what one SIPp can drive. At a tenth of it both cost two to three times as much for each message: the processes sleep in between, and
 * come back to cold caches.
 */
const registrations = { perSecond: 3000, seconds: quick ? 4 : 8 };
const calls = { perSecond: 400, seconds: quick ? 8 : 20 };

type Drive = (workspace: Workspace, server: Server, load: Load) => Promise<LoadResult>;

/** Microseconds of CPU time for one of what `drive` does. */
async function cpuOf(workspace: Workspace, server: Server, drive: Drive, { perSecond, seconds }: typeof calls): Promise<number> {
  await drive(workspace, server, { count: perSecond * settleSeconds, perSecond });
  for (let attempt = 1; ; attempt++) {
    const count = perSecond * seconds;
    const before = server.cpuSeconds();
    const { failed, retransmissions } = await drive(workspace, server, { count, perSecond });
    // Where the machine stalled for half a second, more was sent than is counted.
    if (failed === 0 && retransmissions < count / 100) return ((server.cpuSeconds() - before) / count) * 1e6;
    if (attempt === 4)
      throw new Error(`${server.name} failed ${failed} of ${count} in ${attempt} attempts: the machine is too busy to measure`);
  }
}

async function compare(
  workspace: Workspace,
  servers: readonly [Server, Server],
  drive: Drive,
  load: typeof calls,
): Promise<[number, number]> {
  const results: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn++) {
    for (const side of [0, 1] as const) results[side].push(await cpuOf(workspace, servers[side], drive, load));
    process.stderr.write(`portvakt: turn ${turn + 1} of ${turns}: ${results.map((side) => `${side.at(-1)?.toFixed(0)} µs`).join(', ')}\n`);
  }
  return [median(results[0]), median(results[1])];
}

function rows(what: string, [ours, theirs]: readonly [number, number], limit: number, messages: number): Row[] {
  return [
    plain(`${what}, Portvakt`, ours, 'µs'),
    plain(`${what}, Kamailio`, theirs, 'µs'),
    plain(`${what}, Portvakt, a message received`, ours / messages, 'µs'),
    plain(`${what}, Kamailio, a message received`, theirs / messages, 'µs'),
    atMost(`${what}, Portvakt to Kamailio`, ours / theirs, 'times', limit),
  ];
}

await inWorkspace(async (workspace) => {
  const callee = await startCallee(workspace);
  const servers = [await startPortvakt(workspace), await startKamailio(workspace)] as const;
  const registering: Drive = (where, server, load) => register(where, server, callee.port, load);
  // Everybody is registered before anybody is called, and both have done every part of their work a few thousand times.
  for (const server of servers) {
    await registering(workspace, server, { count: quick ? 2000 : 10_000, perSecond: 500 });
    await call(workspace, server, { count: quick ? 2000 : 10_000, perSecond: 400 });
  }
  // One registration is two REGISTERs; a call is INVITE, 180, 200, ACK, BYE and 200.
  print(rows('registration (REGISTER 401, REGISTER 200)', await compare(workspace, servers, registering, registrations), 1.2, 2));
  print(rows('proxied call', await compare(workspace, servers, call, calls), 1, 6));
});
