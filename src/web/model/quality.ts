export type Quality = 'good' | 'fair' | 'poor';

/** What one look at the browser's statistics told: counters since the beginning, and what is true now. */
export interface QualitySample {
  readonly received: number;
  readonly lost: number;
  readonly freezes: number;
  /** Seconds to the service and back; undefined: not known yet. */
  readonly roundTrip: number | undefined;
  /** 0 to 1, as the service tells of what we send. */
  readonly outboundLoss: number | undefined;
}

export interface QualityVerdict {
  readonly quality: Quality;
  /** Since the sample before. */
  readonly freezes: number;
}

/**
 * How good the connection was between two samples. The limits are those that a person notices: sound with concealment is fine to some 2 % of
 * loss and breaks up from 8 %; a conversation begins to collide from 300 ms round trip (ITU-T G.114 speaks of 150 ms each way).
 */
export function judge(before: QualitySample | undefined, now: QualitySample): QualityVerdict {
  const since = (counter: 'received' | 'lost' | 'freezes') => Math.max(0, now[counter] - (before?.[counter] ?? 0));
  const lost = since('lost');
  const all = lost + since('received');
  const loss = Math.max(all === 0 ? 0 : lost / all, now.outboundLoss ?? 0);
  const roundTrip = now.roundTrip ?? 0;
  const freezes = since('freezes');
  if (loss > 0.08 || roundTrip > 0.6) return { quality: 'poor', freezes };
  if (loss > 0.02 || roundTrip > 0.3 || freezes > 0) return { quality: 'fair', freezes };
  return { quality: 'good', freezes };
}
