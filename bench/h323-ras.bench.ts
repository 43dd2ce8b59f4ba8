import { rasMessage } from '../src/gatekeeper/h323/asn1/h225.js';
import { atLeast, atMost, plain, print, type Row } from './row.js';
import { median, residentMegabytes } from './support/cpu.js';
import { admission, confirmIn, fullRegistration, keepAlive, RasLoad, signedRegistration } from './support/ras-load.js';
import { type Gatekeeper, h323AddressOf, startGatekeeper } from './support/servers.js';
import { inWorkspace } from './support/workspace.js';

/*
 * RAS over real sockets: the service as `portvakt serve` runs it, in a process of its own, and all of that process's CPU time (utime + stime, the
 * collector's threads included) for each request. This process plays the endpoints, as fast as answers come.
 */
const quick = process.argv.includes('--quick');
const turns = quick ? 1 : 5;
const requestsPerTurn = quick ? 20_000 : 60_000;
const ENDPOINTS = 2000;
const REGISTRATIONS = 100_000;
/** In the measurement of memory: ten times what a population of that size does all day, and what one does that lost its power. */
const ARRIVALS = { perSecond: 2500, atOnce: 200 };

/** What a mature gatekeeper in C++ was measured at elsewhere, beside ours: stated, not measured here. */
const STATED = { perSecond: 4100, microseconds: 390 };

const kinds = ['full', 'signed', 'light', 'admission'] as const;
type Kind = (typeof kinds)[number];

/** The endpoints behind one socket, and what they ask for. */
class Population {
  readonly load: RasLoad;
  readonly #identifiers: string[] = [];
  #seqNum = 0;
  #calls = 0;

  constructor(load: RasLoad) {
    this.load = load;
  }

  /** Everybody registers, and learns its endpointIdentifier. */
  async register(): Promise<void> {
    const bySeqNum = new Map<number, number>();
    const requests = Array.from({ length: ENDPOINTS }, (_, index) => {
      const seqNum = this.#next();
      bySeqNum.set(seqNum, index);
      return rasMessage.encode(fullRegistration(index, seqNum, this.load.at));
    });
    await this.load.exchange(requests, (bytes) => {
      const confirm = confirmIn(bytes);
      if (confirm.type !== 'registrationConfirm') throw new Error(`Expected an RCF, and got ${confirm.type}`);
      this.#identifiers[bySeqNum.get(confirm.value.requestSeqNum) ?? -1] = confirm.value.endpointIdentifier;
    });
  }

  requests(kind: Kind, count: number): Buffer[] {
    return Array.from({ length: count }, (_, i) => this.#request(kind, i % ENDPOINTS));
  }

  #request(kind: Kind, index: number): Buffer {
    const { at } = this.load;
    const identifier = this.#identifiers[index] ?? '';
    switch (kind) {
      case 'full':
        return rasMessage.encode(fullRegistration(index, this.#next(), at));
      case 'signed':
        return signedRegistration(index, this.#next(), at);
      case 'light':
        return rasMessage.encode(keepAlive(this.#next(), identifier));
      case 'admission':
        return rasMessage.encode(admission(index, (index + 1) % ENDPOINTS, this.#next(), ++this.#calls, identifier));
    }
  }

  #next(): number {
    this.#seqNum = (this.#seqNum % 65_535) + 1;
    return this.#seqNum;
  }
}

/** Looks at every hundredth answer, so that the load does not take the machine from what is measured. */
function sampled(): (bytes: Buffer) => void {
  let seen = 0;
  return (bytes) => {
    if (seen++ % 100 === 0) confirmIn(bytes);
  };
}

/** Microseconds of the service's CPU time for one request, the median of the turns. */
async function throughput(gatekeeper: Gatekeeper, known: RasLoad, anywhere: RasLoad): Promise<Record<Kind, number>> {
  const population = new Population(known);
  const strangers = new Population(anywhere);
  await population.register();
  // Who has registered nothing yet may ask a few times a second only.
  await anywhere.exchange(strangers.requests('signed', 1), confirmIn);
  const found: Record<Kind, number[]> = { full: [], signed: [], light: [], admission: [] };
  // The first turn warms up: compiled code and caches as they are in the middle of a day.
  for (let turn = 0; turn <= turns; turn++) {
    for (const kind of kinds) {
      const { load } = kind === 'signed' ? strangers : population;
      const requests = (kind === 'signed' ? strangers : population).requests(kind, requestsPerTurn);
      const before = gatekeeper.cpuSeconds();
      await load.exchange(requests, sampled());
      if (turn > 0) found[kind].push(((gatekeeper.cpuSeconds() - before) / requestsPerTurn) * 1e6);
    }
  }
  return { full: median(found.full), signed: median(found.signed), light: median(found.light), admission: median(found.admission) };
}

/** 100,000 endpoints, each with an address of its own. Megabytes of the whole service: at the start, and then. */
async function memory(gatekeeper: Gatekeeper, aliases: 1 | 2): Promise<{ readonly empty: number; readonly full: number }> {
  const empty = residentMegabytes(gatekeeper.pid);
  const register = async (index: number) => {
    const load = await RasLoad.open(h323AddressOf(index), gatekeeper.rasPort);
    await load.exchange([rasMessage.encode(fullRegistration(index, (index % 65_535) + 1, load.at, aliases))], confirmIn);
    await load.close();
  };
  const began = performance.now();
  let next = 0;
  const arrive = async () => {
    while (next < REGISTRATIONS) {
      const index = next++;
      const wait = began + (index * 1000) / ARRIVALS.perSecond - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await register(index);
    }
  };
  await Promise.all(Array.from({ length: ARRIVALS.atOnce }, arrive));
  const full = residentMegabytes(gatekeeper.pid);
  await gatekeeper.stop();
  return { empty, full };
}

const rows = await inWorkspace(async (workspace): Promise<Row[]> => {
  const gatekeeper = await startGatekeeper(workspace);
  const known = await RasLoad.open(h323AddressOf(0), gatekeeper.rasPort);
  const anywhere = await RasLoad.open('127.0.0.1', gatekeeper.rasPort);
  const cost = await throughput(gatekeeper, known, anywhere);
  await known.close();
  await anywhere.close();
  await gatekeeper.stop();
  const one = await memory(await startGatekeeper(workspace), 1);
  const two = await memory(await startGatekeeper(workspace), 2);
  return [
    atLeast('full RRQ, two aliases: requests a CPU second', 1e6 / cost.full, '/s', 15_000),
    plain('full RRQ, two aliases', cost.full, 'µs'),
    plain('full RRQ with H.235.1', cost.signed, 'µs'),
    plain('keep-alive RRQ', cost.light, 'µs'),
    atLeast('ARQ: requests a CPU second', 1e6 / cost.admission, '/s', 15_000),
    plain('ARQ', cost.admission, 'µs'),
    plain('full RRQ, a mature C++ gatekeeper, as stated elsewhere: requests a second', STATED.perSecond, '/s'),
    plain('full RRQ, a mature C++ gatekeeper, as stated elsewhere', STATED.microseconds, 'µs'),
    plain('RSS of the service without registrations', one.empty, 'MB'),
    // A registration is one alias, as licences count it.
    atMost(`RSS of the service with ${REGISTRATIONS} registrations, an endpoint each`, one.full, 'MB', 250),
    plain(`RSS of the service with ${REGISTRATIONS} endpoints of two registrations each`, two.full, 'MB'),
  ];
});
print(rows);
