import { readFileSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { OpenCallsJournal } from '../../../src/gatekeeper/calls/open-calls-journal.js';
import { listRecordFiles } from '../../../src/gatekeeper/calls/record-files.js';
import { RecordWriter, type RecordWriterOptions } from '../../../src/gatekeeper/calls/record-writer.js';
import { allRecords, bertil, openCall, recordOf } from '../../support/calls.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const START = Date.parse('2026-11-22T08:00:00Z');

async function openWriter(directory: string, options: Partial<RecordWriterOptions> = {}): Promise<RecordWriter> {
  const writer = await RecordWriter.open({ directory, maxBytes: 1_000_000, keepFiles: 10, clock: new VirtualClock(START), ...options });
  onTestFinished(() => writer.close());
  return writer;
}

/** The directory as a kill at this moment would leave it: in another place, as the writer still has this one. */
async function killed(directory: string): Promise<string> {
  const copy = join(await temporaryDirectory(), 'records');
  await cp(directory, copy, { recursive: true });
  return copy;
}

const journalOf = (directory: string) => readFileSync(join(directory, 'open-calls.jsonl'), 'utf8');
const idsAndReasons = async (directory: string) => (await allRecords(directory)).map(({ id, reason }) => [id, reason]);
const never = () => new Promise<undefined>(() => undefined);

function decision() {
  let decide: (ours: boolean | undefined) => void = () => undefined;
  const ours = new Promise<boolean | undefined>((resolve) => {
    decide = resolve;
  });
  return { ours, decide: (whose: boolean | undefined) => decide(whose) };
}

describe('a call that begins', () => {
  it('is in the journal before anything else happens', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    writer.begun(openCall('c1'));
    const atOnce = await killed(directory);
    await (await openWriter(atOnce)).close();
    expect(await idsAndReasons(atOnce)).toEqual([['c1', 'instanceLost']]);
  });

  it('stands apart from a line that a failed write has left behind', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    await appendFile(join(directory, 'open-calls.jsonl'), '{"answered":"c0","by"');
    writer.begun(openCall('c1'));
    const { open } = await OpenCallsJournal.read(directory);
    expect([...open.keys()]).toEqual(['c1']);
  });

  it('is in the journal at every moment of a rewrite', async () => {
    const directory = await temporaryDirectory();
    const journal = new OpenCallsJournal(directory);
    onTestFinished(() => journal.close());
    const mark = { file: '', at: 0, time: '2026-11-22T08:00:00.000Z' };
    await journal.rewrite({ open: [], held: [], mark });
    const begun: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      let done = false;
      const snapshot = begun.map((id) => ({ call: openCall(id), answer: undefined }));
      const rewrite = journal.rewrite({ open: snapshot, held: [], mark }).finally(() => {
        done = true;
      });
      while (!done) {
        const id = `c${begun.length}`;
        expect(journal.begin(openCall(id))).toBe(true);
        begun.push(id);
        const journalled = journalOf(directory);
        expect(begun.filter((id) => !journalled.includes(`"id":"${id}"`))).toEqual([]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await rewrite;
    }
    expect(begun.length).toBeGreaterThan(40);
    const { open } = await OpenCallsJournal.read(directory);
    expect([...open.keys()].sort()).toEqual(begun.sort());
  });

  it('waits once for a disk that stalls, and then not again for 10 s', async () => {
    const directory = await temporaryDirectory();
    const clock = new VirtualClock(START);
    const problems: string[] = [];
    const writer = await openWriter(directory, { clock, patienceMs: -1, onProblem: (sentence) => problems.push(sentence) });
    writer.begun(openCall('c1'));
    writer.begun(openCall('c2'));
    expect([journalOf(directory).includes('"c1"'), journalOf(directory).includes('"c2"')]).toEqual([true, false]);
    expect(problems).toEqual([expect.stringMatching(/made everything wait for \d+ ms\. For 10 s calls don't wait for it/)]);
    await writer.flush();
    expect(journalOf(directory)).toContain('"c2"');
    clock.advance(10_000);
    writer.begun(openCall('c3'));
    expect(journalOf(directory)).toContain('"c3"');
    expect(problems).toHaveLength(2);
  });
});

describe('a record that may be another instance’s', () => {
  it('costs the journal nothing when it is known at once whose it is', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    writer.begun(openCall('ours'));
    writer.begun(openCall('theirs'));
    writer.ended(recordOf(openCall('ours')), Promise.resolve(true));
    writer.ended(recordOf(openCall('theirs')), Promise.resolve(false));
    expect(writer.pending).toBe(2);
    await writer.flush();
    expect(writer.pending).toBe(0);
    expect(await idsAndReasons(directory)).toEqual([['ours', 'completed']]);
    expect(journalOf(directory)).not.toContain('held');
    expect((await OpenCallsJournal.read(directory)).open.size).toBe(0);
  });

  it('is kept by the journal until it is known, and then written once or not at all', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    const [ours, theirs] = [decision(), decision()];
    writer.begun(openCall('ours'));
    writer.begun(openCall('theirs'));
    writer.ended(recordOf(openCall('ours')), ours.ours);
    writer.ended(recordOf(openCall('theirs')), theirs.ours);
    writer.ended(recordOf(openCall('ours')), Promise.resolve(true));
    await writer.flush();
    expect(writer.pending).toBe(2);
    expect(await idsAndReasons(directory)).toEqual([]);
    expect([...(await OpenCallsJournal.read(directory)).held.keys()]).toEqual(['ours', 'theirs']);

    ours.decide(true);
    theirs.decide(false);
    await vi.waitFor(() => expect(writer.pending).toBe(1));
    await writer.flush();
    expect(await idsAndReasons(directory)).toEqual([['ours', 'completed']]);
    expect(await OpenCallsJournal.read(directory)).toMatchObject({ open: new Map(), held: new Map() });
  });

  it('is taken off the journal also when only the record had been noted there', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory, { patienceMs: -1 });
    writer.begun(openCall('pauses the disk'));
    const { ours, decide } = decision();
    writer.begun(openCall('c1'));
    writer.ended(recordOf(openCall('c1')), ours);
    await writer.flush();
    expect([...(await OpenCallsJournal.read(directory)).held.keys()]).toEqual(['c1']);
    decide(false);
    await vi.waitFor(() => expect(writer.pending).toBe(0));
    await writer.flush();
    expect((await OpenCallsJournal.read(directory)).held.size).toBe(0);
  });

  it('outlasts a kill with all that it says, and is written at the next start if it is ours', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    for (const id of ['held-ours', 'held-theirs', 'open-ours', 'open-theirs']) writer.begun(openCall(id));
    for (const id of ['held-ours', 'held-theirs']) writer.ended(recordOf(openCall(id), { detail: 'as it was' }), never());
    await writer.flush();
    const left = await killed(directory);
    const asked: unknown[] = [];
    const settle = (open: readonly string[], ended: readonly string[]) => {
      asked.push([...open].sort(), ended);
      return Promise.resolve(new Set([...open, ...ended, 'stranger'].filter((id) => !id.endsWith('theirs'))));
    };
    for (let start = 0; start < 3; start += 1) await (await openWriter(left, { settle })).close();
    expect(asked).toEqual([
      ['open-ours', 'open-theirs'],
      ['held-ours', 'held-theirs'],
    ]);
    const records = await allRecords(left);
    expect(records.map(({ id, reason, detail }) => [id, reason, detail])).toEqual([
      ['held-ours', 'completed', 'as it was'],
      ['open-ours', 'instanceLost', null],
    ]);
  });

  it('is left to the next start when the store closes before it can say', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    const rejected = Promise.reject(new Error('closed'));
    writer.begun(openCall('c1'));
    writer.begun(openCall('c2'));
    writer.ended(recordOf(openCall('c1')), Promise.resolve(undefined));
    writer.ended(recordOf(openCall('c2')), rejected);
    await writer.close();
    expect(await idsAndReasons(directory)).toEqual([]);
    await (await openWriter(directory)).close();
    expect(await idsAndReasons(directory)).toEqual([
      ['c1', 'completed'],
      ['c2', 'completed'],
    ]);
  });

  it('stays in the journal when it is rewritten', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory, { maxBytes: 1000 });
    writer.begun(openCall('held'));
    writer.ended(recordOf(openCall('held')), never());
    for (let i = 0; i < 20; i += 1) {
      writer.begun(openCall(`c${i}`));
      await writer.flush();
      writer.ended(recordOf(openCall(`c${i}`)));
      await writer.flush();
    }
    expect(journalOf(directory).length).toBeLessThan(3000);
    expect([...(await OpenCallsJournal.read(directory)).held.keys()]).toEqual(['held']);
  });

  it('is written unasked only beyond the bound of memory, the oldest first, and says so once', async () => {
    const directory = await temporaryDirectory();
    const problems: string[] = [];
    const writer = await openWriter(directory, { keepInMemory: 10, onProblem: (sentence) => problems.push(sentence) });
    for (let i = 0; i < 13; i += 1) {
      writer.begun(openCall(`c${i}`));
      writer.ended(recordOf(openCall(`c${i}`)), never());
    }
    await writer.flush();
    expect(writer.pending).toBe(10);
    expect((await allRecords(directory)).map(({ id }) => id)).toEqual(['c0', 'c1', 'c2']);
    expect(problems).toEqual([expect.stringMatching(/More than 10 calls have ended while the shared state is away/)]);
  });
});

describe('a call that goes to another instance and comes back', () => {
  it('is in the journal, whatever the moment at which it comes back', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    for (let round = 0; round < 20; round += 1) {
      writer.begun(openCall('c1'));
      writer.recordedElsewhere('c1');
      let flushed = false;
      const flush = writer.flush().finally(() => {
        flushed = true;
      });
      for (let wait = 0; wait < round && !flushed; wait += 1) await new Promise((resolve) => setImmediate(resolve));
      writer.begun({ ...openCall('c1'), takenOverBy: 'portvakt-2' });
      await flush;
      await writer.flush();
      expect([...(await OpenCallsJournal.read(directory)).open.keys()]).toEqual(['c1']);
      writer.recordedElsewhere('c1');
      await writer.flush();
    }
  });

  it('is not recorded while it is away, and is when it is lost after it came back', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    writer.begun(openCall('away'));
    writer.begun(openCall('back'));
    writer.recordedElsewhere('away');
    writer.recordedElsewhere('back');
    writer.ended(recordOf(openCall('away')));
    const takenOver = { ...openCall('back'), instance: 'portvakt-1', takenOverBy: 'portvakt-2' };
    writer.begun(takenOver);
    writer.answered('back', {
      callee: bertil,
      route: 'r',
      routesTried: 1,
      ringing: null,
      answer: '2026-11-22T08:00:04.000Z',
      cipher: 'x',
    });
    await writer.flush();
    const left = await killed(directory);
    await (await openWriter(left)).close();
    expect(await allRecords(left)).toMatchObject([
      {
        id: 'back',
        instance: 'portvakt-1',
        reason: 'instanceLost',
        callee: bertil,
        detail: 'portvakt-2, which carried the call on, was lost; it wrote this record when it was back',
      },
    ]);
  });
});

describe('a start that is killed half-way', () => {
  async function left(): Promise<string> {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    for (const id of ['open', 'held', 'theirs']) writer.begun(openCall(id));
    writer.ended(recordOf(openCall('held')), never());
    await writer.flush();
    return killed(directory);
  }
  const settle = (open: readonly string[], ended: readonly string[]) =>
    Promise.resolve(new Set([...open, ...ended].filter((id) => id !== 'theirs')));
  const once = [
    ['held', 'completed'],
    ['open', 'instanceLost'],
  ];

  it('before it was told whose the records are, asks again', async () => {
    const directory = await left();
    const away = () => Promise.reject(new Error('away'));
    await expect(openWriter(directory, { settle: away })).rejects.toThrow('away');
    await (await openWriter(directory, { settle })).close();
    expect(await idsAndReasons(directory)).toEqual(once);
  });

  it('before it could write the records, writes them then', async () => {
    const directory = await left();
    for (const file of await listRecordFiles(directory)) await rm(join(directory, file));
    const full = join(directory, 'records-20260101T000000000Z.jsonl');
    await symlink('/dev/full', full);
    await expect(openWriter(directory, { settle })).rejects.toThrow(/ENOSPC/);
    await rm(full);
    await (await openWriter(directory, { settle })).close();
    expect(await idsAndReasons(directory)).toEqual(once);
  });

  it('before the journal knew that they were written, does not write them again', async () => {
    const directory = await left();
    await mkdir(join(directory, 'open-calls.new'));
    await expect(openWriter(directory, { settle })).rejects.toThrow(/EISDIR/);
    expect(await idsAndReasons(directory)).toEqual(once);
    await rm(join(directory, 'open-calls.new'), { recursive: true });
    const asked: unknown[] = [];
    const again = (open: readonly string[], ended: readonly string[]) => {
      asked.push(open, ended);
      return settle(open, ended);
    };
    await (await openWriter(directory, { settle: again })).close();
    expect(asked).toEqual([['theirs'], []]);
    expect(await idsAndReasons(directory)).toEqual(once);
    expect(await readFile(join(directory, 'open-calls.jsonl'), 'utf8')).not.toContain('theirs');
  });
});
