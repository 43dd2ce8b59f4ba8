import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call } from '../../src/gatekeeper/calls/call.js';
import type { Plan } from '../../src/gatekeeper/plan/plan.js';
import { licenceUse } from '../../src/monitoring/licence-use.js';
import { Metrics } from '../../src/monitoring/metrics.js';
import { TallyFamily } from '../../src/monitoring/tallies.js';
import { attempt, openCall, recordOf } from '../support/calls.js';

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics('1.2.3');
});
afterEach(() => metrics.close());

/** Sample lines as name{labels} to value. */
async function samples(): Promise<Map<string, number>> {
  const { text } = await metrics.scrape();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('Metrics', () => {
  it('counts SIP requests, and unknown methods together', async () => {
    metrics.sipRequest('INVITE');
    metrics.sipRequest('x'.repeat(1000));
    metrics.sipRequest('FOO');
    const found = await samples();
    expect(found.get('portvakt_sip_requests_total{method="INVITE"}')).toBe(1);
    expect(found.get('portvakt_sip_requests_total{method="other"}')).toBe(2);
  });

  it('follows calls', async () => {
    const call = { id: 'c1', attempt } as Call;
    metrics.began(call);
    metrics.answered(call, 4200);
    metrics.recorded(recordOf(openCall('c1')));
    metrics.recorded(recordOf(openCall('c2'), { reason: 'mediaNotEncrypted', answer: null, durationSeconds: 0 }));
    metrics.recorded(recordOf(openCall('c3'), { cipher: 'none', durationSeconds: 0.5 }));
    const found = await samples();
    expect(found.get('portvakt_call_attempts_total{organisation="region-norr",protocol="sip"}')).toBe(1);
    expect(found.get('portvakt_calls_ended_total{organisation="region-norr",protocol="sip",reason="completed"}')).toBe(2);
    expect(found.get('portvakt_calls_ended_total{organisation="region-norr",protocol="sip",reason="media_not_encrypted"}')).toBe(1);
    expect(found.get('portvakt_calls_received_total{organisation="region-syd",protocol="sip"}')).toBe(2);
    expect(found.get('portvakt_call_talk_seconds_total{organisation="region-syd",direction="in"}')).toBe(60.5);
    expect(found.get('portvakt_calls_unencrypted_total{zone="norr"}')).toBe(1);
    expect(found.get('portvakt_calls_unencrypted_total{zone="syd"}')).toBe(1);
    expect(found.get('portvakt_call_setup_seconds_bucket{le="4"}')).toBe(0);
    expect(found.get('portvakt_call_setup_seconds_bucket{le="8"}')).toBe(1);
    expect(found.get('portvakt_call_setup_seconds_bucket{le="+Inf"}')).toBe(1);
    expect(found.get('portvakt_call_setup_seconds_sum')).toBe(4.2);
    expect(found.get('portvakt_call_duration_seconds_count')).toBe(2);
  });

  it('reads gauges at scrape', async () => {
    let active = 3;
    let peers = [{ zone: 'v', peer: 'v/127.0.0.1:5071;udp', up: true }];
    metrics.observe({ activeCalls: () => active });
    metrics.observe({
      peers: () => peers,
      records: () => ({ pending: 1, written: 10, lost: 0, degraded: true }),
      connections: () => [{ direction: 'in', open: 4 }],
      messages: () => [{ transport: 'udp', direction: 'in', count: 2 }],
      transactions: () => ({ client: 1, server: 2 }),
      plan: () => ({ revision: 'abc' }),
    });
    let found = await samples();
    expect(found.get('portvakt_calls_active')).toBe(3);
    expect(found.get('portvakt_peer_up{zone="v",peer="v/127.0.0.1:5071;udp"}')).toBe(1);
    expect(found.get('portvakt_call_records_written_total')).toBe(10);
    expect(found.get('portvakt_call_records_degraded')).toBe(1);
    expect(found.get('portvakt_sip_connections{direction="in"}')).toBe(4);
    expect(found.get('portvakt_sip_messages_total{transport="udp",direction="in"}')).toBe(2);
    expect(found.get('portvakt_sip_transactions{side="server"}')).toBe(2);
    expect(found.get('portvakt_plan_info{revision="abc"}')).toBe(1);
    active = 0;
    peers = [];
    found = await samples();
    expect(found.get('portvakt_calls_active')).toBe(0);
    expect([...found.keys()].filter((name) => name.startsWith('portvakt_peer_up'))).toEqual([]);
  });

  it('shows licences in use against their limits', async () => {
    const organisation = { id: 'region-norr', licences: { calls: 10, registrations: 100 } };
    const plan = {
      licences: { calls: 50, registrations: 500, meetingPorts: 40 },
      organisations: new Map([['region-norr', organisation]]),
    } as unknown as Plan;
    const store = {
      licences: { callsInUse: (id?: string) => (id === undefined ? 7 : 3), portsInUse: (id?: string) => (id === undefined ? 9 : 4) },
      registrations: { count: (id?: string) => (id === undefined ? 70 : 30) },
    };
    metrics.observe({ licences: () => licenceUse(plan, store) });
    const found = await samples();
    expect(found.get('portvakt_service_licences_used{licence="calls"}')).toBe(7);
    expect(found.get('portvakt_service_licences_limit{licence="registrations"}')).toBe(500);
    expect(found.get('portvakt_licences_used{organisation="region-norr",licence="registrations"}')).toBe(30);
    expect(found.get('portvakt_licences_limit{organisation="region-norr",licence="calls"}')).toBe(10);
    expect(found.get('portvakt_service_licences_limit{licence="meetingPorts"}')).toBe(40);
    expect(found.get('portvakt_licences_used{organisation="region-norr",licence="meetingPorts"}')).toBe(4);
    // Without a limit there is none to show.
    expect(found.has('portvakt_licences_limit{organisation="region-norr",licence="meetingPorts"}')).toBe(false);
  });

  it('shows the process and its event loop', async () => {
    const found = await samples();
    expect(found.get(`portvakt_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
    expect(found.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    expect(found.get('process_open_fds')).toBeGreaterThan(3);
    expect(Math.abs((found.get('process_start_time_seconds') ?? 0) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(5);
    expect(found.has('portvakt_event_loop_delay_seconds{quantile="0.99"}')).toBe(true);
  });

  it('gives every metric a help text and the type its name promises', async () => {
    const { text, contentType } = await metrics.scrape();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({ name, type }));
    expect(names.length).toBeGreaterThan(25);
    for (const { name, type } of names) {
      expect(name).toMatch(/^(portvakt|process)_[a-z0-9_]+$/);
      expect(type === 'counter', name).toBe(name.endsWith('_total'));
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.+$`, 'm'));
    }
  });
});

describe('TallyFamily', () => {
  it('counts label sets beyond its bound together', async () => {
    const registry = new Registry();
    const family = new TallyFamily(registry, { name: 'many_total', help: 'Many', labels: ['a', 'b'] });
    for (let i = 0; i < 2500; i += 1) family.of(String(i), 'x').add();
    family.of('1', 'x').add();
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('many_total'));
    expect(lines).toHaveLength(2001);
    expect(lines).toContain('many_total{a="other",b="other"} 500');
    expect(lines).toContain('many_total{a="1",b="x"} 2');
  });

  it('is there from the start without labels', async () => {
    const registry = new Registry();
    new TallyFamily(registry, { name: 'plain_total', help: 'Plain', labels: [] });
    expect(await registry.metrics()).toContain('plain_total 0');
  });
});
