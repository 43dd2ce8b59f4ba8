import { expect } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import type { Protocol } from '../../../../src/gatekeeper/calls/call.js';
import type { RasShared } from '../../../../src/gatekeeper/h323/ras/ras-gatekeeper.js';
import { Alone } from '../../../../src/state/alone.js';
import type { CallName, CallPlace } from '../../../../src/state/call-store.js';
import type { EndpointStore } from '../../../../src/state/endpoint-store.js';
import type { HintStore, Member, MemberStore } from '../../../../src/state/member-store.js';
import { MemoryStore } from '../../../../src/state/memory.js';
import { NOW, RasWorld, type WorldOptions } from './world.js';

interface Kept {
  owner: string;
  value: string;
  until: number;
}

/** What instances share, in one process: the promises of `EndpointStore`, `MemberStore` and `HintStore` for several instances, in virtual time. */
export class Cluster {
  readonly clock = new VirtualClock(NOW);
  readonly store = new MemoryStore({ clock: this.clock });
  readonly nodes: Node[] = [];
  readonly endpoints = new Map<string, Kept>();
  /** Where calls are, by their callIdentifier. */
  readonly calls = new Map<string, CallPlace>();
  /** No look-up is answered, and nothing is told. */
  away = false;

  /** An instance and its gatekeeper. */
  join(name: string, options: WorldOptions = {}): { readonly node: Node; readonly world: RasWorld } {
    const node = new Node(this, name);
    this.nodes.push(node);
    const world = new RasWorld({ ...options, cluster: { clock: this.clock, store: this.store, hints: node.hints, shared: node.shared } });
    node.world = world;
    for (const { onChange } of this.nodes) for (const listener of onChange) listener();
    return { node, world };
  }

  close(): void {
    for (const { world } of this.nodes) world?.close();
    void this.store.close();
    expect(this.clock.pending).toBe(0);
  }
}

/** One instance of them. */
export class Node {
  readonly name: string;
  readonly onChange = new Set<() => void>();
  readonly hints: HintStore;
  readonly shared: RasShared;
  world: RasWorld | undefined;
  alive = true;
  state: Member['state'] = 'serving';
  /** Questions to the store. */
  reads = 0;
  puts = 0;
  readonly #moved = new Set<(id: string) => void>();
  readonly #hinted = new Set<{ readonly kind: string; readonly listener: (value: string, from: string) => void }>();

  constructor(cluster: Cluster, name: string) {
    this.name = name;
    const { endpoints } = cluster;
    const store: EndpointStore = {
      put: (id, value, until) => {
        if (!this.alive || cluster.away) return;
        this.puts += 1;
        const kept = endpoints.get(id);
        if (kept && kept.owner !== name) this.#tellMoved(id);
        else endpoints.set(id, { owner: name, value, until });
      },
      remove: async (id) => {
        if (cluster.away) return true;
        const kept = endpoints.get(id);
        if (kept && kept.owner !== name) return false;
        endpoints.delete(id);
        return true;
      },
      take: async (id) => {
        const kept = cluster.away ? undefined : endpoints.get(id);
        if (!kept) return undefined;
        const before = cluster.nodes.find((node) => node.name === kept.owner);
        endpoints.set(id, { ...kept, owner: name });
        if (before && before !== this) before.#tellMoved(id);
        return kept.value;
      },
      read: async (id) => {
        this.reads += 1;
        if (cluster.away) return 'away';
        const kept = endpoints.get(id);
        return kept && { owner: kept.owner, value: kept.value };
      },
      onMoved: (listener) => added(this.#moved, listener),
    };
    const members: MemberStore = {
      self: name,
      announce: () => undefined,
      drain: () => {
        this.state = 'draining';
        for (const { onChange } of cluster.nodes) for (const listener of onChange) listener();
      },
      others: () => cluster.nodes.filter((node) => node !== this && node.alive).map((node) => node.member),
      onChange: (listener) => added(this.onChange, listener),
    };
    this.hints = {
      tell: (kind, value) => {
        for (const other of cluster.nodes) {
          if (other === this || !other.alive) continue;
          for (const hinted of other.#hinted) if (hinted.kind === kind) queueMicrotask(() => hinted.listener(value, name));
        }
      },
      on: (kind, listener) => added(this.#hinted, { kind, listener }),
    };
    const calls = Object.assign(new Alone(), {
      find: async ({ signallingId, take }: CallName) => {
        if (take !== false) throw new Error('The call would come over to an instance that cannot carry it on');
        return cluster.away ? 'away' : cluster.calls.get(signallingId);
      },
    });
    this.shared = { endpoints: store, members, calls };
  }

  /** The process is gone without a word. */
  kill(): void {
    this.alive = false;
    this.world?.gatekeeper.close();
  }

  get member(): Member {
    const number = Number(this.name.replace(/\D/g, ''));
    return {
      id: this.name,
      instance: this.name,
      version: '1',
      startedAt: 0,
      state: this.state,
      sip: [],
      flows: [],
      ras: [{ address: `192.0.2.${number}`, port: 1719 }],
      gatekeeperId: this.name,
    };
  }

  #tellMoved(id: string): void {
    if (this.alive) for (const listener of this.#moved) queueMicrotask(() => listener(id));
  }
}

/** A call that another instance leads to this alias. */
export function callTo(alias: string, signallingId: string, protocol: Protocol = 'h323'): CallPlace {
  const party = { zone: 'syd', organisation: 'syd', alias: '461020001', protocol };
  const begun = { id: 'x', instance: 'gk-2', signallingId, caller: party, dialled: alias, start: '2026-01-15T12:00:00.000Z' };
  const call = { begun, callee: { ...party, alias }, answer: undefined, dialog: undefined };
  return { at: 'there', id: 'x', owner: 'gk-2', call };
}

function added<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => set.delete(item);
}
