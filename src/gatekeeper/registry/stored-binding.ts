import type { EpochMs } from '../../clock.js';
import { keepOrOwn, ownedString } from './owned-string.js';
import type { Binding, ContactChange, RegistrationChange } from './registration.js';

/** Most bindings have no Path: they share one list. */
const NO_PATH: readonly string[] = Object.freeze([]);

/**
 * The binding made last: the next one is often another alias of the same device, or says the same of its flow. Sharing such strings spares
 * some 60 bytes for each H.323 endpoint.
 */
let latest: StoredBinding | undefined;

/** A binding as the registry keeps it: with the key its contact is compared by, and with strings of its own. */
export class StoredBinding implements Binding {
  readonly contact: string;
  readonly expiresAt: EpochMs;
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  readonly instance: string;
  readonly regId: number;
  readonly path: readonly string[];
  readonly flow: string;
  // Private, so that it neither shows in JSON nor in comparisons: it is no part of the binding, only of how it is found.
  readonly #key: string;

  /** `replaced`: the binding that this one takes the place of, if any; strings that it has already are not copied again. */
  constructor(
    change: Pick<RegistrationChange, 'callId' | 'cseq'>,
    contact: ContactChange,
    now: EpochMs,
    replaced: StoredBinding | undefined,
  ) {
    this.contact = keepOrOwn(replaced?.contact, latest?.contact, contact.contact);
    this.expiresAt = now + contact.expires * 1000;
    this.q = contact.q;
    this.callId = keepOrOwn(replaced?.callId, latest?.callId, change.callId);
    this.cseq = change.cseq;
    this.instance = contact.instance === '' ? '' : keepOrOwn(replaced?.instance, latest?.instance, contact.instance);
    this.regId = contact.regId;
    this.path = contact.path.length === 0 ? NO_PATH : contact.path.map(ownedString);
    this.flow = keepOrOwn(replaced?.flow, latest?.flow, contact.flow);
    // The edge often makes the key from a plain contact by changing nothing: then one string serves for both.
    this.#key =
      contact.key === this.contact
        ? this.contact
        : keepOrOwn(replaced ? replaced.#key : undefined, latest ? latest.#key : undefined, contact.key);
    latest = this;
  }

  /** What the contact is compared by: `ContactChange.key`. */
  get key(): string {
    return this.#key;
  }

  /**
   * Does `contact` speak of this binding? With instance and reg-id it is the pair that counts, whatever the contact says (RFC 5626 §6);
   * without, it is the contact (RFC 3261 §10.3). A contact that is registered plainly and later with a reg-id is still one contact.
   */
  isNamedBy(contact: ContactChange): boolean {
    if (contact.regId > 0 && contact.instance !== '' && this.regId > 0) {
      return this.regId === contact.regId && this.instance === contact.instance;
    }
    return this.#key === contact.key;
  }

  /**
   * RFC 3261 §10.3: within one Call-ID the CSeq must rise, or the request is older than what it would change. Without a Call-ID nothing
   * is: an RRQ has a sequence number for its repetitions only (H.225.0 §7.4), and those are told before they get here.
   */
  isNewerThan(change: RegistrationChange): boolean {
    return this.callId !== '' && this.callId === change.callId && this.cseq >= change.cseq;
  }
}
