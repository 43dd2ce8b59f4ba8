import { expect, it, onTestFinished } from 'vitest';
import type { QualityReport } from '../../src/bridge/media/media.js';
import { BridgeReports } from '../../src/monitoring/bridge-reports.js';
import { openLog } from '../../src/monitoring/log.js';
import { Metrics } from '../../src/monitoring/metrics.js';

it('counts meetings by organisation and kind, quality among it, and names nobody', async () => {
  const metrics = new Metrics('1');
  onTestFinished(() => metrics.close());
  let logged = '';
  const { logger } = openLog({ level: 'debug', instance: 'test-1', destination: { write: (line) => (logged += line) } });
  const reports = new BridgeReports(metrics, logger);
  const meeting = { id: '4690010001', kind: 'permanent', title: 'Anna Andersson', organisation: 'norr', hostPin: '246813' };
  const definition = meeting as unknown as Parameters<typeof reports.meetings.began>[0];
  metrics.meetings.observe({
    meetings: () => [
      {
        occupants: [
          { organisation: 'norr', kind: 'browser' },
          { organisation: 'norr', kind: 'browser' },
          { organisation: undefined, kind: 'room' },
        ],
      },
    ],
    workers: () => [{ legs: 2 }, { legs: 1 }],
    restarts: () => 1,
    connections: () => 2,
  });
  reports.meetings.began(definition);
  reports.meetings.joined(definition, 'browser', 'p1', 'norr');
  reports.meetings.left(definition, 'browser', 'p1', 'left');
  reports.meetings.refused('4690010001', 'browser', 'pinLockedOut');
  reports.meetings.mediaLost(definition, 3);
  reports.meetings.ended(definition);
  reports.web.refused('rate');
  const report: QualityReport = {
    participant: 'p1',
    direction: 'in',
    kind: 'video',
    loss: 0.015,
    jitterMs: 4,
    rttMs: 20,
    bitrate: 1_500_000,
    freezes: 2,
  };
  reports.meetings.quality('norr', report);
  reports.meetings.quality(undefined, { ...report, loss: undefined, jitterMs: undefined, rttMs: undefined, freezes: undefined });
  const { text } = await metrics.scrape();
  for (const line of [
    'portvakt_meetings 1',
    'portvakt_meeting_participants{organisation="norr",kind="browser"} 2',
    'portvakt_meeting_participants{organisation="none",kind="room"} 1',
    'portvakt_media_workers 2',
    'portvakt_media_legs 3',
    'portvakt_media_worker_restarts_total 1',
    'portvakt_meeting_web_connections 2',
    'portvakt_meeting_joins_total{organisation="norr",kind="browser"} 1',
    'portvakt_meeting_leaves_total{kind="browser",reason="left"} 1',
    'portvakt_meeting_joins_refused_total{kind="browser",reason="pin_locked_out"} 1',
    'portvakt_meeting_media_lost_total 3',
    'portvakt_meeting_web_refused_total{reason="rate"} 1',
    'portvakt_meeting_quality_loss_bucket{le="0.01",organisation="norr",direction="in",kind="video"} 0',
    'portvakt_meeting_quality_loss_bucket{le="0.02",organisation="norr",direction="in",kind="video"} 1',
    'portvakt_meeting_quality_jitter_seconds_sum{organisation="norr",direction="in",kind="video"} 0.004',
    'portvakt_meeting_quality_bitrate_count{organisation="none",direction="in",kind="video"} 1',
    'portvakt_meeting_quality_freezes_total{organisation="norr",direction="in",kind="video"} 2',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(`${text}${logged}`).not.toMatch(/Anna|246813/);
  expect(logged).toContain('A meeting began');
});
