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
  const offers = halfKeys(tokens);
  return judge(offers, pick(offers, 'strongest'), 'Setup', 'offers', endpoint);
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
  // Which of several answers is used, the caller decides and does not say: the worst of them counts.
  return judge(matching, pick(matching, 'weakest'), 'Connect', 'answers', endpoint);
}

function halfKeys(tokens: readonly ClearToken[] | undefined): OfferedHalfKey[] {
  const found: OfferedHalfKey[] = [];
  for (const token of tokens ?? []) {
    const half = halfKeyIn(token);
    if (half) found.push(half);
  }
  return found;
}

/** The first of those with the most bits, or the fewest; an unusable one has none. */
function pick(found: readonly OfferedHalfKey[], which: 'strongest' | 'weakest'): OfferedHalfKey | undefined {
  const strength = ({ usable, bits }: OfferedHalfKey) => (usable ? bits : -1) * (which === 'strongest' ? 1 : -1);
  let best: OfferedHalfKey | undefined;
  for (const half of found) if (!best || strength(half) > strength(best)) best = half;
  return best;
}

function judge(
  found: readonly OfferedHalfKey[],
  best: OfferedHalfKey | undefined,
  message: string,
  verb: string,
  endpoint: string,
): MediaKeyVerdict {
  if (found.length === 0) {
    return refuse(`${message} carries no H.235 key agreement: switch on encryption (AES-128 or better) on ${endpoint}`);
  }
  if (!best?.usable) return refuse(`${message} ${verb} an H.235 key agreement without a usable half key: restart or update ${endpoint}`);
  if (best.bits < LEAST_BITS) {
    const size = best.bits === 0 ? 'without saying its prime' : `of ${best.bits} bits`;
    return refuse(
      `${message} ${verb} an H.235 key agreement ${size}, and AES-128 needs ${LEAST_BITS}: switch on AES, not DES, on ${endpoint}`,
    );
  }
  return { ok: true, group: best.group.name, bits: best.bits, cipher: best.bits >= 2048 ? 'AES-256' : 'AES-128' };
}

const refuse = (sentence: string): MediaKeyVerdict => ({ ok: false, sentence });
