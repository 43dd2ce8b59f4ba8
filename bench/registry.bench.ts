import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ownedString } from '../src/gatekeeper/registry/owned-string.js';
import { Registry } from '../src/gatekeeper/registry/registry.js';
import { changeOf } from './changes.js';
import { atMost, cpuSeconds, plain, print, type Row } from './row.js';

const collect = garbageCollector();

/** `--expose-gc` without asking for it on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('This Node has no garbage collector to call: memory cannot be measured');
  return () => gc();
}

/** Heap per registration without the strings it keeps (alias, contact, Call-ID, flow), which are made once more to be weighed alone. */
function heapPerRegistration(count: number, transport: 'udp' | 'tls'): number {
  const strings: string[][] = [];
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const empty = heap();
  for (let index = 0; index < count; index++) {
    const change = changeOf(index, 1, transport);
    for (const contact of change.contacts)
      strings.push([ownedString(change.alias), ownedString(contact.contact), ownedString(change.callId), ownedString(contact.flow)]);
  }
  const withStrings = heap();
  // Each list of four in `strings` costs an array (32) and its elements (16 + 4 x 8), and a slot in the outer one.
  const lists = count * (32 + 48 + 8);
  const stringBytes = withStrings - empty - lists;
  strings.length = 0;

  const before = heap();
  const registry = new Registry();
  for (let index = 0; index < count; index++) registry.apply(changeOf(index, 1, transport), index);
  const bytes = heap() - before - stringBytes;
  if (registry.size !== count) throw new Error(`Expected ${count} registrations, found ${registry.size}`);
  return bytes / count;
}

function timings(count: number): Row[] {
  const registry = new Registry();
  const changes = Array.from({ length: 10_000 }, (_, index) => changeOf(index, 1, 'udp'));
  for (let index = 0; index < count; index++) registry.apply(changeOf(index, 1, 'udp'), index);

  const rounds = 20;
  const refresh = cpuSeconds(() => {
    for (let round = 0; round < rounds; round++) {
      for (const change of changes) registry.apply({ ...change, cseq: round + 2 }, 1_000_000);
    }
  });
  const expiry = cpuSeconds(() => {
    for (let more = true; more; ) more = registry.expire(100_000_000);
  });
  if (registry.size !== 0) throw new Error(`Expected every registration to expire, ${registry.size} are left`);
  return [
    plain('registry: refresh, CPU', (refresh * 1e9) / (rounds * changes.length), 'ns'),
    plain('registry: expiry of one registration, CPU', (expiry * 1e9) / count, 'ns'),
  ];
}

export function main(): Row[] {
  const count = 1_000_000;
  return [
    atMost('registry: heap a registration beyond its strings, UDP', heapPerRegistration(count, 'udp'), 'bytes', 300),
    plain('registry: heap a registration beyond its strings, TLS (indexed by connection)', heapPerRegistration(count, 'tls'), 'bytes'),
    ...timings(count),
  ];
}

if (import.meta.filename === process.argv[1]) print(main());
