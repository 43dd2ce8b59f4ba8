import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Finding, formatFinding, hasErrors, sortFindings } from '../../src/config/finding.js';
import { loadConfiguration, loadPlan } from '../../src/config/load.js';
import { readService } from '../../src/config/service-config.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const shippedService = join(root, 'config/portvakt.yaml');
const shippedPlan = join(root, 'config/e164-plan.yaml');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portvakt-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const tail = (findings: readonly Finding[]) =>
  findings.map((finding) => formatFinding({ ...finding, file: finding.file.split('/').at(-1) ?? '' }));

describe('loadConfiguration', () => {
  it('finds nothing wrong with the shipped files', async () => {
    const { service, plan, findings } = await loadConfiguration(shippedService);
    expect(findings.map(formatFinding)).toEqual([]);
    expect(plan?.organisations.size).toBe(4);
    expect(service?.plan).toBe(shippedPlan);
    expect(service?.dataDirectory).toBe(join(root, 'data'));
    expect(service?.records.directory).toBe(join(root, 'data/records'));
  });

  it('uses the same values where the shipped file is silent', async () => {
    const silent = readService(shippedService, 'dataDirectory: ../data\n');
    const shipped = readService(shippedService, await readFile(shippedService, 'utf8'));
    expect(silent.findings).toEqual([]);
    expect(silent.service).toEqual(shipped.service);
  });

  it('says which file is not there', async () => {
    const missing = join(folder, 'nothing.yaml');
    expect(await loadConfiguration(missing)).toMatchObject({
      service: undefined,
      plan: undefined,
      findings: [{ file: missing, message: 'there is no such file' }],
    });
    const service = await write('portvakt.yaml', 'plan: elsewhere.yaml\n');
    const loaded = await loadConfiguration(service);
    expect(loaded.service).toBeDefined();
    expect(tail(loaded.findings)).toEqual([
      'elsewhere.yaml:1:1: error: there is no such file; check the path, or copy the shipped file there',
    ]);
  });

  it('refuses a folder and text that is not UTF-8', async () => {
    expect((await loadConfiguration(folder)).findings).toMatchObject([{ message: 'this is not a file' }]);
    const path = join(folder, 'latin1.yaml');
    await writeFile(path, Buffer.from('instance: v\xe5rd\n', 'latin1'));
    expect((await loadConfiguration(path)).findings).toMatchObject([{ message: 'the file is not UTF-8 text' }]);
  });

  it('refuses the demonstration password wherever the service listens on more than loopback', async () => {
    const plan = await readFile(shippedPlan, 'utf8');
    await write('plan.yaml', plan);
    const service = await write(
      'portvakt.yaml',
      'plan: plan.yaml\nsip:\n  listen:\n    - { transport: udp, address: ::1, port: 5060 }\n    - { transport: udp, address: 0.0.0.0, port: 5060 }\n',
    );
    const { plan: refused, findings } = await loadConfiguration(service);
    expect(refused).toBeUndefined();
    const lines = plan.split('\n');
    const expected = lines.flatMap((line, index) =>
      line.includes('sharedPassword: portvakt-demo') ? [`${index + 1}:${line.indexOf('portvakt-demo') + 1}`] : [],
    );
    expect(expected).toHaveLength(3);
    expect(findings.map(({ line, column }) => `${line}:${column}`)).toEqual(expected);
    expect(findings[0]).toMatchObject({
      severity: 'error',
      message: "the demonstration's password may be used on loopback only, and the service listens on 0.0.0.0",
    });
    expect(JSON.stringify(findings)).not.toContain('portvakt-demo');
  });

  it('refuses the demonstration password of single users, too', async () => {
    const plan = (await readFile(shippedPlan, 'utf8')).replaceAll(/sharedPassword: portvakt-demo/g, 'users: { anna: portvakt-demo }');
    await write('plan.yaml', plan);
    const service = await write(
      'portvakt.yaml',
      'plan: plan.yaml\nsip: { listen: [{ transport: udp, address: 192.0.2.1, port: 5060 }] }\n',
    );
    expect((await loadConfiguration(service)).findings).toHaveLength(3);
  });

  it('refuses a peer that is the service itself, on reload, too', async () => {
    const plan = (await readFile(shippedPlan, 'utf8')).replace('port: 5072, transport: udp', 'port: 5060, transport: udp');
    const path = await write('plan.yaml', plan);
    const { service } = readService(shippedService, '');
    if (service === undefined) throw new Error('the defaults are wrong');
    const loaded = await loadPlan(path, service);
    expect(loaded.plan).toBeUndefined();
    expect(loaded.findings.map(({ message }) => message)).toEqual(['this peer is the service itself: it listens there']);
  });

  it('wants TLS and an authority where a zone is told by certificate', async () => {
    const plan = (await readFile(shippedPlan, 'utf8')).replace(
      "addresses: ['127.0.0.1:5071', '127.0.0.1:5072']",
      'certificateNames: [SBC.vardbolaget.example]',
    );
    await write('plan.yaml', plan);
    const clear = await write('clear.yaml', 'plan: plan.yaml\nsip:\n  listen: [{ transport: udp, address: 127.0.0.1, port: 0 }]\n');
    const withoutTls = await loadConfiguration(clear);
    expect(withoutTls.service).toBeUndefined();
    expect(tail(withoutTls.findings)).toEqual([
      "clear.yaml:3:11: error: the zone 'vardbolaget-trunk' is told by certificate, but nothing listens for TLS; write '- { transport: tls, address: …, port: 5061 }'",
    ]);
    const tls = await loadConfiguration(await write('tls.yaml', 'plan: plan.yaml\n'));
    expect(tls.findings).toMatchObject([{ severity: 'warning', hint: "write 'ca: FILE.pem' below sip.tls in the service's file" }]);
    expect(hasErrors(tls.findings)).toBe(false);
    expect(tls.plan?.zones.get('vardbolaget-trunk')?.sources.certificateNames).toEqual(['sbc.vardbolaget.example']);
  });

  it('warns where permanent meetings have no meeting service, and reads its TLS files', async () => {
    const found = async (bridge: string) => {
      await write('plan.yaml', await readFile(shippedPlan, 'utf8'));
      const { findings } = await loadConfiguration(await write('portvakt.yaml', `plan: plan.yaml\nbridge: ${bridge}\n`));
      return findings.map(({ severity, message }) => `${severity}: ${message}`);
    };
    expect(await found('{ enabled: true }')).toEqual([]);
    expect(await found('{ enabled: false }')).toEqual([
      'warning: nobody gets into the permanent meetings: the meeting service is switched off',
    ]);
    const files = '{ web: { certificate: no.pem, key: no.key } }';
    expect(await found(files)).toEqual([
      expect.stringMatching(/^error: the certificate .*no\.pem cannot be read: there is no such file$/),
      expect.stringMatching(/^error: the key .*no\.key cannot be read: there is no such file$/),
    ]);
  });
});

describe('H.323 zones and the service', () => {
  const load = async (zone: string, service: string) => {
    const plan = (await readFile(shippedPlan, 'utf8')).replace(/kind: sip-trunk[\s\S]*?ping: .*/, zone);
    await write('plan.yaml', plan.replaceAll('sharedPassword: portvakt-demo', 'sharedPassword: another'));
    const { findings } = await loadConfiguration(await write('portvakt.yaml', `plan: plan.yaml\n${service}`));
    return findings.map(({ severity, message }) => `${severity}: ${message}`);
  };
  const neighbour = 'kind: h323-neighbour\n        peers: [{ host: 192.0.2.40 }]';

  it('are content with each other', async () => {
    expect(await load(neighbour, '')).toEqual([]);
  });

  it('warn where nothing speaks H.323', async () => {
    expect(await load(neighbour, 'h323: { enabled: false }\n')).toEqual([
      "warning: nobody reaches the zone 'vardbolaget-trunk': H.323 is switched off",
    ]);
  });

  it('must not have the service as a neighbour', async () => {
    expect(await load(neighbour, 'h323: { ras: [{ address: 192.0.2.40 }] }\n')).toEqual([
      'error: this peer is the service itself: it listens there',
    ]);
    expect(await load(neighbour, 'h323: { ras: [{ address: 192.0.2.40, port: 1720 }] }\n')).toEqual([]);
  });

  it('want call signalling over TLS where a certificate tells', async () => {
    const named = `${neighbour}\n        sources: { certificateNames: [gk.vardbolaget.example] }`;
    expect(await load(named, '')).toEqual(["error: the zone 'vardbolaget-trunk' is told by certificate, but nothing listens for TLS"]);
    expect(await load(named, 'h323: { signalling: [{ transport: tls, address: 127.0.0.1 }] }\n')).toEqual([
      "warning: this zone's certificates are checked against the public authorities, any of which can issue this name",
    ]);
  });

  it.each(['ras: [{ address: 192.0.2.1 }]', 'signalling: [{ transport: tcp, address: 192.0.2.1 }]'])(
    'allow the demonstration password on loopback only: %s',
    async (listeners) => {
      await write('plan.yaml', await readFile(shippedPlan, 'utf8'));
      const beyond = await loadConfiguration(await write('portvakt.yaml', `plan: plan.yaml\nh323: { ${listeners} }\n`));
      expect(beyond.findings.map(({ message }) => message)).toEqual(
        Array(3).fill("the demonstration's password may be used on loopback only, and the service listens on 192.0.2.1"),
      );
      const off = await loadConfiguration(await write('portvakt.yaml', `plan: plan.yaml\nh323: { enabled: false, ${listeners} }\n`));
      expect(off.findings).toEqual([]);
    },
  );
});

describe('sortFindings', () => {
  it('keeps files together, in the order of their text', () => {
    const at = (file: string, line: number, column: number): Finding => ({ severity: 'error', file, line, column, message: '', hint: '' });
    expect(sortFindings([at('b', 9, 1), at('a', 1, 1), at('b', 2, 5), at('b', 2, 3)])).toEqual([
      at('b', 2, 3),
      at('b', 2, 5),
      at('b', 9, 1),
      at('a', 1, 1),
    ]);
  });
});
