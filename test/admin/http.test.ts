import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Admin, type AdminOptions, type AdminSources, openAdmin } from '../../src/admin/http.js';
import { Metrics } from '../../src/monitoring/metrics.js';
import { openCall, recordOf } from '../support/calls.js';

async function open(changes: Partial<AdminSources> = {}, options: Partial<AdminOptions> = {}): Promise<Admin & { url: string }> {
  const metrics = new Metrics('1.2.3');
  const registrations = ['region-norr', 'region-syd'].map((organisation, i) => ({ alias: `4610${i}0001`, organisation }));
  const sources: AdminSources = {
    problems: () => [],
    listeners: () => ['sip:127.0.0.1:5060;transport=udp'],
    metrics: () => metrics.scrape(),
    calls: (limit) => Array.from({ length: Math.min(limit, 300) }, (_, i) => recordOf(openCall(`c${i}`))),
    registrations: (organisation, limit) =>
      registrations.filter((r) => organisation === undefined || r.organisation === organisation).slice(0, limit),
    hasOrganisation: (id) => id.startsWith('region-'),
    instances: () => [{ instance: 'here', self: true }],
    plan: () => ({ revision: 'abc' }),
    reloadPlan: () => Promise.resolve({ applied: true, revision: 'def', findings: [] }),
    ...changes,
  };
  const admin = await openAdmin({ address: '127.0.0.1', port: 0, version: '1.2.3', instance: 'test-1', ...options }, sources);
  onTestFinished(async () => {
    await admin.close();
    metrics.close();
  });
  return { ...admin, url: `http://127.0.0.1:${admin.port}` };
}

const get = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
};

describe('health', () => {
  it('is alive, and ready when nothing is in the way', async () => {
    const { url } = await open();
    expect((await get(`${url}/healthz`)).json()).toEqual({ status: 'alive', version: '1.2.3', instance: 'test-1' });
    const ready = await get(`${url}/readyz`);
    expect([ready.status, ready.json()]).toEqual([200, { status: 'ready', problems: [] }]);
  });

  it('tells with 503 why it is not ready, and is alive all the same', async () => {
    const { url } = await open({ problems: () => ["Call records can't be written to data/records: ENOSPC"] });
    const ready = await get(`${url}/readyz`);
    expect([ready.status, ready.json().problems]).toEqual([503, ["Call records can't be written to data/records: ENOSPC"]]);
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  it('gives the metrics in the text format', async () => {
    const { url } = await open();
    const { status, headers, text } = await get(`${url}/metrics`);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toContain('portvakt_calls_active 0');
  });
});

describe('the API', () => {
  it('lists calls, as many as asked for within bounds', async () => {
    const { url } = await open();
    expect((await get(`${url}/api/v1/calls`)).json().calls).toHaveLength(100);
    expect((await get(`${url}/api/v1/calls?limit=7`)).json().calls).toHaveLength(7);
    for (const limit of ['0', '1001', '-1', '1e3', 'x', '', '99999999999999999999']) {
      const answer = await get(`${url}/api/v1/calls?limit=${limit}`);
      expect([answer.status, answer.json().detail]).toEqual([400, 'limit must be a whole number from 1 to 1000']);
    }
  });

  it('lists registrations of all organisations or of one', async () => {
    const { url } = await open();
    expect((await get(`${url}/api/v1/registrations`)).json().registrations).toHaveLength(2);
    expect((await get(`${url}/api/v1/registrations?organisation=region-syd`)).json().registrations).toEqual([
      { alias: '461010001', organisation: 'region-syd' },
    ]);
    expect((await get(`${url}/api/v1/registrations?organisation=nobody`)).status).toBe(404);
    expect((await get(`${url}/api/v1/registrations?organisation=a&organisation=region-norr`)).json().registrations).toHaveLength(1);
  });

  it('shows the plan in force and reads it again', async () => {
    const { url } = await open();
    expect((await get(`${url}/api/v1/plan`)).json()).toEqual({ revision: 'abc' });
    const reload = await get(`${url}/api/v1/plan/reload`, { method: 'POST' });
    expect([reload.status, reload.json()]).toEqual([200, { applied: true, revision: 'def', findings: [] }]);
    expect((await get(`${url}/api/v1/plan/reload`)).status).toBe(404);
  });

  it('answers a plan that was refused with 422 and the findings', async () => {
    const findings = [{ severity: 'error', file: 'e164-plan.yaml', line: 3, column: 5, message: 'overlap' }];
    const { url } = await open({ reloadPlan: () => Promise.resolve({ applied: false, revision: 'abc', findings }) });
    const reload = await get(`${url}/api/v1/plan/reload`, { method: 'POST' });
    expect([reload.status, reload.json()]).toEqual([422, { applied: false, revision: 'abc', findings }]);
  });

  it('is closed to foreign web pages, which change nothing', async () => {
    let reloads = 0;
    const { url } = await open({ reloadPlan: () => Promise.resolve({ applied: true, revision: String(++reloads), findings: [] }) });
    const headers = { origin: 'https://evil.example' };
    for (const path of ['/api/v1/calls', '/api/v1/registrations', '/api/v1/plan'])
      expect((await get(url + path, { headers })).status).toBe(403);
    expect((await get(`${url}/api/v1/plan/reload`, { method: 'POST', headers })).status).toBe(403);
    expect(reloads).toBe(0);
  });

  it('asks for the token where one is sent', async () => {
    const { url } = await open({}, { token: 'let-me-in' });
    const wrong = await get(`${url}/api/v1/plan`, { headers: { authorization: 'Bearer guess' } });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="portvakt"']);
    const right = { authorization: 'Bearer let-me-in', 'x-forwarded-for': '192.0.2.1' };
    expect((await get(`${url}/api/v1/plan`, { headers: right })).status).toBe(200);
  });
});

describe('the page at /', () => {
  it('says where it listens and what to try, without scripts, and cannot be made to say something else', async () => {
    const { url, port } = await open({ problems: () => ['<script>alert(1)</script>'] });
    const { text, headers } = await get(url);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('sip:127.0.0.1:5060;transport=udp');
    expect(text).toContain(`http://localhost:${port}/api/v1/plan/reload`);
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });
});

describe('the server', () => {
  it('sends security headers with every answer', async () => {
    const { url } = await open();
    for (const path of ['/', '/healthz', '/metrics', '/api/v1/plan', '/nothing', '/%zz']) {
      const { headers } = await get(url + path);
      expect([path, headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual([path, 'nosniff', 'DENY']);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('keeps its own faults to itself', async () => {
    const { url } = await open({
      plan: () => {
        throw new Error('password hunter2');
      },
    });
    const { status, text } = await get(`${url}/api/v1/plan`);
    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
  });

  it('refuses bodies and headers that are too large', async () => {
    const { url } = await open();
    const body = 'x'.repeat(20_000);
    expect((await get(`${url}/api/v1/plan/reload`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })).status).toBe(413);
    expect((await get(`${url}/healthz`, { headers: { 'x-long': 'x'.repeat(40_000) } })).status).toBe(431);
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  it('answers 4xx to what is not HTTP and goes on', async () => {
    const { port, url } = await open();
    const socket = connect(port, '127.0.0.1');
    socket.write('REGISTER sip:norr.example SIP/2.0\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  it('finishes what was asked when it closes, and closes connections that only wait', async () => {
    let begun: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let answerNow: () => void = () => undefined;
    const admin = await open({
      reloadPlan: () => {
        begun();
        return new Promise((resolve) => {
          answerNow = () => resolve({ applied: true, revision: 'x', findings: [] });
        });
      },
    });
    const idle = connect(admin.port, '127.0.0.1');
    await once(idle, 'connect');
    const reload = get(`${admin.url}/api/v1/plan/reload`, { method: 'POST' });
    await started;
    const closed = admin.close();
    answerNow();
    expect((await reload).status).toBe(200);
    await closed;
    await expect(fetch(`${admin.url}/healthz`)).rejects.toThrow();
    idle.destroy();
  });

  it('says why it cannot listen', async () => {
    const { port } = await open();
    await expect(open({}, { port })).rejects.toThrow(/EADDRINUSE/);
  });

  it('listens on IPv6', async () => {
    const admin = await open({}, { address: '::1' });
    const status = await new Promise((resolve, reject) => {
      request({ host: '::1', port: admin.port, path: '/api/v1/plan' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });
});
