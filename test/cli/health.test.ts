import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { startService } from '../support/service.js';
import { run } from './run.js';

it('a service that lives and takes calls: 0, and what it says', async () => {
  const service = await startService({ instance: 'asked-1' });
  onTestFinished(() => service.stop());
  const { code, output } = await run('health', '--url', service.url);
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ status: 'alive', instance: 'asked-1' });
  const ready = await run('health', '--ready', '--url', service.url);
  expect([ready.code, JSON.parse(ready.output)]).toEqual([0, { status: 'ready', problems: [] }]);
}, 60_000);

it('one that lives but is being stopped: alive, and not ready, with the reason', async () => {
  const service = await startService();
  onTestFinished(() => service.stop());
  await service.service.drain(0);
  expect((await run('health', '--url', service.url)).code).toBe(0);
  const { code, output } = await run('health', '--ready', '--url', service.url);
  expect(code).toBe(1);
  expect(output).toContain('answers 503 at /readyz');
  expect(output).toContain('This instance is being stopped');
}, 60_000);

it('nobody there: 1, with a sentence that names the key', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, output } = await run('health', '--url', url);
  expect(code).toBe(1);
  expect(output).toBe(
    `${url} does not answer at /healthz (ECONNREFUSED): is the service running, and is this its http.address and port?\n`,
  );
}, 60_000);

it('one that takes the connection and says nothing: 1, and in time', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const { code, output } = await run('health', '--url', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  expect(code).toBe(1);
  expect(output).toContain('does not answer at /healthz');
}, 60_000);

it('something that is no URL: 2', async () => {
  const { code, output } = await run('health', '--url', '127.0.0.1');
  expect(code).toBe(2);
  expect(output).toContain('write it as http://127.0.0.1:8080');
}, 60_000);
