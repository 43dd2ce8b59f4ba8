import type { Zone } from '../../plan/plan.js';
import type { H323UserInformation, SetupUUIE } from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import {
  type H245Pdu,
  type MultimediaSystemControlMessage,
  mayOpenChannel,
  type OpenLogicalChannel,
  openLogicalChannel,
  readAllH245,
} from '../asn1/h245.js';
import { PerError } from '../asn1/per/per-error.js';
import { type ChannelSecurity, channelSecurity } from '../h235/media-channels.js';
import { answersEncryption, offersEncryption } from '../h235/media-keys.js';
import { fastStartOf } from './hop-by-hop.js';

/**
 * Why a Setup may not come from, or go to, this zone as it is: a sentence that says what to switch on. Undefined: it may. Where encryption is
 * required a Setup offers a key agreement for AES-128 or better (H.235.6). `caller`: as the log names it.
 */
export function mediaDemand(zone: Zone, setup: SetupUUIE, caller: string): string | undefined {
  if (zone.encryption !== 'required') return undefined;
  const offer = offersEncryption(setup.tokens, caller);
  return offer.ok ? undefined : offer.sentence;
}

/**
 * Is the media of this call encrypted well enough? Watches what both sides say of it: the key agreement in their tokens, the channels of fast
 * start, and those opened by H.245, as far as it comes through us. The keys themselves pass from end to end.
 */
export class MediaPolicy {
  readonly #offered: readonly ClearToken[] | undefined;
  readonly #callerRequires: boolean;
  #required: boolean;
  #agreed: string | undefined;
  /** Of the first channel in clear, which makes the call `none`: what to switch on. */
  #clear: string | undefined;

  constructor(callerZone: Zone, setup: SetupUUIE) {
    this.#callerRequires = callerZone.encryption === 'required';
    this.#required = this.#callerRequires;
    this.#offered = setup.tokens;
  }

  /** The call goes to this zone now, whose demand counts as well. */
  goesTo(zone: Zone): void {
    this.#required = this.#callerRequires || zone.encryption === 'required';
  }

  /** Whether media in clear ends the call, as far as its way is known. */
  get required(): boolean {
    return this.#required;
  }

  /** For the record: `AES-128-CBC` and its like, or `none`. */
  get cipher(): string {
    return this.#clear !== undefined || this.#agreed === undefined ? 'none' : this.#agreed;
  }

  /** What the called side (`callee`, as the log names it) answered by its Connect. A sentence: the call may not stand. */
  answered(tokens: readonly ClearToken[] | undefined, callee: string): string | undefined {
    const answer = answersEncryption(this.#offered, tokens, callee);
    if (answer.ok) this.#agreed ??= answer.cipher;
    if (!this.#required) return undefined;
    return answer.ok ? this.#clear : answer.sentence;
  }

  /** All that a message of `party` says of media: channels of fast start, and the H.245 that it carries. */
  message(uuie: H323UserInformation | undefined, party: string): string | undefined {
    const pdu = uuie?.['h323-uu-pdu'];
    if (!pdu) return undefined;
    const body = pdu['h323-message-body'];
    // A Setup's are offers, of which the called side chooses.
    const chosen = body.type === 'setup' ? undefined : fastStartOf(body);
    const unfit = chosen && this.fastStart(chosen, party);
    if (unfit !== undefined) return unfit;
    // H.323 §8.2.4: H.245 that goes along with fast start.
    const parallel = body.type === 'setup' ? body.value.parallelH245Control : undefined;
    for (const bytes of [...(pdu.h245Control ?? []), ...(parallel ?? [])]) {
      const sentence = this.h245(bytes, party);
      if (sentence !== undefined) return sentence;
    }
    return undefined;
  }

  /** The channels that the called side chose from the fast start offers, or that either side (`party`) proposes anew. */
  fastStart(elements: readonly Uint8Array[], party: string): string | undefined {
    for (const element of elements) {
      const channel = readFastStart(element);
      const sentence = channel ? this.#judge(channelSecurity(channel), party) : this.#inClear(`${party} sent a fast start ${UNREADABLE}`);
      if (sentence !== undefined) return sentence;
    }
    return undefined;
  }

  /** H.245 of `party`, tunnelled or on a connection of its own. What cannot be read counts as media in clear, if it may open a channel. */
  h245(bytes: Uint8Array, party: string): string | undefined {
    for (const pdu of readAllH245(bytes)) {
      const sentence = pdu.message ? this.#opened(pdu.message, party) : this.#unreadable(pdu, party);
      if (sentence !== undefined) return sentence;
    }
    return undefined;
  }

  #opened(message: MultimediaSystemControlMessage, party: string): string | undefined {
    if (message.type !== 'request' || message.value.type !== 'openLogicalChannel') return undefined;
    return this.#judge(channelSecurity(message.value.value), party);
  }

  #unreadable(pdu: H245Pdu, party: string): string | undefined {
    return mayOpenChannel(pdu) ? this.#inClear(`${party} sent an OpenLogicalChannel ${UNREADABLE}`) : undefined;
  }

  #judge({ encrypted, media, algorithm }: ChannelSecurity, party: string): string | undefined {
    if (media === 'data' || media === 'none') return undefined;
    if (encrypted) {
      this.#agreed = algorithm ?? this.#agreed;
      return undefined;
    }
    const how = algorithm === undefined ? 'without encryption' : `with ${algorithm}`;
    const what = media === 'other' ? 'media of a kind that it does not name' : media;
    return this.#inClear(
      `${party} opened a channel for ${what} ${how}: switch on H.235 encryption (AES-128 or better) there, and no fallback to less`,
    );
  }

  #inClear(sentence: string): string | undefined {
    this.#clear ??= sentence;
    return this.#required ? sentence : undefined;
  }
}

const UNREADABLE = 'that cannot be read, so nobody knows whether its media is encrypted: update it';

/** Undefined: it cannot be read. The other party may read it all the same. */
function readFastStart(element: Uint8Array): OpenLogicalChannel | undefined {
  try {
    return openLogicalChannel.decode(element);
  } catch (error) {
    if (error instanceof PerError) return undefined;
    throw error;
  }
}
