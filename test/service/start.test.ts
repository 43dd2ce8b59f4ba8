import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startService } from '../support/service.js';

it('starts on free ports, says that it is ready, and stops', async () => {
  const service = await startService();
  try {
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    for (const port of Object.values(service.ports)) expect(port).toBeGreaterThan(0);
  } finally {
    await service.stop();
  }
});

it('speaks TLS to browsers where that is asked for, with a certificate of its own where there is none', async () => {
  const anyPort = { address: '127.0.0.1', port: 0 };
  const service = await startService({
    sip: { listen: [{ transport: 'udp', ...anyPort }] },
    bridge: { web: { ...anyPort, plain: false } },
  });
  try {
    const url = service.service.meetingUrl ?? '';
    expect(url).toMatch(/^https:/);
    const ca = await readFile(join(service.directory, 'data/tls/web/self-signed-certificate.pem'));
    const status = await new Promise((resolve, reject) => {
      get(`${url}/nothing`, { ca }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(404);
    await service.service.renewTls();
    expect(service.log()).toContain('The TLS certificates were read again');
  } finally {
    await service.stop();
  }
});
