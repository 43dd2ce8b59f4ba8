import { afterEach, beforeEach, expect } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../../src/gatekeeper/calls/calls.js';
import { aliasAddressOf } from '../../../../src/gatekeeper/h323/alias-address.js';
import { type RasMessage, rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { Endpoint, EndpointKind, Proof } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { RasGatekeeper, type RasShared } from '../../../../src/gatekeeper/h323/ras/ras-gatekeeper.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { CallSignalling } from '../../../../src/gatekeeper/h323/signalling/call-signalling.js';
import type {
  ConnectTarget,
  H245Routing,
  SignallingConnection,
  SocketAddress,
} from '../../../../src/gatekeeper/h323/signalling/context.js';
import { buildPlan } from '../../../../src/gatekeeper/plan/build-plan.js';
import type { Plan } from '../../../../src/gatekeeper/plan/plan.js';
import { MemoryStore } from '../../../../src/state/memory.js';
import { planText, type TestPlan } from '../../../support/plan.js';
import { Link, type TestLeg, Wire } from './links.js';
import { signallingPlan } from './zones.js';

export const timers = { setupMs: 4_000, huntMs: 400, establishmentMs: 30_000, alertingMs: 180_000, connectMs: 3_000 };
export const GATEKEEPER = '10.0.0.1';
export const SIGNALLING: SocketAddress = { address: GATEKEEPER, port: 1720 };
const RAS: SocketAddress = { address: GATEKEEPER, port: 1719 };

export interface EndpointOptions {
  /** Who proved a password, and how. */
  readonly proof?: Proof;
  readonly address?: string;
  readonly source?: string;
  readonly kind?: EndpointKind;
  readonly prefixes?: readonly string[];
  readonly tls?: SocketAddress;
}

/** How a host takes a connection. `hang`: it neither takes nor refuses. */
export type Reception = 'accept' | 'refuse' | 'hang';

/** A registered endpoint, or any other party with an address of its own. */
export class Party {
  readonly world: World;
  readonly alias: string;
  readonly address: SocketAddress;
  readonly endpoint: Endpoint | undefined;
  reception: Reception = 'accept';
  /** Connections that the gatekeeper opened to it. */
  readonly wires: Wire[] = [];
  /** Calls that came in and were not taken by the test yet. */
  readonly incoming: TestLeg[] = [];
  #references = 1000;

  constructor(world: World, alias: string, address: SocketAddress, endpoint: Endpoint | undefined) {
    this.world = world;
    this.alias = alias;
    this.address = address;
    this.endpoint = endpoint;
  }

  get id(): string {
    if (!this.endpoint) throw new Error(`${this.alias} is not registered`);
    return this.endpoint.id;
  }

  /** Opens a connection to the gatekeeper. */
  dial(options: { readonly secure?: boolean; readonly certificateNames?: readonly string[]; readonly from?: string } = {}): Wire {
    const { from = this.address.address, ...rest } = options;
    const link = this.world.link({ remote: { address: from, port: 30_000 }, local: SIGNALLING, ...rest });
    this.world.signalling.accept(link.connection);
    return new Wire(link);
  }

  /** A new call's leg, on a connection of its own unless one is given. */
  leg(wire: Wire = this.dial()): TestLeg {
    return wire.leg(++this.#references);
  }

  /** The call that came in. */
  async called(): Promise<TestLeg> {
    await this.world.settle();
    const leg = this.incoming.shift();
    if (!leg) throw new Error(`${this.alias} was not called`);
    return leg;
  }

  ras(message: RasMessage): RasMessage | undefined {
    const source = this.endpoint?.source ?? { ...this.address, port: 1719 };
    this.world.datagrams.length = 0;
    this.world.ras.receive(rasMessage.encode(message), source, RAS);
    const reply = this.world.datagrams.shift();
    return reply && rasMessage.decode(reply.bytes);
  }
}

/** A TCP port of ours for a routed H.245 connection. */
export interface OpenPort {
  readonly address: SocketAddress;
  readonly towards: SignallingConnection;
  readonly from: (address: string) => boolean;
  open: boolean;
  /** Nobody came in time. */
  expire(): void;
  /** Somebody connects to it. */
  connect(from: string): Link;
}

export interface WorldOptions {
  readonly plan?: (plan: TestPlan) => void;
  readonly h245?: 'pass' | 'route';
  readonly callsPerConnection?: number;
  readonly maxCalls?: number;
  /** What is shared with other instances. */
  readonly shared?: RasShared;
}

/** A gatekeeper with everything that call signalling works with, in virtual time; only the network is played. */
export class World {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 22, 8));
  readonly store = new MemoryStore({ clock: this.clock });
  readonly records: CallRecord[] = [];
  readonly begun: string[] = [];
  readonly ledger: CallLedger;
  readonly ras: RasGatekeeper;
  readonly signalling: CallSignalling;
  readonly links: Link[] = [];
  readonly datagrams: { bytes: Uint8Array; to: SocketAddress }[] = [];
  readonly ports: OpenPort[] = [];
  /** H.245 connections that the gatekeeper opened, by where they lead. */
  readonly h245Links = new Map<string, Link>();
  /** Sentences of refusals, of media in clear, of what was left out, and of what was malformed; what a test expects it takes away. */
  readonly refused: { code: string; sentence: string }[] = [];
  readonly insecure: string[] = [];
  readonly leftOut: string[] = [];
  readonly malformed: string[] = [];
  readonly faults: unknown[] = [];
  /** Ports left for H.245. */
  freePorts = 100;
  /** Connections that may be left open, as the far end wants them kept. */
  kept = 0;
  plan: Plan;
  readonly #parties = new Map<string, Party>();
  readonly #baseline: number;

  constructor({ plan, h245 = 'pass', callsPerConnection = 100, maxCalls = 1000, shared }: WorldOptions = {}) {
    const built = buildPlan({ file: 'plan.yaml', text: planText(signallingPlan(plan)) });
    if (!built.plan) throw new Error(JSON.stringify(built.findings));
    this.plan = built.plan;
    const { clock, store } = this;
    this.ledger = new CallLedger({
      store,
      plan: () => this.plan,
      clock,
      instance: 'test-1',
      records: {
        begun: ({ id }) => this.begun.push(id),
        answered: () => undefined,
        ended: (record) => this.records.push(record),
        recordedElsewhere: () => undefined,
      },
    });
    let seed = 0;
    const randomBytes = (count: number) => {
      const bytes = Buffer.alloc(count);
      bytes.writeUInt32BE(++seed, count - 4);
      return bytes;
    };
    this.ras = new RasGatekeeper({
      clock,
      plan: () => this.plan,
      registrations: store.registrations,
      licences: store.licences,
      hints: store.hints,
      shared,
      calls: this.ledger,
      callDirectory: { find: (id) => this.signalling.find(id) },
      health: { isUp: () => true },
      settings: {
        gatekeeperId: 'portvakt',
        alternates: [],
        timeToLiveSeconds: { min: 30, default: 300, max: 600 },
        graceSeconds: 60,
        irq: { attempts: 2, intervalMs: 3000 },
        lrq: { timeoutMs: 400, cacheSeconds: 30, retries: 1 },
        password: { windowSeconds: 300 },
      },
      send: (bytes, to) => this.datagrams.push({ bytes, to }),
      listenerFor: () => RAS,
      rasAddress: () => RAS,
      signalAddress: () => SIGNALLING,
      isOwn: isGatekeeper,
      lookUp: () => Promise.resolve([]),
      randomBytes: (count) => (count < 4 ? Buffer.alloc(count) : randomBytes(count)),
    });
    this.signalling = new CallSignalling({
      clock,
      plan: () => this.plan,
      registrations: store.registrations.index,
      health: this.ras.neighbours.health,
      calls: this.ledger,
      endpoints: this.ras.endpoints,
      admissions: this.ras.admissions,
      bandwidth: this.ras.bandwidth,
      neighbours: this.ras.neighbours,
      observer: {
        received: () => undefined,
        malformed: (why) => this.malformed.push(why),
        refused: (code, sentence) => this.refused.push({ code, sentence }),
        insecure: (_callIdentifier, sentence) => this.insecure.push(sentence),
        leftOut: (_callIdentifier, sentence) => this.leftOut.push(sentence),
        forwarded: () => undefined,
        fault: (error) => this.faults.push(error),
      },
      timers,
      ownHosts: new Set([GATEKEEPER]),
      ownAddress: () => SIGNALLING,
      isPublic: (address) => !address.startsWith('192.168.'),
      isOwn: isGatekeeper,
      isOwnMachine: (address) => address === GATEKEEPER || address === '127.0.0.1',
      h245: h245 === 'route' ? this.#h245() : undefined,
      connect: (target) => this.#connect(target),
      callsPerConnection,
      maxCalls,
    });
    this.#baseline = clock.pending;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  }

  /** Moves time on. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    this.clock.advance(ms);
    await this.settle();
  }

  /** A party that is registered here, in the zone that its alias is of. */
  async endpoint(alias: string, zone: string, options: EndpointOptions = {}): Promise<Party> {
    const found = this.plan.zones.get(zone);
    if (!found?.organisation) throw new Error(`No zone ${zone}`);
    const address = options.address ?? `10.${subnets[zone] ?? 0}.0.${this.#parties.size + 1}`;
    const signalAddress = { address, port: 1720 };
    const source = { address: options.source ?? address, port: 1719 };
    const registered = await this.ras.endpoints.register(
      {
        zone,
        organisation: found.organisation,
        kind: options.kind ?? 'terminal',
        aliases: alias === '' ? [] : [{ key: alias, written: aliasAddressOf(alias) }],
        prefixes: options.prefixes ?? [],
        addresses: { rasAddress: source, signalAddress, source, local: RAS },
        tlsAddress: options.tls,
        proof: options.proof,
        tokenTime: 0,
        timeToLive: 100_000,
        vendor: 'Test 1.0',
        supportsAltGk: false,
      },
      undefined,
    );
    if (!registered.ok) throw new Error(registered.refusal);
    return this.#add(new Party(this, alias, options.tls ?? signalAddress, registered.endpoint));
  }

  /** A party that is not registered. */
  stranger(address: string, port = 1720): Party {
    return this.#add(new Party(this, '', { address, port }, undefined));
  }

  link(options: ConstructorParameters<typeof Link>[0]): Link {
    const link = new Link(options);
    this.links.push(link);
    return link;
  }

  /** The one record of the call that ended last. */
  record(): CallRecord {
    const record = this.records.at(-1);
    if (!record) throw new Error('no call has ended');
    return record;
  }

  /** LRQs that wait for an answer, by peer. */
  lrqs(): { to: string; request: Extract<RasMessage, { type: 'locationRequest' }>['value'] }[] {
    return this.datagrams.splice(0).flatMap(({ bytes, to }) => {
      const message = rasMessage.decode(bytes);
      return message.type === 'locationRequest' ? [{ to: to.address, request: message.value }] : [];
    });
  }

  /** A neighbour's answer to an LRQ: at this address, or (undefined) nowhere. */
  locate(from: string, requestSeqNum: number, at: SocketAddress | undefined): void {
    const message: RasMessage = at
      ? {
          type: 'locationConfirm',
          value: { requestSeqNum, callSignalAddress: transportAddress(at), rasAddress: transportAddress({ address: from, port: 1719 }) },
        }
      : { type: 'locationReject', value: { requestSeqNum, rejectReason: { type: 'requestDenied', value: null } } };
    this.ras.receive(rasMessage.encode(message), { address: from, port: 1719 }, RAS);
  }

  /** Nothing is left of any call: what every test must come to. */
  async expectNothingLeft(): Promise<void> {
    await this.settle();
    expect(this.signalling.size, 'calls in progress').toBe(0);
    expect(this.ledger.active, 'calls in the ledger').toBe(0);
    expect(this.store.licences.callsInUse(), 'licences').toBe(0);
    expect(this.ras.bandwidth.calls, 'calls that hold bandwidth').toBe(0);
    expect(this.ras.admissions.size, 'admissions').toBe(0);
    expect(this.records.map(({ id }) => id).sort(), 'one record for each attempt').toEqual([...this.begun].sort());
    expect(this.clock.pending, 'timers').toBe(this.#baseline);
    expect(this.faults).toEqual([]);
    expect(this.malformed).toEqual([]);
    expect(this.links.filter((link) => link.closed === undefined).length, 'connections that are still open').toBe(this.kept);
    expect(
      this.links.filter(({ connection }) => this.signalling.isNeeded(connection)),
      'connections with legs',
    ).toEqual([]);
    expect(this.ports.filter(({ open }) => open).length, 'ports for H.245').toBe(0);
    this.signalling.close();
    expect(this.links.filter((link) => link.closed === undefined).length, 'connections after the end').toBe(0);
    this.ras.close();
    await this.store.close();
    expect(this.clock.pending, 'timers after the end').toBe(0);
  }

  #add(party: Party): Party {
    this.#parties.set(keyOf(party.address), party);
    return party;
  }

  #connect(target: ConnectTarget): Promise<SignallingConnection> {
    const party = this.#parties.get(keyOf(target));
    if (party?.reception === 'hang') {
      // As the transport does it: over when its time is up.
      return new Promise((_, reject) => {
        this.clock.after(target.timeoutMs, () => reject(new Error(`No connection in ${target.timeoutMs} ms`)));
      });
    }
    if (!party || party.reception === 'refuse') return Promise.reject(new Error('ECONNREFUSED'));
    const { address, port, secure } = target;
    const link = this.link({ remote: { address, port }, local: { address: GATEKEEPER, port: 40_000 }, secure });
    const wire = new Wire(link);
    wire.onSetup = (leg) => party.incoming.push(leg);
    party.wires.push(wire);
    return Promise.resolve(link.connection);
  }

  #h245(): H245Routing {
    return {
      listen: ({ towards, from, onConnection, onExpired }) => {
        if (this.freePorts === 0) return Promise.resolve(undefined);
        this.freePorts -= 1;
        const address = { address: GATEKEEPER, port: 50_000 + this.ports.length };
        const port: OpenPort = {
          address,
          towards,
          from,
          open: true,
          expire: () => {
            port.open = false;
            onExpired();
          },
          connect: (remote) => {
            if (!port.open) throw new Error('The port is closed');
            if (!from(remote)) throw new Error(`${remote} may not connect`);
            port.open = false;
            const link = this.link({ remote: { address: remote, port: 31_000 }, local: address });
            onConnection(link.connection);
            return link;
          },
        };
        this.ports.push(port);
        const close = () => {
          port.open = false;
        };
        return Promise.resolve({ address, close });
      },
      connect: (target) => this.#connectH245(target),
    };
  }

  #connectH245(target: ConnectTarget): Promise<SignallingConnection> {
    const link = this.link({ remote: target, local: { address: GATEKEEPER, port: 41_000 } });
    this.h245Links.set(keyOf(target), link);
    return Promise.resolve(link.connection);
  }
}

const subnets: Readonly<Record<string, number>> = { norr: 1, syd: 2, fri: 5, oreg: 6, vik: 7 };

const keyOf = ({ address, port }: SocketAddress): string => `${address}:${port}`;

const isGatekeeper = ({ address, port }: SocketAddress): boolean => address === GATEKEEPER && port === 1720;

/** A new world for each test of the file, of which nothing is left afterwards. */
export function useWorld(options: WorldOptions = {}): () => World {
  let world: World | undefined;
  beforeEach(() => {
    world = new World(options);
  });
  afterEach(async () => {
    await world?.expectNothingLeft();
  });
  return () => {
    if (!world) throw new Error('only inside a test');
    return world;
  };
}
