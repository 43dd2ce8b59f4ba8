import type { Consumer, ConsumerStat, MediaKind, Producer, ProducerStat } from 'mediasoup/types';
import type { ParticipantId, QualityReport } from './media.js';

/** A page may receive a hundred streams: so many of each kind are looked at. */
const looked = 4;

/** What one participant's streams were like lately, by direction and kind. */
export async function qualityOf(
  participant: ParticipantId,
  producers: Iterable<Producer>,
  consumers: Iterable<Consumer>,
  freezes: number | undefined,
): Promise<QualityReport[]> {
  const reports: QualityReport[] = [];
  for (const kind of ['audio', 'video'] as const) {
    const sent = some(producers, kind);
    const received = some(consumers, kind);
    const incoming = (await Promise.all(sent.map(statsOf))).flat();
    // A consumer's statistics are those of what it sends, and of the producer behind it.
    const outgoing = (await Promise.all(received.map(statsOf))).flat().filter(({ type }) => type === 'outbound-rtp');
    if (incoming.length > 0) reports.push(report(participant, 'in', kind, incoming, undefined));
    if (outgoing.length > 0) reports.push(report(participant, 'out', kind, outgoing, kind === 'video' ? freezes : undefined));
  }
  return reports;
}

function some<Flow extends Producer | Consumer>(flows: Iterable<Flow>, kind: MediaKind): Flow[] {
  const found: Flow[] = [];
  for (const flow of flows) {
    if (flow.kind === kind && !flow.closed && !flow.paused) found.push(flow);
    if (found.length === looked) break;
  }
  return found;
}

async function statsOf(flow: Producer | Consumer): Promise<(ProducerStat | ConsumerStat)[]> {
  try {
    return await flow.getStats();
  } catch {
    return []; // It closed while it was asked.
  }
}

function report(
  participant: ParticipantId,
  direction: 'in' | 'out',
  kind: MediaKind,
  stats: readonly (ProducerStat | ConsumerStat)[],
  freezes: number | undefined,
): QualityReport {
  const jitters = stats.flatMap((stat) =>
    'jitter' in stat && typeof stat.jitter === 'number' ? [stat.jitter / ticksPerMs(stat.mimeType)] : [],
  );
  const rtts = stats.flatMap(({ roundTripTime }) => (roundTripTime === undefined || roundTripTime === 0 ? [] : [roundTripTime]));
  return {
    participant,
    direction,
    kind,
    // In 1/256, as receiver reports carry it (RFC 3550 §6.4.1).
    loss: mean(stats.map(({ fractionLost }) => fractionLost / 256)),
    jitterMs: mean(jitters),
    rttMs: mean(rtts),
    bitrate: stats.reduce((sum, { bitrate }) => sum + bitrate, 0),
    freezes,
  };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of the RTP clock. That of G.722 is 8 kHz, too: RFC 3551 §4.5.2. */
function ticksPerMs(mimeType: string): number {
  if (mimeType.startsWith('video/')) return 90;
  return mimeType.toLowerCase() === 'audio/opus' ? 48 : 8;
}
