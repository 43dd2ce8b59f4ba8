import type { Clock } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { StateStore } from '../../state/store.js';
import { type Comer, wantsPin } from './admission.js';
import { LinkKeys } from './link-keys.js';
import type { Arrival, JoinRefusal, MeetingDefinition } from './meeting.js';
import { PinGuard, type PinVerdict } from './pin.js';

/** `keypad`: his PIN is still to come. */
export type Identified = { readonly ok: true; readonly comer: Comer; readonly keypad: boolean };

/** Who is it, by link, PIN or call? */
export class Doorkeeper {
  readonly links: LinkKeys;
  readonly #pins: PinGuard;
  readonly #clock: Clock;

  constructor(store: Pick<StateStore, 'meetings' | 'secret'>, clock: Clock) {
    this.links = new LinkKeys(() => store.secret);
    this.#pins = new PinGuard(store.meetings);
    this.#clock = clock;
  }

  /** @param hasExpelled whether somebody from a place was put out of the meeting */
  async identify(
    definition: MeetingDefinition,
    arrival: Arrival,
    hasExpelled: (source: string) => boolean,
  ): Promise<Identified | JoinRefusal> {
    const who = await this.#identify(definition, arrival);
    return who.ok && hasExpelled(sourceOf(arrival)) ? { ...who, comer: { ...who.comer, expelled: true } } : who;
  }

  /** Whose PIN is this? Answers when it may be answered. */
  async judge(definition: MeetingDefinition, source: string, pin: string): Promise<PinVerdict> {
    const verdict = await this.#pins.judge(definition, source, pin, this.#clock.now());
    if (verdict.heldBackMs > 0) {
      await new Promise<void>((resolve) => this.#clock.after(verdict.heldBackMs, resolve));
      this.#pins.answered(definition.id);
    }
    return verdict;
  }

  async #identify(definition: MeetingDefinition, arrival: Arrival): Promise<Identified | JoinRefusal> {
    if (arrival.kind === 'room') {
      const { organisation, invited } = arrival;
      const comer = { kind: 'room', role: 'guest', organisation, invited } as const;
      return { ok: true, comer, keypad: !invited && wantsPin(definition) };
    }
    const { key, pin, source } = arrival;
    const comer = { kind: 'browser', role: 'guest', organisation: undefined, invited: false } as const;
    const link = key === undefined ? undefined : this.links.read(definition, key, this.#clock.now());
    if (link?.ok) return { ok: true, comer: { ...comer, role: link.role }, keypad: false };
    if (pin === undefined) {
      return wantsPin(definition) ? { ok: false, refusal: 'pinWrong', pinNeeded: true } : { ok: true, comer, keypad: false };
    }
    const verdict = await this.judge(definition, source, pin);
    if (verdict.ok) return { ok: true, comer: { ...comer, role: verdict.role }, keypad: false };
    return { ok: false, refusal: refusalOf(verdict), retryMs: verdict.retryMs };
  }
}

/** Where somebody comes from, for counting wrong PINs and knowing who was put out: an address, or a zone and alias. */
export function sourceOf(arrival: Arrival): string {
  return arrival.kind === 'room' ? `${arrival.zone}/${arrival.alias}` : arrival.source;
}

export function refusalOf({ why }: Extract<PinVerdict, { ok: false }>): RefusalCode {
  return why === 'wrong' ? 'pinWrong' : 'pinLockedOut';
}
