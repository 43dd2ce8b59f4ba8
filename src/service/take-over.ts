import type { Bridge } from '../bridge/bridge.js';
import type { CallLedger } from '../gatekeeper/calls/calls.js';
import type { H323Edge } from '../gatekeeper/h323/edge.js';
import type { SipEdge } from '../gatekeeper/sip/edge.js';
import type { Logger } from '../monitoring/log.js';
import type { TakenCall } from '../state/call-store.js';
import type { Member } from '../state/member-store.js';
import type { StateStore } from '../state/store.js';
import { version } from '../version.js';

export interface TakeOverOptions {
  readonly store: StateStore;
  readonly calls: CallLedger;
  readonly sip: SipEdge;
  readonly h323: H323Edge | undefined;
  readonly bridge?: Pick<Bridge, 'memberAddresses' | 'onLoad'> | undefined;
  /** This instance's name. */
  readonly instance: string;
  readonly logger: Logger;
}

/** One instance, for operators. */
export interface InstanceView {
  readonly instance: string;
  readonly self: boolean;
  readonly state: Member['state'];
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Between this instance and the others: who they are, whose calls come over when one is lost, and who gets ours when this one is stopped. */
export class TakeOver {
  readonly #options: TakeOverOptions;
  readonly #startedAt = new Date().toISOString();
  #draining = false;
  #known: readonly Member[] = [];

  constructor(options: TakeOverOptions) {
    this.#options = options;
    const { store, calls, bridge } = options;
    store.calls.onTaken((taken) => this.#taken(taken));
    store.calls.onLost((id, recorded) => calls.lost(id, recorded));
    store.calls.onOver((id) => options.sip.over(id));
    store.members.onChange(() => this.#membersChanged());
    this.announce();
    bridge?.onLoad(() => this.announce());
    this.#membersChanged();
  }

  /** This one first. */
  get instances(): readonly InstanceView[] {
    const { instance, store } = this.#options;
    const state = this.#draining ? 'draining' : 'serving';
    const others = store.members.others().map((member) => ({
      instance: member.instance,
      self: false,
      state: member.state,
      version: member.version,
      startedAt: new Date(member.startedAt).toISOString(),
    }));
    return [{ instance, self: true, state, version, startedAt: this.#startedAt }, ...others];
  }

  /** Tells the others where this instance is reached now. */
  announce(): void {
    const { store, sip, h323, bridge } = this.#options;
    store.members.announce({
      ...sip.memberAddresses,
      ...(h323?.memberAddresses ?? { ras: [], gatekeeperId: undefined }),
      ...(bridge ? { bridge: bridge.memberAddresses } : {}),
    });
  }

  /** This instance takes no new calls: the others send it none. */
  drain(): void {
    this.#draining = true;
    this.#options.store.members.drain();
  }

  /** Gives the calls that can go on without this instance to the others. */
  async handOver(): Promise<void> {
    const { store, logger } = this.#options;
    const calls = await store.calls.handOver();
    if (calls > 0) logger.info({ calls }, 'Calls were handed over to the other instances, and go on there');
  }

  /** A call that nobody can carry on ends here, for its record: its instance was lost, and with it the connections. */
  #taken(taken: TakenCall): void {
    const { calls, sip } = this.#options;
    const call = calls.resume(taken);
    const goesOn = taken.answer !== undefined && taken.dialog !== undefined && sip.resume(call, taken.dialog);
    if (!goesOn) call.end('instanceLost');
  }

  #membersChanged(): void {
    const { store, logger } = this.#options;
    const before = this.#known;
    this.#known = store.members.others();
    for (const { id, instance } of this.#known) {
      if (!before.some((member) => member.id === id)) logger.info({ other: instance }, 'Another instance shares the state');
    }
    for (const { id, instance, state } of before) {
      if (this.#known.some((member) => member.id === id)) continue;
      if (state === 'draining') logger.info({ other: instance }, 'An instance that was being stopped is gone');
      else logger.warn({ other: instance }, 'An instance gives no sign of life: its calls come over when they are asked for, or soon');
    }
  }
}
