import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { EpochMs } from '../clock.js';
import type { SipTlsConfig } from './service-config.js';

type TlsKey = 'certificate' | 'key' | 'ca';

/** PEM, as it stands in the files. */
export type TlsFiles = { readonly [name in TlsKey]: string | undefined };

export interface TlsProblem {
  readonly severity: 'error' | 'warning';
  /** The key whose file it is. */
  readonly key: TlsKey;
  /** Both without a full stop. Nothing of a key's text is in them. */
  readonly message: string;
  readonly hint: string;
}

const CALLED = { certificate: 'the certificate', key: 'the key', ca: "the authorities' file" } as const;
const BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * Reads the files that the configuration names and says which of them TLS cannot be spoken with. Never rejects: what cannot be read is a
 * problem. `shown` writes a path as a person would.
 */
export async function readTlsFiles(
  config: Pick<SipTlsConfig, TlsKey>,
  shown: (path: string) => string = (path) => path,
  now: EpochMs = Date.now(),
): Promise<{ readonly files: TlsFiles; readonly problems: readonly TlsProblem[] }> {
  const problems: TlsProblem[] = [];
  const add = (severity: TlsProblem['severity'], key: TlsKey, what: string, hint: string): void => {
    problems.push({ severity, key, message: `${CALLED[key]} ${shown(config[key] ?? '')} ${what}`, hint });
  };
  const read = async (key: TlsKey): Promise<string | undefined> => {
    const path = config[key];
    if (path === undefined) return undefined;
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      add('error', key, `cannot be read: ${unreadable(error)}`, `write the path of a PEM file, or take ${takeAway(key)} away`);
      return undefined;
    }
  };
  const files = { certificate: await read('certificate'), key: await read('key'), ca: await read('ca') };

  const certificate = files.certificate === undefined ? undefined : parse(files.certificate, readCertificates)?.[0];
  if (files.certificate !== undefined && certificate === undefined) {
    add('error', 'certificate', 'holds no certificate in PEM', "write the path of a file with '-----BEGIN CERTIFICATE-----' in it");
  }
  const key = files.key === undefined ? undefined : parse(files.key, createPrivateKey);
  if (files.key !== undefined && key === undefined) {
    add('error', 'key', 'holds no private key in PEM that can be read', 'write the path of a key without a passphrase');
  }
  if (files.ca !== undefined && parse(files.ca, readCertificates) === undefined) {
    add('error', 'ca', 'holds no certificates in PEM', "write the path of a file with '-----BEGIN CERTIFICATE-----' in it");
  }
  if (certificate && key) checkPair(certificate, key, files, now, add);
  return { files, problems };
}

function checkPair(
  certificate: X509Certificate,
  key: KeyObject,
  { certificate: cert, key: pem }: TlsFiles,
  now: EpochMs,
  add: (severity: TlsProblem['severity'], key: TlsKey, what: string, hint: string) => void,
): void {
  if (!certificate.checkPrivateKey(key)) {
    add('error', 'key', 'is not the key of the certificate', 'write the path of the key that the certificate was made for');
    return;
  }
  try {
    createSecureContext({ cert, key: pem });
  } catch (error) {
    add('error', 'certificate', `cannot be used for TLS (${reasonOf(error)})`, 'get one with a key of 2048 bits RSA or P-256, and SHA-256');
    return;
  }
  if (Date.parse(certificate.validTo) < now) {
    add('warning', 'certificate', `ran out on ${day(certificate.validTo)}`, 'get a new one: nobody who checks it will connect');
  } else if (Date.parse(certificate.validFrom) > now) {
    add('warning', 'certificate', `is not good before ${day(certificate.validFrom)}`, "check this machine's clock");
  }
}

const takeAway = (key: TlsKey): string => (key === 'ca' ? 'ca' : 'certificate and key');
const day = (date: string): string => new Date(date).toISOString().slice(0, 10);

function readCertificates(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(BLOCK)?.map((block) => new X509Certificate(block));
  return blocks?.length ? blocks : undefined;
}

function parse<T>(pem: string, read: (pem: string) => T): T | undefined {
  try {
    return read(pem);
  } catch {
    return undefined;
  }
}

function unreadable(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a folder';
  return code ?? reasonOf(error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
