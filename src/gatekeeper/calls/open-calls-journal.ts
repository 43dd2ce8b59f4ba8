import { constants, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallId, CallRecord } from './call.js';
import { isMissing, parseObject, readLines, syncDirectory } from './record-files.js';
import type { CallAnswer, OpenCall } from './record-sink.js';

/**
 * Where the record files stood when everything before was in the journal too: records after it may belong to calls that the journal
 * still calls open. `time` (ISO 8601) is the last moment the instance is known to have lived.
 */
export interface JournalMark {
  readonly file: string;
  readonly at: number;
  readonly time: string;
}

export interface OpenEntry {
  readonly call: OpenCall;
  answer: CallAnswer | undefined;
}

/** What one batch adds: calls begun, answered, held and ended, then the mark. */
export interface JournalBatch {
  readonly begun: Iterable<OpenCall>;
  readonly answered: Iterable<readonly [CallId, CallAnswer]>;
  /** Records of calls that are over, while nobody can tell yet whether they are this instance's to write. */
  readonly held: Iterable<CallRecord>;
  readonly ended: Iterable<CallId>;
  readonly mark: JournalMark;
}

/** All that the journal has to say at one moment. */
export interface JournalSnapshot {
  readonly open: Iterable<OpenEntry>;
  readonly held: Iterable<CallRecord>;
  readonly mark: JournalMark;
}

export interface JournalState {
  readonly open: ReadonlyMap<CallId, OpenEntry>;
  readonly held: ReadonlyMap<CallId, CallRecord>;
  readonly mark: JournalMark | undefined;
}

const FILE = 'open-calls.jsonl';
const NEW_FILE = 'open-calls.new';
/** The kernel puts every write at the end: what is written at once and what is written in its own time need not know of each other. */
const NEW_FILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;
/** Below this size it isn't worth a new file. */
const COMPACT_BYTES = 1024 * 1024;

/**
 * `open-calls.jsonl`: one line when a call begins, is answered and ends. It answers one question after a crash: which calls have no
 * record yet? Rewritten with the open calls alone now and then, by a new file and a rename: a crash leaves the old or the new one.
 */
export class OpenCallsJournal {
  readonly #directory: string;
  #file: FileHandle | undefined;
  #bytes = 0;
  #bytesAfterRewrite = 0;
  /** A write failed: what the file says is true, but it doesn't say all. */
  #incomplete = false;
  /** Seen in its directory since the last sync. */
  #present = false;
  /** Calls begun since the snapshot of a rewrite under way, as lines, until its file can take them. */
  #sinceSnapshot: string[] | undefined;
  /** The file of a rewrite under way, once it has all that the old one has. */
  #next: FileHandle | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * True: `append` won't do, the next batch must be a `rewrite`. So before the first one, after a failed write, when somebody deleted
   * the file, and when most of it is about calls that are over.
   */
  async mustRewrite(): Promise<boolean> {
    if (!this.#file || this.#incomplete || (this.#bytes > COMPACT_BYTES && this.#bytes > 2 * this.#bytesAfterRewrite)) return true;
    if (this.#present) return false;
    this.#present = (await this.#file.stat()).nlink > 0;
    return !this.#present;
  }

  /**
   * Notes at once that a call has begun: a process that is killed the moment after leaves the line. Some 5 µs, unless the disk is so busy
   * that the kernel lets writers wait. Goes between and into whatever else is under way here. False: it belongs into the next batch.
   */
  begin(call: OpenCall): boolean {
    if (!this.#file || this.#incomplete) return false;
    // On a line of its own, whatever part of a line a failed write has left.
    const line = `\n${beginLine(call)}`;
    try {
      this.#bytes += appendNow(this.#file, line);
      if (this.#next) appendNow(this.#next, line);
    } catch {
      this.#incomplete = true; // the next batch rewrites the file, or tells why it can't
      return false;
    }
    this.#sinceSnapshot?.push(line);
    return true;
  }

  async append(batch: JournalBatch): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error('The journal of open calls is not open');
    let text = '\n';
    for (const call of batch.begun) text += beginLine(call);
    for (const [id, answer] of batch.answered) text += answerLine(id, answer);
    for (const record of batch.held) text += heldLine(record);
    for (const id of batch.ended) text += `${JSON.stringify({ end: id })}\n`;
    text += markLine(batch.mark);
    try {
      this.#bytes += await append(file, text);
    } catch (error) {
      this.#incomplete = true;
      throw error;
    }
  }

  /**
   * Replaces the journal by this snapshot, read before it returns, and the calls begun since; on disk when it resolves. The old file is in
   * force until then.
   */
  async rewrite({ open: calls, held, mark }: JournalSnapshot): Promise<void> {
    const lines = [markLine(mark)];
    for (const { call, answer } of calls) {
      lines.push(beginLine(call));
      if (answer) lines.push(answerLine(call.id, answer));
    }
    for (const record of held) lines.push(heldLine(record));
    const since: string[] = [];
    this.#sinceSnapshot = since;
    let file: FileHandle | undefined;
    let bytes = 0;
    try {
      file = await open(join(this.#directory, NEW_FILE), NEW_FILE_FLAGS, 0o640);
      bytes = await append(file, lines.join(''));
      // From here on calls that begin go into both files: whichever a crash leaves in force has them.
      if (since.length > 0) bytes += appendNow(file, since.join(''));
      this.#next = file;
      await file.datasync();
      await rename(join(this.#directory, NEW_FILE), join(this.#directory, FILE));
      await syncDirectory(this.#directory);
    } catch (error) {
      this.#incomplete = true;
      await file?.close().catch(() => undefined); // the first error is the one to tell
      throw error;
    } finally {
      this.#sinceSnapshot = undefined;
      this.#next = undefined;
    }
    const old = this.#file;
    this.#file = file;
    this.#bytes = bytes;
    this.#bytesAfterRewrite = bytes;
    this.#incomplete = false;
    await old?.close().catch(() => undefined); // the new one has all of it
  }

  async sync(): Promise<void> {
    await this.#file?.datasync();
    this.#present = false;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined); // given up or already synced: nothing can be lost here
  }

  /** What the last process left. Lines damaged by a crash are passed over: a call whose beginning can't be read can't be recorded. */
  static async read(directory: string): Promise<JournalState> {
    const open = new Map<CallId, OpenEntry>();
    const held = new Map<CallId, CallRecord>();
    let mark: JournalMark | undefined;
    try {
      for await (const line of readLines(join(directory, FILE))) mark = readLine(line, open, held) ?? mark;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return { open, held, mark };
  }
}

/** Writes all of it at the end of a file opened with O_APPEND, or fails; gives the bytes. Less than all is a full disk, not a reason to go on. */
async function append(file: FileHandle, text: string): Promise<number> {
  const data = Buffer.from(text);
  const { bytesWritten } = await file.write(data);
  if (bytesWritten < data.length) throw new Error(`only ${bytesWritten} of ${data.length} bytes could be written`);
  return bytesWritten;
}

/** The same, before it returns. */
function appendNow(file: FileHandle, text: string): number {
  const data = Buffer.from(text);
  const written = writeSync(file.fd, data);
  if (written < data.length) throw new Error(`only ${written} of ${data.length} bytes could be written`);
  return written;
}

function beginLine(call: OpenCall): string {
  return `${JSON.stringify({ begin: call })}\n`;
}

function answerLine(id: CallId, answer: CallAnswer): string {
  return `${JSON.stringify({ answered: id, by: answer })}\n`;
}

function heldLine(record: CallRecord): string {
  return `${JSON.stringify({ held: record })}\n`;
}

function markLine(mark: JournalMark): string {
  return `${JSON.stringify({ mark })}\n`;
}

/** Applies one line; gives the mark, if it is one. Only whole lines that this file wrote parse as JSON. */
function readLine(line: string, open: Map<CallId, OpenEntry>, held: Map<CallId, CallRecord>): JournalMark | undefined {
  const value = line.length === 0 ? undefined : parseObject(line);
  if (!value) return undefined;
  if (isObject(value.begin)) {
    const call = value.begin as unknown as OpenCall;
    open.set(call.id, { call, answer: undefined });
  } else if (typeof value.answered === 'string' && isObject(value.by)) {
    const entry = open.get(value.answered);
    if (entry) entry.answer = value.by as unknown as CallAnswer;
  } else if (typeof value.end === 'string') {
    open.delete(value.end);
    held.delete(value.end);
  } else if (isObject(value.held)) {
    const record = value.held as unknown as CallRecord;
    open.delete(record.id);
    held.set(record.id, record);
  } else if (isObject(value.mark)) {
    return value.mark as unknown as JournalMark;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
