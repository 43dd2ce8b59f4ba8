import { expect } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../../src/gatekeeper/calls/calls.js';
import { type RasMessage, rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { RasCall } from '../../../../src/gatekeeper/h323/ras/call-directory.js';
import type { RasSettings } from '../../../../src/gatekeeper/h323/ras/context.js';
import type { Endpoint } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import type { Located } from '../../../../src/gatekeeper/h323/ras/neighbours.js';
import type { RegistrationOutcome, Rejection } from '../../../../src/gatekeeper/h323/ras/observer.js';
import { RasGatekeeper, type RasGatekeeperOptions, type RasShared } from '../../../../src/gatekeeper/h323/ras/ras-gatekeeper.js';
import type { SocketAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { buildPlan } from '../../../../src/gatekeeper/plan/build-plan.js';
import type { Plan } from '../../../../src/gatekeeper/plan/plan.js';
import type { HintStore } from '../../../../src/state/member-store.js';
import { MemoryStore } from '../../../../src/state/memory.js';
import { gateway, neighbour, password, planText, type TestPlan, testPlan } from '../../../support/plan.js';
import { type MessageOf, rrq } from './messages.js';

export const NOW = Date.parse('2026-01-15T12:00:00Z');
export const PASSWORD = password;
export const GATEKEEPER_ID = 'portvakt';

/** Our RAS listener, and our call signalling as it is told to others. */
export const RAS: SocketAddress = { address: '192.0.2.1', port: 1719 };
export const SIGNAL: SocketAddress = { address: '192.0.2.1', port: 1720 };

/** In the sources of norr, which asks for no password; syd asks for one from anywhere; vik's gateway is in its sources and asks for one. */
export const norr = (host: number): SocketAddress => ({ address: `198.51.100.${host}`, port: 1719 });
export const anywhere = (host: number): SocketAddress => ({ address: `203.0.113.${host}`, port: 1719 });
export const gatewayAt: SocketAddress = { address: '198.51.101.1', port: 1719 };
export const peerA: SocketAddress = { address: '192.0.2.201', port: 1719 };
export const peerB: SocketAddress = { address: '192.0.2.202', port: 1719 };

export const settings: RasSettings = {
  gatekeeperId: GATEKEEPER_ID,
  alternates: [],
  timeToLiveSeconds: { min: 30, default: 300, max: 600 },
  graceSeconds: 60,
  irq: { attempts: 2, intervalMs: 3000 },
  lrq: { timeoutMs: 400, cacheSeconds: 30, retries: 1 },
  password: { windowSeconds: 60 },
};

export interface Sent {
  readonly message: RasMessage;
  readonly bytes: Uint8Array;
  readonly to: SocketAddress;
  readonly local: SocketAddress;
}

export interface WorldOptions
  extends Partial<Pick<RasGatekeeperOptions, 'features' | 'failures' | 'sourceOf' | 'lookUp' | 'hints' | 'licences'>> {
  readonly plan?: (plan: TestPlan) => void;
  readonly settings?: Partial<RasSettings>;
  /** One of several instances: with these its time and its state. */
  readonly cluster?: {
    readonly clock: VirtualClock;
    readonly store: MemoryStore;
    readonly hints: HintStore;
    readonly shared: RasShared;
  };
}

export function planOf(change: (plan: TestPlan) => void = () => undefined): Plan {
  const text = planText(
    testPlan((plan) => {
      plan.organisations.norr.zones = { norr: { kind: 'hosted', sources: { addresses: ['198.51.100.0/24'] } } };
      plan.organisations.vik = gateway({ sources: { addresses: [gatewayAt.address] } });
      plan.organisations.ost = neighbour([
        { host: peerA.address, port: peerA.port, priority: 10 },
        { host: peerB.address, port: peerB.port, priority: 20 },
      ]);
      change(plan);
    }),
  );
  const { plan, findings } = buildPlan({ file: 'plan.yaml', text });
  if (!plan) throw new Error(findings.map(({ message }) => message).join('; '));
  return plan;
}

/** A RAS gatekeeper in virtual time over a real store, plan and call ledger; datagrams go in and out as bytes. */
export class RasWorld {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly sent: Sent[] = [];
  readonly records: CallRecord[] = [];
  readonly outcomes: RegistrationOutcome[] = [];
  readonly rejections: Rejection[] = [];
  readonly located: { readonly located: Located; readonly cached: boolean }[] = [];
  readonly malformed: string[] = [];
  readonly faults: unknown[] = [];
  readonly peerChanges: string[] = [];
  /** What signalling knows, by callIdentifier. */
  readonly calls = new Map<string, RasCall>();
  readonly gatekeeper: RasGatekeeper;
  readonly ledger: CallLedger;
  #plan: Plan;
  readonly #isAlone: boolean;
  #random = 1;

  constructor(options: WorldOptions = {}) {
    const { plan: change, settings: other, lookUp = async () => [], cluster, ...rest } = options;
    this.clock = cluster?.clock ?? new VirtualClock(NOW);
    this.store = cluster?.store ?? new MemoryStore({ clock: this.clock });
    this.#isAlone = cluster === undefined;
    if (cluster) this.#random = (nextInstance++ * 7919) >>> 0;
    this.#plan = planOf(change);
    this.ledger = new CallLedger({
      store: this.store,
      plan: () => this.#plan,
      records: {
        begun: () => undefined,
        answered: () => undefined,
        ended: (record) => void this.records.push(record),
        recordedElsewhere: () => undefined,
      },
      clock: this.clock,
      instance: 'test',
    });
    this.gatekeeper = new RasGatekeeper({
      clock: this.clock,
      plan: () => this.#plan,
      registrations: this.store.registrations,
      licences: this.store.licences,
      hints: cluster?.hints ?? this.store.hints,
      shared: cluster?.shared,
      calls: this.ledger,
      callDirectory: { find: (callIdentifier) => this.calls.get(callIdentifier) },
      health: { isUp: () => true },
      settings: { ...settings, ...other },
      send: (bytes, to, local) => void this.sent.push({ message: rasMessage.decode(bytes), bytes: Uint8Array.from(bytes), to, local }),
      listenerFor: (address) => (address.includes(':') ? undefined : RAS),
      rasAddress: (local) => local,
      signalAddress: () => SIGNAL,
      isOwn: ({ address, port }) => address === SIGNAL.address && port === SIGNAL.port,
      ownHosts: new Set([RAS.address, 'gk.portvakt.example']),
      lookUp,
      randomBytes: (count) => this.#bytes(count),
      observer: {
        received: () => undefined,
        answered: () => undefined,
        rejected: (rejection) => void this.rejections.push(rejection),
        registered: (outcome) => void this.outcomes.push(outcome),
        located: (_, located, cached) => void this.located.push({ located, cached }),
        peerChanged: (peerId, up) => void this.peerChanges.push(`${peerId} ${up ? 'up' : 'down'}`),
        malformed: (why) => void this.malformed.push(why),
        fault: (error) => void this.faults.push(error),
      },
      ...rest,
    });
  }

  get plan(): Plan {
    return this.#plan;
  }

  reload(change: (plan: TestPlan) => void): void {
    this.#plan = planOf(change);
    this.gatekeeper.planChanged();
  }

  send(message: RasMessage | Uint8Array, from: SocketAddress, multicast = false): void {
    this.gatekeeper.receive(message instanceof Uint8Array ? message : rasMessage.encode(message), from, RAS, multicast);
  }

  /** What was sent since the last look, once everything that waits for the store is done. */
  async take(): Promise<Sent[]> {
    await settled();
    expect(this.faults).toEqual([]);
    return this.sent.splice(0);
  }

  /** The one answer to a request. Whether others are still there may be asked besides (IRQ). */
  async ask(message: RasMessage | Uint8Array, from: SocketAddress): Promise<RasMessage> {
    this.send(message, from);
    const [answer, ...more] = (await this.take()).filter((sent) => sent.message.type !== 'infoRequest');
    expect(more).toEqual([]);
    if (!answer) throw new Error('no answer came');
    expect(answer.to).toEqual(from);
    expect(answer.local).toEqual(RAS);
    return answer.message;
  }

  async confirm<T extends RasMessage['type']>(
    type: T,
    message: RasMessage | Uint8Array,
    from: SocketAddress,
  ): Promise<MessageOf<T>['value']> {
    const answer = await this.ask(message, from);
    expect(answer.type, this.rejections.at(-1)?.sentence).toBe(type);
    return answer.value as MessageOf<T>['value'];
  }

  /** Why a request was rejected, with the sentence for the log. */
  async reason(message: RasMessage | Uint8Array, from: SocketAddress): Promise<{ readonly reason: string; readonly sentence: string }> {
    const answer = await this.ask(message, from);
    const value: object = typeof answer.value === 'object' && answer.value !== null ? answer.value : {};
    const reason: unknown = 'rejectReason' in value ? value.rejectReason : undefined;
    const type = typeof reason === 'object' && reason !== null && 'type' in reason ? String(reason.type) : `none, but ${answer.type}`;
    return { reason: type, sentence: this.rejections.at(-1)?.sentence ?? '' };
  }

  /** Registers an endpoint of norr and gives it. */
  async register(host: number, ...[aliases, change]: Tail<Parameters<typeof rrq>>): Promise<Endpoint> {
    const { endpointIdentifier } = await this.confirm('registrationConfirm', rrq(norr(host), aliases, change), norr(host));
    const endpoint = this.gatekeeper.endpoints.find(endpointIdentifier);
    if (!endpoint) throw new Error('it was confirmed but is not there');
    return endpoint;
  }

  /** Moves time, second by second, letting what waits for promises go on in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await settled();
    }
  }

  registered(): string[] {
    return [...this.store.registrations.all()].map(({ alias }) => alias).sort();
  }

  close(): void {
    this.gatekeeper.close();
    if (!this.#isAlone) return;
    void this.store.close();
    expect(this.clock.pending).toBe(0);
  }

  #bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let i = 0; i < count; i++) {
      this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0;
      bytes[i] = this.#random >>> 16;
    }
    return bytes;
  }
}

/** Each instance has identifiers of its own. */
let nextInstance = 2;

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer R] ? R : never;

/** Until every promise that can settle now has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
