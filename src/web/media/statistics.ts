import type { QualitySample } from '../model/quality.js';

/** The fields that we read of WebRTC's statistics (W3C webrtc-stats). */
interface StatisticsEntry {
  readonly type: string;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly freezeCount?: number;
  readonly fractionLost?: number;
  readonly nominated?: boolean;
  readonly currentRoundTripTime?: number;
}

type Report = Iterable<readonly [string, unknown]>;

/** Sums up what the statistics of our transports tell. */
export function sampleOf(reports: readonly Report[]): QualitySample {
  const sum = { received: 0, lost: 0, freezes: 0 };
  let roundTrip: number | undefined;
  let outboundLoss: number | undefined;
  for (const report of reports) {
    for (const [, value] of report) {
      const entry = value as StatisticsEntry;
      if (entry.type === 'inbound-rtp') {
        sum.received += entry.packetsReceived ?? 0;
        sum.lost += Math.max(0, entry.packetsLost ?? 0);
        sum.freezes += entry.freezeCount ?? 0;
      } else if (entry.type === 'remote-inbound-rtp' && entry.fractionLost !== undefined) {
        outboundLoss = Math.max(outboundLoss ?? 0, entry.fractionLost);
      } else if (entry.type === 'candidate-pair' && entry.nominated && entry.currentRoundTripTime !== undefined) {
        roundTrip = Math.max(roundTrip ?? 0, entry.currentRoundTripTime);
      }
    }
  }
  return { ...sum, roundTrip, outboundLoss };
}
