import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallId, CallRecord } from './call.js';
import { isMissing, parseObject, readLines, syncDirectory, writeAll } from './record-files.js';
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

/** What one batch adds: calls begun, answered and ended, then the mark. */
export interface JournalBatch {
  readonly begun: Iterable<OpenCall>;
  readonly answered: Iterable<readonly [CallId, CallAnswer]>;
  readonly ended: Iterable<CallId>;
  readonly mark: JournalMark;
}

export interface JournalState {
  readonly open: ReadonlyMap<CallId, OpenEntry>;
  readonly mark: JournalMark | undefined;
}

const FILE = 'open-calls.jsonl';
const NEW_FILE = 'open-calls.new';
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
  /** Seen in its directory since the last sync. */
  #present = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * True: `append` won't do, the next batch must be a `rewrite`. So before the first one, after a failed write, when somebody deleted
   * the file, and when most of it is about calls that are over.
   */
  async mustRewrite(): Promise<boolean> {
    if (!this.#file || (this.#bytes > COMPACT_BYTES && this.#bytes > 2 * this.#bytesAfterRewrite)) return true;
    if (this.#present) return false;
    this.#present = (await this.#file.stat()).nlink > 0;
    return !this.#present;
  }

  async append(batch: JournalBatch): Promise<void> {
    const file = this.#file;
    if (!file) throw new Error('The journal of open calls is not open');
    let text = '';
    for (const call of batch.begun) text += beginLine(call);
    for (const [id, answer] of batch.answered) text += answerLine(id, answer);
    for (const id of batch.ended) text += `${JSON.stringify({ end: id })}\n`;
    text += markLine(batch.mark);
    const data = Buffer.from(text);
    try {
      await writeAll(file, data, this.#bytes);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#bytes += data.length;
  }

  /** Replaces the journal by these calls and this mark, on disk when it resolves. */
  async rewrite(calls: Iterable<OpenEntry>, mark: JournalMark): Promise<void> {
    await this.close();
    const lines = [markLine(mark)];
    for (const { call, answer } of calls) {
      lines.push(beginLine(call));
      if (answer) lines.push(answerLine(call.id, answer));
    }
    const data = Buffer.from(lines.join(''));
    const file = await open(join(this.#directory, NEW_FILE), 'w', 0o640);
    try {
      await writeAll(file, data, 0);
      await file.datasync();
      await rename(join(this.#directory, NEW_FILE), join(this.#directory, FILE));
      await syncDirectory(this.#directory);
    } catch (error) {
      await file.close().catch(() => undefined); // the first error is the one to tell
      throw error;
    }
    this.#file = file;
    this.#bytes = data.length;
    this.#bytesAfterRewrite = data.length;
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
    let mark: JournalMark | undefined;
    try {
      for await (const line of readLines(join(directory, FILE))) mark = readLine(line, open) ?? mark;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return { open, mark };
  }
}

/** The record of a call whose instance died: it ends when the instance was last known to live, at most a heartbeat too early. */
export function lostRecord({ call, answer }: OpenEntry, lastAlive: string | undefined): CallRecord {
  const from = answer?.answer ?? call.start;
  const end = lastAlive !== undefined && Date.parse(lastAlive) > Date.parse(from) ? lastAlive : from;
  return {
    version: 1,
    id: call.id,
    instance: call.instance,
    signallingId: call.signallingId,
    caller: call.caller,
    dialled: call.dialled,
    callee: answer?.callee ?? null,
    route: answer?.route ?? null,
    routesTried: answer?.routesTried ?? 0,
    start: call.start,
    ringing: answer?.ringing ?? null,
    answer: answer?.answer ?? null,
    end,
    durationSeconds: answer ? (Date.parse(end) - Date.parse(answer.answer)) / 1000 : 0,
    reason: 'instanceLost',
    status: null,
    cipher: answer?.cipher ?? null,
    detail: null,
  };
}

function beginLine(call: OpenCall): string {
  return `${JSON.stringify({ begin: call })}\n`;
}

function answerLine(id: CallId, answer: CallAnswer): string {
  return `${JSON.stringify({ answered: id, by: answer })}\n`;
}

function markLine(mark: JournalMark): string {
  return `${JSON.stringify({ mark })}\n`;
}

/** Applies one line to `open`; gives the mark, if it is one. Only whole lines that this file wrote parse as JSON. */
function readLine(line: string, open: Map<CallId, OpenEntry>): JournalMark | undefined {
  const value = parseObject(line);
  if (!value) return undefined;
  if (isObject(value.begin)) {
    const call = value.begin as unknown as OpenCall;
    open.set(call.id, { call, answer: undefined });
  } else if (typeof value.answered === 'string' && isObject(value.by)) {
    const entry = open.get(value.answered);
    if (entry) entry.answer = value.by as unknown as CallAnswer;
  } else if (typeof value.end === 'string') {
    open.delete(value.end);
  } else if (isObject(value.mark)) {
    return value.mark as unknown as JournalMark;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
