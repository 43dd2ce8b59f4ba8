import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.js';
import { cutTornLine, errorCode, isMissing, listRecordFiles, recordFileName, syncDirectory, writeAll } from './record-files.js';

export interface RecordFileOptions {
  readonly directory: string;
  /** A file that would grow beyond this is closed and a new one begun. One batch may be larger than a file. */
  readonly maxBytes: number;
  /** How many files stay, the one being written included. */
  readonly keepFiles: number;
  readonly clock: Clock;
}

/**
 * The record file being written. Every write says its position, so writing again after a failure that stopped half-way overwrites
 * the torn part instead of following it.
 */
export class RecordFile {
  readonly #options: RecordFileOptions;
  #handle: FileHandle | undefined;
  #name: string | undefined;
  #size = 0;
  #unsynced = false;
  /** Seen in its directory since the last sync. */
  #present = false;

  constructor(options: RecordFileOptions) {
    this.#options = options;
  }

  /** Where the next record goes. */
  get position(): { readonly file: string; readonly at: number } {
    return { file: this.#name ?? '', at: this.#size };
  }

  /** Goes on in the newest file, whose torn last line is cut off, or begins the first. */
  async open(): Promise<void> {
    const newest = (await listRecordFiles(this.#options.directory)).at(-1);
    if (newest === undefined) return this.#begin();
    this.#handle = await open(join(this.#options.directory, newest), 'r+');
    this.#name = newest;
    this.#size = await cutTornLine(this.#handle);
  }

  /** True when a new file was begun for it. After a failure the same call may be made again. */
  async append(data: Buffer): Promise<boolean> {
    await this.#checkPresence();
    const rotated = await this.#makeRoom(data.length);
    const handle = this.#handle ?? (await this.#reopen());
    this.#unsynced = true;
    try {
      await writeAll(handle, data, this.#size);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#size += data.length;
    return rotated;
  }

  async sync(): Promise<void> {
    if (!this.#unsynced) return;
    await this.#handle?.datasync();
    this.#unsynced = false;
    this.#present = false;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined); // given up or already synced: nothing can be lost here
  }

  /** Somebody may have deleted the file: what went into it then would go with it. Asked once a second, as it is synced. */
  async #checkPresence(): Promise<void> {
    if (this.#present) return;
    if (this.#handle && (await this.#handle.stat()).nlink === 0) await this.close();
    this.#present = true;
  }

  async #makeRoom(bytes: number): Promise<boolean> {
    if (this.#name !== undefined && (this.#size === 0 || this.#size + bytes <= this.#options.maxBytes)) return false;
    await this.sync();
    await this.close();
    // First make room, then begin: on a full disk the other order would never get out.
    await this.#removeOld();
    await this.#begin();
    return true;
  }

  async #begin(): Promise<void> {
    const { directory, clock } = this.#options;
    await mkdir(directory, { recursive: true });
    // Names must rise, also when the clock was set back or two rotations fall within one millisecond.
    for (let time = clock.now(); ; time += 1) {
      const name = recordFileName(time);
      if (this.#name !== undefined && name <= this.#name) {
        time = Math.max(time, timeOf(this.#name));
        continue;
      }
      try {
        this.#handle = await open(join(directory, name), 'wx', 0o640);
      } catch (error) {
        if (errorCode(error) === 'EEXIST') continue;
        throw error;
      }
      this.#name = name;
      this.#size = 0;
      await syncDirectory(directory);
      return;
    }
  }

  /** After a failure: the same file from the last whole record on, or a new one where somebody took it away. */
  async #reopen(): Promise<FileHandle> {
    if (this.#name !== undefined) {
      try {
        this.#handle = await open(join(this.#options.directory, this.#name), 'r+');
        this.#size = Math.min(this.#size, (await this.#handle.stat()).size);
        await this.#handle.truncate(this.#size);
        return this.#handle;
      } catch (error) {
        if (!isMissing(error)) {
          await this.close();
          throw error;
        }
      }
    }
    await this.#begin();
    if (!this.#handle) throw new Error('No record file could be opened');
    return this.#handle;
  }

  /** Leaves one place for the file that is about to be begun. */
  async #removeOld(): Promise<void> {
    const { directory, keepFiles } = this.#options;
    const files = await listRecordFiles(directory);
    for (const name of files.slice(0, Math.max(0, files.length - keepFiles + 1))) {
      await unlink(join(directory, name)).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
  }
}

/** `records-20261122T015958123Z.jsonl` back to its time. */
function timeOf(name: string): number {
  const digits = name.replace(/\D/g, '');
  const part = (from: number, to: number) => Number(digits.slice(from, to));
  return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14), part(14, 17));
}
