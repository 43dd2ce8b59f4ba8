import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { makeCertificateAuthority } from '../support/certificates.js';
import { planText, testPlan } from '../support/plan.js';
import { type AsChild, startChild } from '../support/service.js';
import { answering, SipClient, TestDialog } from '../support/sip-client.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { configuration, run } from './run.js';

async function child(settings: Parameters<typeof startChild>[0] = {}): Promise<AsChild> {
  const service = await startChild(settings);
  onTestFinished(() => service.stop());
  return service;
}

const freePorts = (address: string) =>
  `sip: { listen: [{ transport: udp, address: ${address}, port: 0 }] }\nh323: { enabled: false }\nhttp: { port: 0 }\n`;

async function revision(service: AsChild): Promise<string> {
  const answer = await fetch(`${service.url}/api/v1/plan`);
  return ((await answer.json()) as { revision: string }).revision;
}

it('does not start with the password of the demonstration where others than this machine reach it', async () => {
  const shipped = await readFile(new URL('../../config/e164-plan.yaml', import.meta.url), 'utf8');
  const { code, output } = await run('serve', '--config', await configuration(shipped, freePorts('0.0.0.0')));
  expect(code).toBe(1);
  expect(output.match(/: error: the demonstration's password may be used on loopback only/g)).toHaveLength(3);
  expect(output).toContain('portvakt: not started; correct the errors above');
  expect(output).not.toContain('portvakt-demo');
}, 60_000);

it('does not start where it cannot write, and says which key to correct', async () => {
  const config = await configuration(planText(testPlan()), `dataDirectory: plan.yaml/data\n${freePorts('127.0.0.1')}`);
  expect(await run('serve', '--config', config)).toEqual({
    code: 1,
    output: `portvakt: The data directory ${dirname(config)}/plan.yaml/data cannot be written (a file stands where a folder should be): correct dataDirectory, or its permissions\n`,
  });
}, 60_000);

it('greets first, then logs: the first line says where it listens', async () => {
  const service = await child();
  const [, started = ''] = await service.program.says(/^(\{.*"msg":"started".*\})$/m);
  expect(JSON.parse(started)).toMatchObject({ pid: service.program.pid, http: service.url, listeners: { length: 5 } });
  expect(service.log().indexOf('Portvakt is up.')).toBeLessThan(service.log().indexOf('{'));
}, 60_000);

it('SIGHUP puts a good plan in force; a broken one changes nothing, and each error is in the log', async () => {
  const service = await child();
  const first = await revision(service);
  await service.writePlan(
    testPlan((plan) => {
      plan.organisations.syd.series = [{ prefix: 46103, digits: 4 }];
    }),
  );
  service.program.signal('SIGHUP');
  await service.program.says(/The address plan was read again and is in force/);
  const second = await revision(service);
  expect(second).not.toBe(first);

  await service.writePlan('organisations: { norr: { series: 17 } }\n');
  service.program.signal('SIGHUP');
  await service.program.says(/The address plan has errors: the old one stays in force/);
  expect(service.log()).toMatch(/plan\.yaml:1:34: 'series' is '17'; write /);
  expect(await revision(service)).toBe(second);
}, 60_000);

it('SIGHUP reads the TLS files again; files that are no good change nothing', async () => {
  const authority = await makeCertificateAuthority();
  const folder = await temporaryDirectory();
  const [certificate, key] = [join(folder, 'a.pem'), join(folder, 'a.key')];
  const issue = async () => {
    const issued = await authority.issue({ dns: ['sip.portvakt.example'] });
    await writeFile(certificate, issued.certificate);
    await writeFile(key, issued.key);
    return new X509Certificate(issued.certificate).fingerprint256;
  };
  const first = await issue();
  const service = await child({ sip: { tls: { certificate, key } } });
  const shown = async () => {
    const socket = connect({ port: service.ports.tls, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  expect(await shown()).toBe(first);
  const second = await issue();
  service.program.signal('SIGHUP');
  await service.program.says(/The TLS certificates were read again and are in force/);
  expect(await shown()).toBe(second);

  await writeFile(key, 'not a key');
  service.program.signal('SIGHUP');
  await service.program.says(/The TLS certificates could not be read again: the old ones stay in force/);
  expect(service.log()).toContain('holds no private key in PEM');
  expect(await shown()).toBe(second);
}, 60_000);

/** A call in progress that nobody hangs up. */
async function callIn(service: AsChild): Promise<void> {
  const [anna, bertil] = await Promise.all(
    (['461010001@norr.example', '461020001@syd.example'] as const).map(async (address) => {
      const [user = '', domain = ''] = address.split('@');
      const client = await SipClient.open({ port: service.ports.udp, user, domain });
      onTestFinished(() => client.close());
      expect((await client.register()).status).toBe(200);
      client.behaviour = answering();
      return client;
    }),
  );
  if (!anna || !bertil) throw new Error('two phones');
  const invite = await anna.invite('461020001@syd.example');
  TestDialog.ofCaller(anna, invite, await anna.response(invite, 200)).send('ACK');
  await bertil.request('ACK');
}

it('SIGTERM waits for a call no longer than drainSeconds, and then stops with 0', async () => {
  const service = await child({ sip: { timers: { drainSeconds: 1 } } });
  await callIn(service);
  service.program.signal('SIGTERM');
  await service.program.exits(0);
  expect(service.log()).toContain('stopping: 1 call in progress, waiting at most 1 s');
  expect(await service.records(1)).toMatchObject([{ reason: 'instanceStopped' }]);
}, 60_000);

it('a second SIGTERM does not wait', async () => {
  const service = await child({ sip: { timers: { drainSeconds: 600 } } });
  await callIn(service);
  service.program.signal('SIGTERM');
  await service.program.says(/stopping: 1 call in progress/);
  service.program.signal('SIGTERM');
  await service.program.exits(0);
}, 60_000);

it('SIGTERM stops it with 0; with no call in progress at once', async () => {
  const service = await child({ sip: { timers: { drainSeconds: 300 } } });
  service.program.signal('SIGTERM');
  await service.program.exits(0);
  expect(service.log()).toContain('stopping: 0 calls in progress, waiting at most 300 s');
  expect(service.log()).toContain('"msg":"stopped"');
}, 60_000);
