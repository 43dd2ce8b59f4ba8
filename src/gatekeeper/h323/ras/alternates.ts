import type { Member, MemberStore } from '../../../state/member-store.js';
import type { AlternateGK, AltGKInfo } from '../asn1/h225.js';
import type { RasSettings } from './context.js';
import { type SocketAddress, transportAddress } from './transport-address.js';

export interface AlternatesOptions {
  readonly settings: Pick<RasSettings, 'alternates' | 'gatekeeperId'>;
  /** Absent: this instance is alone. */
  readonly members?: MemberStore | undefined;
}

interface Alternate {
  readonly address: SocketAddress;
  readonly gatekeeperId: string | undefined;
  readonly needToRegister: boolean;
}

/** An endpoint keeps some of them, and a confirm must fit into one datagram. */
const MAX_ALTERNATES = 16;
const MAX_FELLOWS = 1000;

/**
 * The gatekeepers that an endpoint may turn to when this one is gone or going (H.225.0 §7.6): those of the configuration, and the instances
 * that share our registrations, where nobody need register anew.
 */
export class Alternates {
  readonly #settings: AlternatesOptions['settings'];
  readonly #members: MemberStore | undefined;
  readonly #stop: () => void;
  readonly #lists = new Map<string, readonly AlternateGK[]>();
  readonly #fellows: Set<string>;
  #draining = false;

  constructor({ settings, members }: AlternatesOptions) {
    this.#settings = settings;
    this.#members = members;
    this.#fellows = new Set(settings.alternates.map(({ gatekeeperId }) => gatekeeperId));
    this.#meet();
    this.#stop = members?.onChange(() => this.#meet()) ?? (() => undefined);
  }

  /**
   * In the order in which they are to be tried; undefined: there are none.
   * @param local our listener that the endpoint speaks to: it is told of addresses of that family
   * @param endpointId spreads the endpoints of a lost instance over all that are left
   */
  list(local: SocketAddress, endpointId = ''): readonly AlternateGK[] | undefined {
    const others = this.#members?.others() ?? NOBODY;
    const turn = others.length < 2 ? 0 : hashOf(endpointId) % others.length;
    const key = `${turn} ${local.address.includes(':')}`;
    let list = this.#lists.get(key);
    if (!list) {
      list = others.length === 0 ? this.#configured() : this.#ranked(others, local, turn);
      this.#lists.set(key, list);
    }
    return list.length === 0 ? undefined : list;
  }

  /** Where all endpoints are to go for good, as this instance is being stopped; undefined: it is not, or there is nobody to go to. */
  leaving(local: SocketAddress, endpointId?: string): AltGKInfo | undefined {
    if (!this.#draining || !this.#members?.others().some(isServing)) return undefined;
    const alternateGatekeeper = this.list(local, endpointId);
    return alternateGatekeeper && { alternateGatekeeper, altGKisPermanent: true };
  }

  /** Whether an endpoint that comes to us as to an alternate may still use this identifier. */
  isFellow(gatekeeperId: string): boolean {
    return this.#fellows.has(gatekeeperId);
  }

  /** This instance is being stopped. */
  drain(): void {
    this.#draining = true;
  }

  close(): void {
    this.#stop();
  }

  /** Those that are gone are remembered: who just lost its gatekeeper names it when it comes to us. */
  #meet(): void {
    this.#lists.clear();
    for (const { gatekeeperId } of this.#members?.others() ?? NOBODY) {
      if (gatekeeperId !== undefined && this.#fellows.size < MAX_FELLOWS) this.#fellows.add(gatekeeperId);
    }
  }

  #configured(): readonly AlternateGK[] {
    return this.#settings.alternates.map(({ gatekeeperId, ras, priority }) => ({
      rasAddress: transportAddress({ address: ras.host, port: ras.port }),
      gatekeeperIdentifier: gatekeeperId,
      needToRegister: true,
      priority,
    }));
  }

  /** Instances that serve, then others of the configuration, then instances that are being stopped; each as the configuration has it first. */
  #ranked(others: readonly Member[], local: SocketAddress, turn: number): readonly AlternateGK[] {
    const rotated = [...others].sort((a, b) => (a.id < b.id ? -1 : 1));
    rotated.push(...rotated.splice(0, turn));
    const serving: Alternate[] = [];
    const foreign: Alternate[] = [];
    const draining: Alternate[] = [];
    const configured = [...this.#settings.alternates].sort((a, b) => a.priority - b.priority);
    for (const { gatekeeperId, ras } of configured) {
      const address = { address: ras.host, port: ras.port };
      const member = others.find((one) => one.ras.some((there) => isAt(there, address)));
      const alternate = { address, gatekeeperId, needToRegister: member === undefined };
      (member ? (isServing(member) ? serving : draining) : foreign).push(alternate);
    }
    for (const member of rotated) {
      const known = configured.some(({ ras }) => member.ras.some((there) => isAt(there, { address: ras.host, port: ras.port })));
      const sameFamily = member.ras.filter(({ address }) => address.includes(':') === local.address.includes(':'));
      if (known) continue;
      for (const address of sameFamily) {
        (isServing(member) ? serving : draining).push({ address, gatekeeperId: member.gatekeeperId, needToRegister: false });
      }
    }
    return [...serving, ...foreign, ...draining].slice(0, MAX_ALTERNATES).map(({ address, gatekeeperId, needToRegister }, priority) => ({
      rasAddress: transportAddress(address),
      ...(gatekeeperId !== undefined && { gatekeeperIdentifier: gatekeeperId }),
      needToRegister,
      priority,
    }));
  }
}

const NOBODY: readonly Member[] = Object.freeze([]);

function isServing({ state }: Member): boolean {
  return state === 'serving';
}

function isAt(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.address === b.address;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
