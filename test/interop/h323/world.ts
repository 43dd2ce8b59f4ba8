import { afterEach } from 'vitest';
import { type Clock, VirtualClock } from '../../../src/clock.js';
import type { CallRecord } from '../../../src/gatekeeper/calls/call.js';
import type { SocketAddress } from '../../../src/simulator/h323/addresses.js';
import type { Call } from '../../../src/simulator/h323/call.js';
import type { PasswordOptions } from '../../../src/simulator/h323/credentials.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import type { H323EndpointOptions } from '../../../src/simulator/h323/endpoint-options.js';
import { NeighbourGatekeeper, type NeighbourGatekeeperOptions } from '../../../src/simulator/h323/neighbour-gatekeeper.js';
import { password } from '../../support/plan.js';
import { type InProcess, metric, type RunningService, type ServiceSettings, startService } from '../../support/service.js';
import { SipClient } from '../../support/sip-client.js';
import { until } from '../../support/until.js';

/*
 * The real service on free ports of loopback, and around it endpoints and gatekeepers with sockets of their own. What a test opens is closed
 * behind it, the last first.
 */

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

export function closing<T>(part: T, close: (part: T) => Promise<unknown>): T {
  open.push(() => close(part));
  return part;
}

export async function gatekeeper(settings: ServiceSettings = {}): Promise<InProcess> {
  return closing(await startService(settings), (service) => passing(settings.clock, service.stop()));
}

/** Lets time pass on a clock that stands still, as long as this takes. */
export async function passing<T>(clock: Clock | undefined, done: Promise<T>): Promise<T> {
  const ticks = clock instanceof VirtualClock ? setInterval(() => clock.advance(50), 2) : undefined;
  try {
    return await done;
  } finally {
    clearInterval(ticks);
  }
}

/** Where a gatekeeper speaks RAS, and where it takes Setups. */
export function addressesOf(listeners: readonly string[]): {
  readonly ras: SocketAddress;
  readonly tcp: SocketAddress;
  readonly tls: SocketAddress | undefined;
} {
  const find = (pattern: RegExp): SocketAddress | undefined => {
    for (const listener of listeners) {
      const [, address, port] = pattern.exec(listener) ?? [];
      if (address !== undefined) return { address, port: Number(port) };
    }
    return undefined;
  };
  const ras = find(/^ras:([\d.]+):(\d+)$/);
  const tcp = find(/^h323:([\d.]+):(\d+);transport=tcp$/);
  if (!ras || !tcp) throw new Error(`No H.323 in ${listeners.join(', ')}`);
  return { ras, tcp, tls: find(/^h323:([\d.]+):(\d+);transport=tls$/) };
}

export const rasOf = ({ service }: InProcess): SocketAddress => addressesOf(service.h323Listeners).ras;

let hosts = 0;

/** An address of loopback that no other endpoint of this file has. */
export function newHost(): string {
  hosts += 1;
  return `127.1.${Math.floor(hosts / 250)}.${1 + (hosts % 250)}`;
}

/** Logs on as `user`; with H.235.1 where nothing else is said. */
export function as(user: string, method: PasswordOptions['method'] = 'h235.1', secret = password): PasswordOptions {
  return { user, password: secret, method };
}

/** An endpoint that is not registered yet. `number`: its alias, and the user that it logs on as. */
export async function endpoint(ras: SocketAddress, number: string, options: Partial<H323EndpointOptions> = {}): Promise<H323Endpoint> {
  const all = { address: newHost(), aliases: [{ e164: number }], gatekeeper: ras, password: as(number), ...options };
  return closing(await H323Endpoint.start(all), (started) => started.close());
}

/** An endpoint that is registered. */
export async function registered(ras: SocketAddress, number: string, options: Partial<H323EndpointOptions> = {}): Promise<H323Endpoint> {
  const started = await endpoint(ras, number, options);
  const result = await started.register();
  if (result.outcome !== 'registered') throw new Error(`${number} was not registered: ${JSON.stringify(result)}`);
  return started;
}

export async function neighbourGatekeeper(options: NeighbourGatekeeperOptions): Promise<NeighbourGatekeeper> {
  return closing(await NeighbourGatekeeper.start(options), (started) => started.close());
}

export async function sipPhone(service: RunningService, user: string, domain: string): Promise<SipClient> {
  return closing(await SipClient.open({ transport: 'tcp', port: service.ports.tcp, user, domain }), (client) => client.close());
}

/** Anna in norr and Bo in syd, registered. */
export async function pair(service: InProcess, options: { anna?: Partial<H323EndpointOptions>; bo?: Partial<H323EndpointOptions> } = {}) {
  const ras = rasOf(service);
  const anna = await registered(ras, '461010001', options.anna);
  const bo = await registered(ras, '461020001', options.bo);
  return { anna, bo };
}

/** The newest call that came to this endpoint, once there are `count`. */
export function arrived(there: { readonly incoming: readonly Call[] }, count = 1): Promise<Call> {
  return until(
    () => (there.incoming.length >= count ? there.incoming[count - 1] : undefined),
    () => `call number ${count} to arrive; ${there.incoming.length} did`,
  );
}

/** A call whose media is ready at both ends. */
export async function talk(caller: H323Endpoint, dialled: string, called: H323Endpoint): Promise<{ call: Call; other: Call }> {
  const before = called.incoming.length;
  const call = caller.call(dialled);
  await call.mediaReady;
  const other = await arrived(called, before + 1);
  await other.mediaReady;
  return { call, other };
}

/** Both directions, both media, each open. */
export function openChannels(call: Call): string[] {
  return call.channels.map(({ direction, media, state }) => `${direction} ${media} ${state}`).sort();
}

export const allOpen = ['in audio open', 'in video open', 'out audio open', 'out video open'];

/**
 * The records of all calls, once there are `count` and the service is at rest: no call left, every call licence and connection given back,
 * and as many ends counted as beginnings.
 */
export async function settled(service: InProcess, count: number): Promise<CallRecord[]> {
  const records = await service.records(count);
  let page = '';
  const sum = (name: string) => sumOf(page, name);
  await until(
    async () => {
      page = await (await fetch(`${service.url}/metrics`)).text();
      return (
        service.service.activeCalls === 0 &&
        sum('portvakt_calls_active') === 0 &&
        sum('portvakt_call_attempts_total') === count &&
        sum('portvakt_calls_ended_total') === count &&
        sumOf(page, 'portvakt_licences_used', 'licence="calls"') === 0 &&
        sumOf(page, 'portvakt_service_licences_used', 'licence="calls"') === 0
      );
    },
    () =>
      `the service to be at rest after ${count} calls: ${page
        .split('\n')
        .filter((line) => /^portvakt_(call|licences)/.test(line))
        .join('\n')}`,
  );
  return records;
}

/** All lines of one metric, added up. */
function sumOf(page: string, name: string, label = ''): number {
  return page
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Waits until one line of the metrics page has this value. */
export async function counts(service: RunningService, start: string, value: number): Promise<void> {
  let seen = Number.NaN;
  await until(
    async () => {
      seen = await metric(service, start);
      return seen === value;
    },
    () => `${start} to be ${value}; it is ${seen}`,
  );
}

/** The log lines whose message is this. */
export function logged(service: RunningService, message: string): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = service
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  return lines.filter(({ msg }) => msg === message);
}

/** The aliases that are registered now, as the API shows them. */
export async function aliases(service: RunningService): Promise<string[]> {
  const answer = await fetch(`${service.url}/api/v1/registrations`);
  const list: unknown = await answer.json();
  const items = Array.isArray(list) ? list : typeof list === 'object' && list !== null && 'registrations' in list ? list.registrations : [];
  if (!Array.isArray(items)) throw new Error(`Not a list of registrations: ${JSON.stringify(list)}`);
  return items.map((item) => String(item.alias)).sort();
}
