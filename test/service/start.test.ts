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
