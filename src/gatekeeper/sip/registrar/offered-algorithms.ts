/** Names of challenges (RFC 8760 §2.1). */
export type OfferedAlgorithm = 'SHA-256' | 'MD5';

/**
 * Clients that give up the whole log-on at a challenge they don't know, where RFC 8760 §2.4 wants it passed over: libre before 2.4, in
 * which baresip 1 and 2 live (Debian 12 ships 1.0).
 */
const onlyMd5 = /^baresip v[0-2]\./;

/**
 * Which of the allowed algorithms to challenge a client with, and in which order. The best first, as RFC 8760 §2.4 has it, but for clients
 * that could not log on so:
 * - those above get MD5 alone;
 * - one that does not even say what it is (SIPp and other test tools) gets MD5 first: it reads only the first challenge.
 *
 * Nothing is given away: the client decides what it answers with, and an attacker on the path could take SHA-256 out either way.
 */
export function algorithmsFor(allowed: readonly OfferedAlgorithm[], userAgent: string | undefined): readonly OfferedAlgorithm[] {
  if (allowed.length < 2 || !allowed.includes('MD5')) return allowed;
  if (userAgent === undefined) return md5First(allowed);
  return onlyMd5.test(userAgent) ? ['MD5'] : allowed;
}

function md5First(allowed: readonly OfferedAlgorithm[]): readonly OfferedAlgorithm[] {
  return ['MD5', ...allowed.filter((algorithm) => algorithm !== 'MD5')];
}
