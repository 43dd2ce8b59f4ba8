import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { QualityReport } from '../bridge/media/media.js';
import { TallyFamily } from './tallies.js';

/** What the gauges show, read at scrape. */
export interface MeetingSources {
  /** Participants of the meetings held here, those that wait too. */
  readonly meetings: () => Iterable<{
    readonly occupants: Iterable<{ readonly organisation: string | undefined; readonly kind: 'room' | 'browser' }>;
  }>;
  readonly workers: () => readonly { readonly legs: number }[];
  /** Workers that died and were replaced, since the start. */
  readonly restarts: () => number;
  /** Open WebSockets. */
  readonly connections: () => number;
}

const QUALITY_LABELS = ['organisation', 'direction', 'kind'] as const;

/**
 * Numbers of the meeting service. Quality is by organisation, direction (`in`: what participants send) and kind, never by person or meeting.
 * prom-client's own histograms: some observations for each leg every five seconds are not worth more.
 */
export class MeetingMetrics {
  readonly #registry: Registry;
  #sources: MeetingSources | undefined;

  /** kind: `room`, `browser` */
  readonly refused: TallyFamily;
  readonly joined: TallyFamily;
  /** reason: `left`, `expelled`, `ended`, … */
  readonly left: TallyFamily;
  /** Legs whose media went with a worker or node. */
  readonly mediaLost: TallyFamily;
  /** reason: `full`, `origin`, `rate`, `syntax`, `size`, `slow`, … */
  readonly webRefused: TallyFamily;
  readonly #freezes: TallyFamily;
  readonly #loss: Histogram;
  readonly #jitter: Histogram;
  readonly #roundTrip: Histogram;
  readonly #bitrate: Histogram;

  constructor(registry: Registry) {
    this.#registry = registry;
    const tallies = (name: string, help: string, ...labels: string[]) => new TallyFamily(registry, { name, help, labels });
    this.refused = tallies(
      'portvakt_meeting_joins_refused_total',
      'Who wanted into a meeting and was refused, by reason',
      'kind',
      'reason',
    );
    this.joined = tallies('portvakt_meeting_joins_total', 'Participants that came, by organisation', 'organisation', 'kind');
    this.left = tallies('portvakt_meeting_leaves_total', 'Participants that went, by reason', 'kind', 'reason');
    this.mediaLost = tallies('portvakt_meeting_media_lost_total', 'Legs whose media went with a worker or a node');
    this.webRefused = tallies('portvakt_meeting_web_refused_total', 'WebSockets refused, or closed by this side, by reason', 'reason');
    this.#freezes = tallies('portvakt_meeting_quality_freezes_total', 'Times that a picture stood still', ...QUALITY_LABELS);
    const quality = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name: `portvakt_meeting_quality_${name}`, help, labelNames: QUALITY_LABELS, buckets, registers: [registry] });
    this.#loss = quality('loss', 'Packets lost, 0 to 1, in five seconds of one leg', [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]);
    this.#jitter = quality('jitter_seconds', 'Jitter (RFC 3550) of one leg', [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2]);
    this.#roundTrip = quality('rtt_seconds', 'Round trip to a participant', [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1]);
    this.#bitrate = quality('bitrate', 'Bits in a second of one leg', [16e3, 32e3, 64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 4e6, 8e6]);
    this.#gauges();
  }

  /** Where gauges get their values from now on. */
  observe(sources: MeetingSources): void {
    this.#sources = sources;
  }

  quality(organisation: string | undefined, { direction, kind, loss, jitterMs, rttMs, bitrate, freezes }: QualityReport): void {
    const labels = { organisation: organisation ?? 'none', direction, kind };
    if (loss !== undefined) this.#loss.observe(labels, loss);
    if (jitterMs !== undefined) this.#jitter.observe(labels, jitterMs / 1000);
    if (rttMs !== undefined) this.#roundTrip.observe(labels, rttMs / 1000);
    this.#bitrate.observe(labels, bitrate);
    if (freezes !== undefined && freezes > 0) this.#freezes.of(labels.organisation, direction, kind).add(freezes);
  }

  #gauges(): void {
    const sources = () => this.#sources;
    const single = (name: string, help: string, value: (from: MeetingSources) => number) =>
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          const from = sources();
          this.set(from ? value(from) : 0);
        },
      });
    single('portvakt_meetings', 'Meetings held by this instance', ({ meetings }) => [...meetings()].length);
    single('portvakt_media_workers', 'Media workers that live', ({ workers }) => workers().length);
    single('portvakt_media_legs', 'Legs on the media workers', ({ workers }) => workers().reduce((sum, { legs }) => sum + legs, 0));
    single('portvakt_meeting_web_connections', 'Open WebSockets of meeting pages', ({ connections }) => connections());
    new Counter({
      name: 'portvakt_media_worker_restarts_total',
      help: 'Media workers that died and were replaced',
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(sources()?.restarts() ?? 0);
      },
    });
    new Gauge({
      name: 'portvakt_meeting_participants',
      help: 'Participants of the meetings held here, by organisation (none: of none that is connected)',
      labelNames: ['organisation', 'kind'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { occupants } of sources()?.meetings() ?? []) {
          for (const { organisation, kind } of occupants) this.inc({ organisation: organisation ?? 'none', kind });
        }
      },
    });
  }
}
