import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ensureCertificate } from '../../src/config/tls-certificate.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const DAY = 24 * 60 * 60 * 1000;

describe('ensureCertificate', () => {
  it('makes a certificate once: EC P-256, 397 days, for localhost and the hosts given', async () => {
    const directory = join(await temporaryDirectory(), 'tls');
    const now = Date.now();
    const first = await ensureCertificate(directory, ['sip.portvakt.example', '192.0.2.1'], now);
    expect(first.made).toBe(true);
    const parsed = new X509Certificate(first.certificate);
    expect(parsed.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    for (const address of ['127.0.0.1', '::1', '192.0.2.1']) expect(parsed.checkIP(address)).toBeDefined();
    for (const name of ['localhost', 'sip.portvakt.example']) expect(parsed.checkHost(name)).toBe(name);
    expect(parsed.ca).toBe(false);
    expect((Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)) / DAY).toBe(397);
    expect(first.validUntil - Date.parse(parsed.validTo)).toBeLessThan(1000);
    const second = await ensureCertificate(directory, ['sip.portvakt.example'], now);
    expect(second).toMatchObject({ made: false, certificate: first.certificate, key: first.key });
  });

  it('keeps the key from everybody else and leaves nothing half-written', async () => {
    const directory = await temporaryDirectory();
    const { key } = await ensureCertificate(directory, []);
    expect((await stat(join(directory, 'self-signed-key.pem'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(directory, 'self-signed-key.pem'), 'utf8')).toBe(key);
    expect((await readdir(directory)).sort()).toEqual(['self-signed-certificate.pem', 'self-signed-key.pem']);
  });

  it('renews it when less than 30 days are left', async () => {
    const directory = await temporaryDirectory();
    const now = Date.now();
    const first = await ensureCertificate(directory, [], now);
    expect((await ensureCertificate(directory, [], now + 366 * DAY)).made).toBe(false);
    const renewed = await ensureCertificate(directory, [], now + 368 * DAY);
    expect(renewed.made).toBe(true);
    expect(renewed.key).not.toBe(first.key);
  });

  it.each([
    ['self-signed-key.pem', 'nonsense'],
    ['self-signed-certificate.pem', ''],
  ])('makes a new pair when %s is damaged', async (file, text) => {
    const directory = await temporaryDirectory();
    await ensureCertificate(directory, []);
    await writeFile(join(directory, file), text);
    expect((await ensureCertificate(directory, [])).made).toBe(true);
    expect((await ensureCertificate(directory, [])).made).toBe(false);
  });

  it('makes a new pair when a crash left a key and a certificate that do not belong together, and for a new host', async () => {
    const [directory, other] = [await temporaryDirectory(), await temporaryDirectory()];
    await ensureCertificate(directory, []);
    await writeFile(join(directory, 'self-signed-key.pem'), (await ensureCertificate(other, [])).key);
    expect((await ensureCertificate(directory, [])).made).toBe(true);
    expect((await ensureCertificate(directory, ['new.example'])).made).toBe(true);
  });

  it('says which file it could not write', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    await expect(ensureCertificate(file, [])).rejects.toThrow(file);
  });

  it('serves TLS 1.2 and 1.3 to a client that trusts it, by name and by address', async () => {
    const { certificate, key } = await ensureCertificate(await temporaryDirectory(), []);
    const server = createServer({ cert: certificate, key }, (socket) => socket.end());
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port, address } = server.address() as AddressInfo;
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const host of ['localhost', address]) {
        const socket = connect({ port, host, ca: certificate, minVersion: version, maxVersion: version });
        await once(socket, 'secureConnect');
        expect([socket.authorized, socket.getProtocol()]).toEqual([true, version]);
        socket.destroy();
      }
    }
    server.close();
  });
});
