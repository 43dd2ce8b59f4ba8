import { atMost, plain, print, type Row } from './row.js';
import { capture, delays } from './support/capture.js';
import { quantile } from './support/cpu.js';
import { type Server, startKamailio, startPortvakt } from './support/servers.js';
import { call, register, startCallee } from './support/sipp.js';
import { inWorkspace, type Workspace } from './support/workspace.js';

/*
 * What the gatekeeper adds to the delay of a message, at 200 calls a second: from the packet that brings it in to the packet that takes it
 * on, by the kernel's clock (tshark on loopback). On a machine that does other things too, waiting for a core is part of it, for Kamailio
 * as for Portvakt.
 */
const perSecond = 200;
const seconds = process.argv.includes('--quick') ? 10 : 30;
const targetMs = 5;

async function measure(workspace: Workspace, server: Server, contactPort: number): Promise<number[]> {
  await register(workspace, server, contactPort, { count: 1000, perSecond: 500 });
  // Compiled code and caches as they are in the middle of a day.
  await call(workspace, server, { count: 10 * perSecond, perSecond });
  const packets = await capture(workspace, server.port, () => call(workspace, server, { count: perSecond * seconds, perSecond }));
  return delays(packets, server.port);
}

function rows(name: string, found: readonly number[]): Row[] {
  return [
    plain(`added delay at ${perSecond} calls/s, ${name}: messages passed on`, found.length, 'messages'),
    plain(`added delay at ${perSecond} calls/s, ${name}: median`, quantile(found, 0.5), 'ms'),
    plain(`added delay at ${perSecond} calls/s, ${name}: p99.9`, quantile(found, 0.999), 'ms'),
  ];
}

await inWorkspace(async (workspace) => {
  const callee = await startCallee(workspace);
  const ours = await measure(workspace, await startPortvakt(workspace), callee.port);
  const theirs = await measure(workspace, await startKamailio(workspace), callee.port);
  print([
    atMost(`added delay at ${perSecond} calls/s, Portvakt: p99`, quantile(ours, 0.99), 'ms', targetMs),
    ...rows('Portvakt', ours),
    plain(`added delay at ${perSecond} calls/s, Kamailio: p99`, quantile(theirs, 0.99), 'ms'),
    ...rows('Kamailio', theirs),
  ]);
});
