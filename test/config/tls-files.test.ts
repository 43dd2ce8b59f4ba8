import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { loadConfiguration } from '../../src/config/load.js';
import { readTlsFiles } from '../../src/config/tls-files.js';
import { type CertificateAuthority, type Issued, makeCertificateAuthority } from '../support/certificates.js';
import { planText, testPlan } from '../support/plan.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

let authority: CertificateAuthority;
let ours: Issued;
beforeAll(async () => {
  authority = await makeCertificateAuthority();
  ours = await authority.issue({ dns: ['sip.portvakt.example'] });
});

/** The findings about a service whose folder holds these files. */
async function findings(tls: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await temporaryDirectory();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'plan.yaml'), planText(testPlan()));
  await writeFile(join(folder, 'portvakt.yaml'), `plan: plan.yaml\nsip:\n  tls: ${tls}\n`);
  const loaded = await loadConfiguration(join(folder, 'portvakt.yaml'));
  expect(loaded.service === undefined).toBe(loaded.findings.some(({ severity }) => severity === 'error'));
  return loaded.findings.map((finding) => formatFinding(finding).replaceAll(`${folder}/`, ''));
}

describe('the TLS files', () => {
  it('are good as a pair, with or without authorities', async () => {
    const files = { 'a.pem': ours.certificate, 'a.key': ours.key, 'ca.pem': authority.certificate };
    expect(await findings('{ certificate: a.pem, key: a.key }', files)).toEqual([]);
    expect(await findings('{ certificate: a.pem, key: a.key, ca: ca.pem }', files)).toEqual([]);
  });

  it('must be there: each is found at its own key', async () => {
    expect(await findings('{ certificate: a.pem, key: a.key, ca: ca.pem }', {})).toEqual([
      'portvakt.yaml:3:23: error: the certificate a.pem cannot be read: there is no such file; write the path of a PEM file, or take certificate and key away',
      'portvakt.yaml:3:35: error: the key a.key cannot be read: there is no such file; write the path of a PEM file, or take certificate and key away',
      "portvakt.yaml:3:46: error: the authorities' file ca.pem cannot be read: there is no such file; write the path of a PEM file, or take ca away",
    ]);
  });

  it('must be PEM', async () => {
    const broken = ours.certificate.replace(/\n[A-Za-z0-9+/]{10}/, '\nAAAAAAAAAA');
    const files = { 'a.pem': broken, 'a.key': ours.key.slice(0, 60), 'ca.pem': 'authorities' };
    expect(await findings('{ certificate: a.pem, key: a.key, ca: ca.pem }', files)).toEqual([
      "portvakt.yaml:3:23: error: the certificate a.pem holds no certificate in PEM; write the path of a file with '-----BEGIN CERTIFICATE-----' in it",
      'portvakt.yaml:3:35: error: the key a.key holds no private key in PEM that can be read; write the path of a key without a passphrase',
      "portvakt.yaml:3:46: error: the authorities' file ca.pem holds no certificates in PEM; write the path of a file with '-----BEGIN CERTIFICATE-----' in it",
    ]);
  });

  it('must belong together', async () => {
    const other = await authority.issue({ dns: ['other.example'] });
    expect(await findings('{ certificate: a.pem, key: a.key }', { 'a.pem': ours.certificate, 'a.key': other.key })).toEqual([
      'portvakt.yaml:3:35: error: the key a.key is not the key of the certificate; write the path of the key that the certificate was made for',
    ]);
  });

  it('may have run out: a warning, as a service without TLS helps nobody', async () => {
    const folder = await temporaryDirectory();
    const [certificate, key] = [join(folder, 'a.pem'), join(folder, 'a.key')];
    await writeFile(certificate, ours.certificate);
    await writeFile(key, ours.key);
    const at = async (now: number) => (await readTlsFiles({ certificate, key, ca: undefined }, undefined, now)).problems;
    expect(await at(Date.parse('2126-01-01'))).toMatchObject([{ severity: 'warning', key: 'certificate' }]);
    expect((await at(Date.parse('2126-01-01')))[0]?.message).toMatch(/ ran out on \d{4}-\d\d-\d\d$/);
    expect((await at(Date.parse('2001-01-01')))[0]?.message).toMatch(/ is not good before \d{4}-\d\d-\d\d$/);
    expect(await at(Date.now())).toEqual([]);
  });

  it('never shows a key', async () => {
    const found = await findings('{ certificate: a.key, key: a.pem }', { 'a.pem': ours.certificate, 'a.key': ours.key });
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain(ours.key.split('\n')[1]);
  });
});
