import type { ClearToken } from '../asn1/h235.js';
import { type DhGroup, halfKeyIn, type OfferedHalfKey } from './dh-groups.js';

/*
 * Will this call have keys for its media? (H.235.6) Setup offers half keys in its clear tokens, Connect answers one of them; who reads
 * both without a private key learns nothing. The cipher itself is settled later, in H.245 (`media-channels.ts`).
 */

/** Of the prime: H.235.6 pairs AES-128 with 1024 bits; the 512 of the exportable ciphers can be computed by anybody. */
const LEAST_BITS = 1024;

export type MediaKeyVerdict =
  | {
      readonly ok: true;
      /** `DH-1024` */
      readonly group: string;
      /** Of the prime. */
      readonly bits: number;
      /** What endpoints pair a group of this size with. */
      readonly cipher: 'AES-128' | 'AES-256';
    }
  | {
      readonly ok: false;
      /** For the person who has to switch something on. */
      readonly sentence: string;
    };

/**
 * Does Setup offer a key agreement for AES-128 or better?
 * @param endpoint who sent it, as the log names it
 */
export function offersEncryption(tokens: readonly ClearToken[] | undefined, endpoint: string): MediaKeyVerdict {
  return judge(halfKeys(tokens), 'Setup', 'offers', endpoint);
}

/**
 * Does Connect answer what Setup offered, with AES-128 or better? The answer may also come in an earlier message (CallProceeding,
 * Alerting): give its tokens then.
 * @param endpoint who sent the answer, as the log names it
 */
export function answersEncryption(
  offered: readonly ClearToken[] | undefined,
  answered: readonly ClearToken[] | undefined,
  endpoint: string,
): MediaKeyVerdict {
  const offers = new Map<DhGroup, OfferedHalfKey>();
  for (const half of halfKeys(offered)) if (half.usable) offers.set(half.group, half);
  const answers = halfKeys(answered);
  const matching: OfferedHalfKey[] = [];
  for (const answer of answers) {
    const offer = offers.get(answer.group);
    // The prime is the offer's; an answer that spells another one is judged by the smaller.
    if (offer) matching.push({ ...answer, bits: answer.bits === 0 ? offer.bits : Math.min(offer.bits, answer.bits) });
  }
  if (answers.length > 0 && matching.length === 0) {
    const names = answers.map(({ group }) => group.name).join(', ');
    return refuse(`Connect answers a key agreement that Setup did not offer (${names}): restart or update ${endpoint}`);
  }
  return judge(matching, 'Connect', 'answers', endpoint);
}

function halfKeys(tokens: readonly ClearToken[] | undefined): OfferedHalfKey[] {
  const found: OfferedHalfKey[] = [];
  for (const token of tokens ?? []) {
    const half = halfKeyIn(token);
    if (half) found.push(half);
  }
  return found;
}

function judge(found: readonly OfferedHalfKey[], message: string, verb: string, endpoint: string): MediaKeyVerdict {
  let best: OfferedHalfKey | undefined;
  for (const half of found) if (half.usable && (!best || half.bits > best.bits)) best = half;
  if (found.length === 0) {
    return refuse(`${message} carries no H.235 key agreement: switch on encryption (AES-128 or better) on ${endpoint}`);
  }
  if (!best) return refuse(`${message} ${verb} an H.235 key agreement without a usable half key: restart or update ${endpoint}`);
  if (best.bits < LEAST_BITS) {
    const size = best.bits === 0 ? 'without saying its prime' : `of ${best.bits} bits`;
    return refuse(
      `${message} ${verb} an H.235 key agreement ${size}, and AES-128 needs ${LEAST_BITS}: switch on AES, not DES, on ${endpoint}`,
    );
  }
  return { ok: true, group: best.group.name, bits: best.bits, cipher: best.bits >= 2048 ? 'AES-256' : 'AES-128' };
}

const refuse = (sentence: string): MediaKeyVerdict => ({ ok: false, sentence });
