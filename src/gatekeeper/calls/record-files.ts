import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '../../clock.js';
import type { CallRecord } from './call.js';

const NAME = /^records-\d{8}T\d{9}Z\.jsonl$/;

/** `records-20261122T015958123Z.jsonl`: sorts by the time the file was begun. */
export function recordFileName(begun: EpochMs): string {
  return `records-${new Date(begun).toISOString().replace(/[-:.]/g, '')}.jsonl`;
}

/** Names of the record files in a directory, oldest first. A directory that does not exist has none. */
export async function listRecordFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export interface ReadRecordsOptions {
  /** Start in this file, at this byte; files before it are left out. */
  readonly from?: { readonly file: string; readonly at: number };
  /** Called for a line that is no call record: damaged by a disk, or cut short by a crash. It is left out. */
  readonly onDamagedLine?: (file: string, line: string) => void;
}

/** Every call record in a directory, oldest file first, one line in memory at a time. */
export async function* readRecords(directory: string, options: ReadRecordsOptions = {}): AsyncGenerator<CallRecord> {
  const { from, onDamagedLine } = options;
  for (const file of await listRecordFiles(directory)) {
    if (from && file < from.file) continue;
    const start = from && file === from.file ? from.at : 0;
    for await (const line of readLines(join(directory, file), start)) {
      const record = parseRecord(line);
      if (record) yield record;
      else onDamagedLine?.(file, line);
    }
  }
}

/**
 * The lines of a file from a byte on, the last one also without a line end. Only `\n` ends a line: readline's own idea of lines breaks
 * at U+2028 too, which JSON leaves as it is inside a string.
 */
export async function* readLines(path: string, start = 0): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { start, encoding: 'utf8' })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest.length > 0) yield rest;
}

function parseRecord(line: string): CallRecord | undefined {
  const value = parseObject(line);
  return value && value.version === 1 && typeof value.id === 'string' && typeof value.reason === 'string'
    ? (value as unknown as CallRecord)
    : undefined;
}

/** One JSON object a line; undefined for anything else. */
export function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const TAIL_BYTES = 64 * 1024;

/** Cuts off what stands after the last line end: a write that a crash stopped half-way. Gives the length that is left, in bytes. */
export async function cutTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const chunk = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const newline = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) {
      const whole = start + newline + 1;
      if (whole < size) await file.truncate(whole);
      return whole;
    }
    end = start;
  }
  if (size > 0) await file.truncate(0);
  return 0;
}

/**
 * Makes a rename or a new file in a directory outlast a power loss. Where the system can't (some network file systems), the files
 * themselves are still written; only their names may be lost.
 */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
  } finally {
    await handle.close();
  }
}

/** Writes all of `data` at `position`: one `write` may take less than it was given. */
export async function writeAll(file: FileHandle, data: Buffer, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
