import type { Clock, Timer } from '../../clock.js';
import type { CallId, CallRecord } from './call.js';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { DiskPatience } from './disk-patience.js';
import { type EndedCall, HeldRecords } from './held-records.js';
import { lostRecord } from './lost-record.js';
import { type JournalMark, OpenCallsJournal, type OpenEntry } from './open-calls-journal.js';
import { RecordFile } from './record-file.js';
import { readRecords } from './record-files.js';
import type { CallAnswer, OpenCall, RecordSink } from './record-sink.js';

export interface RecordWriterOptions {
  /** One process at a time: it is locked. Made if missing. */
  readonly directory: string;
  /** A record file is closed and the next begun at about this size. */
  readonly maxBytes: number;
  /** Record files that stay, the one being written included; older ones are deleted. */
  readonly keepFiles: number;
  readonly clock: Clock;
  /**
   * Records held in memory while the disk fails; beyond, the oldest are lost and counted. As many again while nobody can tell whose they are;
   * beyond, the oldest are written as this instance's own. About 1 kB each.
   */
  readonly keepInMemory?: number;
  /** A sentence for the operator when the disk begins to fail or records are lost. */
  readonly onProblem?: (sentence: string) => void;
  /** The disk works again and what waited is written. */
  readonly onRecovered?: (sentence: string) => void;
  /** A disk that lets the note of one call wait for longer than this, in milliseconds, gets the next ones gathered. 50 without it. */
  readonly patienceMs?: number;
  /**
   * Where calls can go over to other instances: asked at the start about the calls that an earlier run here left without a record, by
   * whether they were open or had ended. Answers with those whose record is to be written here; the others are forgotten. When this process
   * is killed before their records are written, the next start asks again, and must get the same answer. Left out: all of them.
   */
  readonly settle?: (open: readonly CallId[], ended: readonly CallId[]) => Promise<ReadonlySet<CallId>>;
}

/**
 * What happened since the last write gathers for this long: one write to each file, however many calls (a write takes about 40 µs of CPU
 * time whatever it holds). Only that a call has begun is noted at once: that takes 7 µs, and without it a kill -9 would lose the record.
 */
const GATHER_MS = 50;
const PATIENCE_MS = 50;
/** Written data is on the disk itself (fdatasync) this long after, at most. */
const SYNC_MS = 1000;
/** While calls are open, the journal says at least this often that the instance lives. */
const HEARTBEAT_MS = 5000;
const RETRY_MS = { first: 100, longest: 5000 } as const;
const BATCH_RECORDS = 1000;

const NONE: ReadonlySet<CallId> = new Set();

interface LiveCall extends OpenEntry {
  /** The journal says that this call is open. */
  journalled: boolean;
}

/**
 * Writes call records as JSON lines, each exactly once, also across a crash.
 *
 * That a call has begun is in the journal of open calls (`open-calls.jsonl`) before `begun` returns. All else is written in batches, in this
 * order: records, then the journal with a mark of how far the record file had come. Whatever moment a crash picks, at the next start a call
 * that the journal calls open either has its record after the mark, or gets one now with the reason `instanceLost`.
 *
 * A record that may be another instance's to write is held until that is known; when it takes longer than a batch, it is kept in the
 * journal as it is.
 *
 * Calls never wait for a disk that hangs or fails: it is tried again, with growing pauses, and what can be is held in memory.
 */
export class RecordWriter implements RecordSink {
  readonly #options: RecordWriterOptions;
  readonly #keepInMemory: number;
  readonly #lock: DirectoryLock;
  readonly #file: RecordFile;
  readonly #journal: OpenCallsJournal;
  readonly #open = new Map<CallId, LiveCall>();
  readonly #held: HeldRecords;
  readonly #patience: DiskPatience;
  /** What the journal is still to be told. */
  #begun = new Set<CallId>();
  #answered = new Set<CallId>();
  #done = new Set<CallId>();
  /** The part of `#done` that is being written. */
  #beingTold: ReadonlySet<CallId> = NONE;
  #waiting: EndedCall[] = [];
  #last: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #syncTimer: Timer | undefined;
  #heartbeat: Timer | undefined;
  #retryMs: number = RETRY_MS.first;
  #degraded: string | undefined;
  #written = 0;
  #lost = 0;
  #closed = false;

  private constructor(options: RecordWriterOptions, lock: DirectoryLock) {
    this.#options = options;
    this.#keepInMemory = options.keepInMemory ?? 50_000;
    this.#lock = lock;
    this.#file = new RecordFile(options);
    this.#journal = new OpenCallsJournal(options.directory);
    this.#held = new HeldRecords({
      limit: this.#keepInMemory,
      settled: (ended, ours) => this.#settled(ended, ours),
      onProblem: options.onProblem,
    });
    const { clock, patienceMs = PATIENCE_MS, directory } = options;
    this.#patience = new DiskPatience({
      limitMs: patienceMs,
      clock,
      onStall: (tookMs, pauseMs) =>
        options.onProblem?.(
          `The disk of ${directory} made everything wait for ${Math.round(tookMs)} ms. For ${pauseMs / 1000} s calls don't wait for it: ` +
            `of those that begin in the last ${GATHER_MS} ms before a crash there would be no record`,
        ),
    });
  }

  /**
   * Opens the directory and writes the records that a process that died here still owes. Fails with an Error that says why: the
   * directory is another process's, or can't be written.
   */
  static async open(options: RecordWriterOptions): Promise<RecordWriter> {
    const lock = await lockDirectory(options.directory);
    const writer = new RecordWriter(options, lock);
    try {
      await writer.#recover();
    } catch (error) {
      await writer.#journal.close();
      await writer.#file.close();
      await lock.release();
      throw error;
    }
    writer.#beat();
    return writer;
  }

  /** Why records can't be written now; undefined when all is well. For `/readyz`. */
  get degraded(): string | undefined {
    return this.#degraded;
  }

  /** Records that wait for the disk, or until it is known whose they are. */
  get pending(): number {
    return this.#waiting.length + this.#held.size;
  }

  /** Records written since the start, those of lost instances included. */
  get written(): number {
    return this.#written;
  }

  /** Records given up since the start because the disk failed for too long. */
  get lost(): number {
    return this.#lost;
  }

  begun(call: OpenCall): void {
    const live: LiveCall = { call, answer: undefined, journalled: false };
    this.#open.set(call.id, live);
    // A call that was here before may come back: that it went must not be read after that it came.
    this.#done.delete(call.id);
    if (!this.#beingTold.has(call.id) && this.#patience.try(() => this.#journal.begin(call))) live.journalled = true;
    else this.#begun.add(call.id);
    this.#gather();
  }

  answered(id: CallId, answer: CallAnswer): void {
    const live = this.#open.get(id);
    if (!live) return;
    live.answer = answer;
    this.#answered.add(id);
    this.#gather();
  }

  ended(record: CallRecord, ours?: Promise<boolean | undefined>): void {
    const live = this.#takeOut(record.id);
    if (!live) return;
    const ended: EndedCall = { record, journalled: live.journalled };
    if (ours) this.#held.hold(ended, ours);
    else this.#owe(ended);
    this.#gather();
  }

  recordedElsewhere(id: CallId): void {
    if (!this.#takeOut(id)?.journalled) return;
    this.#forget(id);
    this.#gather();
  }

  #takeOut(id: CallId): LiveCall | undefined {
    const live = this.#open.get(id);
    if (!live) return undefined;
    this.#open.delete(id);
    this.#begun.delete(id);
    this.#answered.delete(id);
    return live;
  }

  #owe(ended: EndedCall): void {
    this.#waiting.push(ended);
    // In slices: taking one record off a long array for each that comes would cost more than the call.
    const slice = Math.max(1, this.#keepInMemory >> 4);
    if (this.#waiting.length >= this.#keepInMemory + slice) this.#giveUp(slice);
  }

  #settled(ended: EndedCall, ours: boolean): void {
    if (ours) this.#owe(ended);
    else if (ended.journalled) this.#forget(ended.record.id);
    this.#gather();
  }

  /** The journal is told that no record of this call is owed any more, unless the call has come back meanwhile. */
  #forget(id: CallId): void {
    if (!this.#open.has(id)) this.#done.add(id);
  }

  /** Everything told before is on the disk itself when it resolves. Rejects with the disk's error; what waits is still tried again later. */
  async flush(): Promise<void> {
    await this.#exclusive(() => this.#write(true));
  }

  /**
   * Writes what waits, once more if the disk fails, and gives the directory free. Calls still open get their record at the next start, and
   * those of which it is not known whose they are stay in the journal until then: close the shared store first, so that it can say.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#syncTimer?.cancel();
    this.#heartbeat?.cancel();
    this.#held.close();
    await this.#exclusive(async () => {
      try {
        await this.#write(true);
      } catch (error) {
        if (this.#waiting.length > 0) this.#giveUp(this.#waiting.length);
        this.#options.onProblem?.(`Closing the call records failed: ${messageOf(error)}`);
      }
      await this.#journal.close();
      await this.#file.close();
      await this.#lock.release();
    });
  }

  async #recover(): Promise<void> {
    const { directory, settle } = this.#options;
    const { open, held, mark } = await OpenCallsJournal.read(directory);
    await this.#file.open();
    const owed = new Map<CallId, CallRecord>(held);
    for (const { call, answer } of open.values()) owed.set(call.id, lostRecord(call, answer, mark?.time));
    if (owed.size > 0) {
      for await (const record of readRecords(directory, mark ? { from: mark } : {})) owed.delete(record.id);
    }
    const left = [...owed.keys()];
    const ours =
      settle && left.length > 0
        ? await settle(
            left.filter((id) => open.has(id)),
            left.filter((id) => held.has(id)),
          )
        : owed;
    for (const [id, record] of owed) if (ours.has(id)) this.#waiting.push({ record, journalled: false });
    // The old journal stays in force until every record it calls for is on the disk.
    while (this.#waiting.length > 0) await this.#writeRecords();
    await this.#file.sync();
    await this.#journal.rewrite({ open: [], held: [], mark: this.#mark() });
  }

  /** One task at a time touches the files. */
  #exclusive(task: () => Promise<void>): Promise<void> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined); // told through `result`; here only the order counts
    return result;
  }

  #gather(): void {
    if (this.#timer || this.#closed || this.#degraded !== undefined) return;
    this.#timer = this.#options.clock.after(GATHER_MS, () => this.#tick());
  }

  #tick(): void {
    this.#timer = undefined;
    // `#write` has noted its failure and set the next try.
    this.#exclusive(() => this.#write(false)).catch(() => undefined);
  }

  async #write(sync: boolean): Promise<void> {
    try {
      let rewrite = await this.#journal.mustRewrite();
      while (this.#waiting.length > 0) rewrite = (await this.#writeRecords()) || rewrite;
      // No record waits now, and `#writeJournal` looks at the calls before anything else can happen: each is open, held, recorded or not ours.
      await this.#writeJournal(rewrite);
      if (sync) {
        await this.#file.sync();
        await this.#journal.sync();
      }
    } catch (error) {
      this.#failed(error);
      throw error;
    }
    this.#worked();
    if (!sync) this.#syncSoon();
  }

  async #writeRecords(): Promise<boolean> {
    const batch = this.#waiting.splice(0, BATCH_RECORDS);
    let text = '';
    for (const { record } of batch) text += `${JSON.stringify(record)}\n`;
    let rotated: boolean;
    try {
      rotated = await this.#file.append(Buffer.from(text));
    } catch (error) {
      this.#waiting = batch.concat(this.#waiting);
      throw error;
    }
    this.#written += batch.length;
    for (const { record, journalled } of batch) if (journalled) this.#forget(record.id);
    return rotated;
  }

  async #writeJournal(rewrite: boolean): Promise<void> {
    // Taken before the write: what happens during it belongs to the next one.
    const begun = this.#entries(this.#begun);
    const answered = this.#entries(this.#answered);
    const held = this.#held.takeUnjournalled();
    const ended = this.#done;
    this.#beingTold = ended;
    this.#begun = new Set();
    this.#answered = new Set();
    this.#done = new Set();
    for (const live of begun) live.journalled = true;
    const mark = this.#mark();
    try {
      if (rewrite) await this.#journal.rewrite({ open: this.#open.values(), held: this.#held.all(), mark });
      else {
        await this.#journal.append({
          begun: begun.map(({ call }) => call),
          answered: answered.flatMap(({ call, answer }) => (answer ? [[call.id, answer] as const] : [])),
          held,
          ended,
          mark,
        });
      }
    } finally {
      this.#beingTold = NONE;
    }
  }

  #entries(ids: Iterable<CallId>): LiveCall[] {
    const entries: LiveCall[] = [];
    for (const id of ids) {
      const entry = this.#open.get(id);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  #mark(): JournalMark {
    return { ...this.#file.position, time: new Date(this.#options.clock.now()).toISOString() };
  }

  #failed(error: unknown): void {
    const sentence = `Call records can't be written to ${this.#options.directory}: ${messageOf(error)}`;
    if (this.#degraded === undefined) {
      this.#options.onProblem?.(`${sentence}. Up to ${this.#keepInMemory} are held in memory while it is tried again`);
    }
    this.#degraded = sentence;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(this.#retryMs, () => this.#tick());
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS.longest);
  }

  #worked(): void {
    this.#retryMs = RETRY_MS.first;
    if (this.#degraded === undefined) return;
    this.#degraded = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#options.onRecovered?.(`Call records are written to ${this.#options.directory} again`);
    this.#gather();
  }

  #giveUp(count: number): void {
    this.#waiting.splice(0, count);
    const first = this.#lost === 0;
    this.#lost += count;
    if (first) this.#options.onProblem?.('Call records are being lost, the oldest first: the disk failed for longer than memory lasts');
  }

  #syncSoon(): void {
    if (this.#syncTimer || this.#closed) return;
    this.#syncTimer = this.#options.clock.after(SYNC_MS, () => {
      this.#syncTimer = undefined;
      this.#exclusive(() => this.#sync()).catch(() => undefined); // noted in `#sync`
    });
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#journal.sync();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #beat(): void {
    this.#heartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      if (this.#closed) return;
      if (this.#open.size > 0) this.#gather();
      this.#beat();
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
