import type { ClearToken } from '../../gatekeeper/h323/asn1/h235.js';
import { dhGroupOf } from '../../gatekeeper/h323/h235/dh-groups.js';
import { agreedHalfKey, type DhGroupName, encryptionTokens, KeyAgreement } from '../../gatekeeper/h323/h235/key-agreement.js';
import type { MediaAlgorithm } from './h245/session-key.js';

/** What a caller offers for each cipher: a secret has to be worth the key that travels under it. The best first. */
const groups: Readonly<Record<MediaAlgorithm, readonly DhGroupName[]>> = { aes128: ['DH-1024'], aes256: ['DH-2048', 'DH-1024'] };
const answered: readonly DhGroupName[] = ['DH-2048', 'DH-1536', 'DH-1024'];

/** A caller's half of a key agreement (H.235.6 §8). */
export interface KeyOffer {
  readonly tokens: readonly ClearToken[];
  /** The shared secret; undefined: the answer has none of the groups that were offered, or no usable half key. */
  agree(answer: readonly ClearToken[]): Buffer | undefined;
}

export function offerKeys(algorithm: MediaAlgorithm): KeyOffer {
  const ours = groups[algorithm].map((name) => new KeyAgreement(name));
  return {
    tokens: encryptionTokens(ours),
    agree: (answer) => {
      const agreed = agreedHalfKey(ours, answer);
      return agreed && secretOf(agreed.agreement, agreed.peer);
    },
  };
}

/** The called side's half: the best group that was offered and that we know. */
export function answerKeys(
  offered: readonly ClearToken[],
): { readonly tokens: readonly ClearToken[]; readonly secret: Buffer } | undefined {
  for (const name of answered) {
    const peer = offered.find(({ tokenOID, dhkey }) => dhkey && dhGroupOf(tokenOID)?.name === name);
    if (!peer) continue;
    const agreement = new KeyAgreement(name);
    const secret = secretOf(agreement, peer);
    if (secret) return { tokens: encryptionTokens([agreement]), secret };
  }
  return undefined;
}

/** A half key of 0, 1 or beyond the prime makes no secret. */
function secretOf(agreement: KeyAgreement, peer: ClearToken): Buffer | undefined {
  try {
    return agreement.secretWith(peer);
  } catch {
    return undefined;
  }
}
