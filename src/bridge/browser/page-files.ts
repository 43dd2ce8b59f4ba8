import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** One file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Undefined: it does not get smaller. */
  readonly gzipped: Buffer | undefined;
  /** Quoted (RFC 9110 §8.8.3). */
  readonly tag: string;
  /** Its name has its digest in it: what is under this name never changes. */
  readonly immutable: boolean;
}

/** The built page: some hundred kilobytes. More is a wrong folder. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_FILES = 500;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/wav',
};

const compress = promisify(gzip);

/**
 * Reads the built page into memory, by path: `/index.html`, `/assets/index-4f2a.js`. What is not there can't be asked for, so no path leads
 * out of the folder. Files of other kinds (source maps) are left out. Rejects with an Error when the folder is not there, or far too large.
 */
export async function readPageFiles(directory: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const body = await readFile(file);
    bytes += body.length;
    if (bytes > MOST_BYTES || files.size >= MOST_FILES) throw new Error(`${directory} holds more than a page: is it the right folder?`);
    const path = `/${file.slice(directory.length).replaceAll('\\', '/').replace(/^\/+/, '')}`;
    const gzipped = /^(?:text|image\/svg|application)/.test(type) ? await compress(body) : undefined;
    files.set(path, {
      type,
      body,
      gzipped: gzipped && gzipped.length < body.length ? gzipped : undefined,
      tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      immutable: path.startsWith('/assets/'),
    });
  }
  return files;
}
