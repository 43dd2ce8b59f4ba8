import type { Member, MemberAddresses, MemberId, MemberStore } from '../member-store.js';
import type { Beat } from './licences.js';

export interface MembersOptions {
  readonly owner: MemberId;
  readonly instance: string;
  readonly version: string;
  readonly startedAt: number;
  /** An owner counts as dead so long after its last beat. */
  readonly deadMs: number;
  /** From then on calls are no longer led by way of it. */
  readonly livingMs: number;
  /** There is news of this instance: others should not have to wait for the next beat. */
  readonly onNews: () => void;
}

/** Who shares the store, as the last beat told. */
export class SharedMembers implements MemberStore {
  readonly self: MemberId;
  readonly #options: MembersOptions;
  readonly #listeners = new Set<() => void>();
  #addresses: MemberAddresses | undefined;
  #state: Member['state'] = 'serving';
  #others: readonly Member[] = [];
  /** `#others`, as it came. */
  #seen = '';
  #living = 1;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.self = options.owner;
  }

  /** This instance, as others are to know it. */
  get card(): string {
    const { owner: id, instance, version, startedAt } = this.#options;
    return JSON.stringify({ id, instance, version, startedAt, state: this.#state, ...this.#addresses });
  }

  /** Instances that live, this one among them. */
  get living(): number {
    return this.#living;
  }

  announce(addresses: MemberAddresses): void {
    const isNews = withoutLoad(addresses) !== (this.#addresses && withoutLoad(this.#addresses));
    this.#addresses = addresses;
    // How many legs it carries changes all the time: that goes with the next beat.
    if (isNews) this.#options.onNews();
  }

  drain(): void {
    this.#state = 'draining';
    this.#options.onNews();
  }

  others(): readonly Member[] {
    return this.#others;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a beat told. */
  update({ now, deadFrom, members }: Beat): void {
    const { owner, deadMs, livingMs } = this.#options;
    const cards: string[] = [];
    let living = 1;
    for (const [id, time] of deadFrom) {
      if (id === owner || time - deadMs + livingMs <= now) continue;
      living += 1;
      const card = members.get(id);
      if (card !== undefined) cards.push(card);
    }
    this.#living = living;
    const seen = cards.sort().join('\n');
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#others = cards.flatMap((card) => read(card) ?? []);
    for (const listener of this.#listeners) listener();
  }
}

function withoutLoad({ bridge, ...addresses }: MemberAddresses): string {
  return JSON.stringify([addresses, bridge?.url, bridge?.web]);
}

/** What a later version adds is left alone, and what an older one does not say is empty. Who has not announced itself is not there yet. */
function read(card: string): Member | undefined {
  try {
    const { id, instance, version, startedAt, state, sip, flows, ras, gatekeeperId, bridge }: Partial<Member> = JSON.parse(card);
    if (id === undefined || instance === undefined || sip === undefined) return undefined;
    return {
      id,
      instance,
      version: version ?? '',
      startedAt: startedAt ?? 0,
      state: state === 'draining' ? state : 'serving',
      sip,
      flows: flows ?? [],
      ras: ras ?? [],
      gatekeeperId,
      ...(bridge && { bridge }),
    };
  } catch {
    return undefined;
  }
}
