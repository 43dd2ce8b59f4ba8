import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { EpochMs } from '../clock.js';

export interface ServiceCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. Never to be logged. */
  readonly key: string;
  readonly validUntil: EpochMs;
  /** True when it was made now, false when the one on disk is still good. */
  readonly made: boolean;
}

const CERTIFICATE = 'self-signed-certificate.pem';
const KEY = 'self-signed-key.pem';
const DAY_MS = 24 * 60 * 60 * 1000;
/** Clients refuse server certificates that live longer than 398 days. */
const LIFETIME_DAYS = 397;
const RENEW_DAYS = 30;
/** Clocks of clients on the same network differ a little. */
const BACKDATE_MS = 60 * 60 * 1000;

/**
 * The TLS certificate of a service that was given none: self-signed, EC P-256, for these hosts (names and IP addresses) and localhost,
 * kept in `directory`. Made at the first start and again when it has less than 30 days left, lacks a host or can't be read. Rejects with
 * an Error that names the file when the directory can't be written.
 */
export async function ensureCertificate(
  directory: string,
  hosts: readonly string[],
  now: EpochMs = Date.now(),
): Promise<ServiceCertificate> {
  const wanted = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts.map((host) => host.toLowerCase())])];
  const kept = await readKept(directory, wanted, now);
  if (kept) return kept;
  const { certificate, key, validUntil } = await makeCertificate(wanted, now);
  await mkdir(directory, { recursive: true });
  // A crash between the two leaves a pair that doesn't match: the next start sees it and makes a new one.
  await replaceFile(join(directory, KEY), key, 0o600);
  await replaceFile(join(directory, CERTIFICATE), certificate, 0o644);
  return { certificate, key, validUntil, made: true };
}

async function makeCertificate(hosts: readonly string[], now: EpochMs): Promise<Omit<ServiceCertificate, 'made'>> {
  const validUntil = now - BACKDATE_MS + LIFETIME_DAYS * DAY_MS;
  const made = await generate([{ name: 'commonName', value: 'Portvakt (self-signed)' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - BACKDATE_MS),
    notAfterDate: new Date(validUntil),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      // Between gatekeepers the same certificate speaks for us as a client: RFC 5922 §7.
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })) },
    ],
  });
  return { certificate: made.cert, key: made.private, validUntil };
}

/** What is on disk, if it is still of use. Whatever is wrong with it, a new one mends it. */
async function readKept(directory: string, hosts: readonly string[], now: EpochMs): Promise<ServiceCertificate | undefined> {
  try {
    const certificate = await readFile(join(directory, CERTIFICATE), 'utf8');
    const key = await readFile(join(directory, KEY), 'utf8');
    const parsed = new X509Certificate(certificate);
    const validUntil = Date.parse(parsed.validTo);
    const good =
      validUntil - now >= RENEW_DAYS * DAY_MS &&
      Date.parse(parsed.validFrom) <= now &&
      parsed.checkPrivateKey(createPrivateKey(key)) &&
      hosts.every((host) => (isIP(host) ? parsed.checkIP(host) : parsed.checkHost(host)) !== undefined);
    return good ? { certificate, key, validUntil, made: false } : undefined;
  } catch {
    return undefined;
  }
}

/** The old file or the new one, never a part: written beside it, then renamed. The mode holds from the first byte on. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  const file = await open(beside, 'w', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
