import type { Member, MemberId, MemberStore } from '../../../state/member-store.js';

/** Addresses of instances that have gone are known for this many of them: their calls' routes still name them. */
const maxGone = 64;

/** The other instances, as SIP sees them: which addresses in a Route mean one of them, and who lives. */
export class Fellows {
  readonly #members: MemberStore;
  #living = new Map<string, Member>();
  /** `host:port` of every fellow there ever was, with the host alone where it was the port of its transport; the one met last comes last. */
  readonly #known = new Map<string, MemberId>();
  readonly #instances = new Set<MemberId>();
  readonly #stop: () => void;

  constructor(members: MemberStore) {
    this.#members = members;
    this.#stop = members.onChange(() => this.#update());
    this.#update();
  }

  /** Whether there was ever another instance. */
  get any(): boolean {
    return this.#instances.size > 0;
  }

  get(id: MemberId): Member | undefined {
    return this.#members.others().find((member) => member.id === id);
  }

  /** Whether this is where a fellow is, or was before it went. Host in lower case, IPv6 without brackets. */
  is(host: string, port: number | undefined): boolean {
    return this.#known.has(addressKey(host, port));
  }

  /** The living fellow that is there. */
  at(host: string, port: number | undefined): Member | undefined {
    return this.#living.get(addressKey(host, port));
  }

  /** Up to so many living fellows, `first` before the others where it is one. */
  some(count: number, first: Member | undefined): readonly Member[] {
    const others = this.#members.others().filter(({ id, sip }) => id !== first?.id && sip.length > 0);
    return (first ? [first, ...others] : others).slice(0, count);
  }

  /** Whether this is where a fellow is that gave a sign of life lately. */
  lives(host: string, port: number | undefined): boolean {
    return this.#living.has(addressKey(host, port));
  }

  close(): void {
    this.#stop();
  }

  #update(): void {
    const living = new Map<string, Member>();
    for (const member of this.#members.others()) {
      for (const { transport, host, port } of member.sip) {
        living.set(addressKey(host, port), member);
        if (port === (transport === 'tls' ? 5061 : 5060)) living.set(addressKey(host, undefined), member);
      }
    }
    this.#living = living;
    for (const [key, { id }] of living) {
      this.#known.delete(key);
      this.#known.set(key, id);
      this.#instances.delete(id);
      this.#instances.add(id);
    }
    for (const id of this.#instances) {
      if (this.#instances.size <= maxGone) break;
      this.#instances.delete(id);
      for (const [key, owner] of this.#known) if (owner === id) this.#known.delete(key);
    }
  }
}

function addressKey(host: string, port: number | undefined): string {
  return port === undefined ? host.toLowerCase() : `${host.toLowerCase()} ${port}`;
}
