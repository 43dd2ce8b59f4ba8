import { appendFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock, VirtualClock } from '../../../src/clock.js';
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

const journalOf = (directory: string) => readFile(join(directory, 'open-calls.jsonl'), 'utf8');

describe('RecordWriter', () => {
  it('writes one line for each call that ended, exactly as it was given', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    const record = recordOf(openCall('c1'), { dialled: 'anna "the\u2028nurse"\n@norr.example' });
    writer.begun(openCall('c1'));
    writer.ended(record);
    await writer.flush();
    expect(await allRecords(directory)).toEqual([record]);
    expect(writer.written).toBe(1);
  });

  it('ignores a second end, and the end of a call it never knew', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    writer.begun(openCall('c1'));
    writer.ended(recordOf(openCall('c1')));
    writer.ended(recordOf(openCall('c1'), { reason: 'calleeBusy' }));
    await writer.flush();
    writer.ended(recordOf(openCall('c1')));
    writer.ended(recordOf(openCall('stranger')));
    await writer.flush();
    expect((await allRecords(directory)).map(({ id, reason }) => [id, reason])).toEqual([['c1', 'completed']]);
  });

  it('gathers what happens within 50 ms and writes by itself', async () => {
    const directory = await temporaryDirectory();
    const clock = new VirtualClock(START);
    const writer = await openWriter(directory, { clock });
    writer.begun(openCall('c1'));
    writer.ended(recordOf(openCall('c1')));
    expect(await allRecords(directory)).toEqual([]);
    clock.advance(49);
    expect(clock.pending).toBe(2);
    clock.advance(1);
    await vi.waitFor(async () => expect(await allRecords(directory)).toHaveLength(1));
  });

  it('begins a new file when one is full, keeps as many as told, and never writes a record across two', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory, { maxBytes: 3000, keepFiles: 3 });
    for (let i = 0; i < 40; i += 1) {
      writer.begun(openCall(`c${i}`));
      writer.ended(recordOf(openCall(`c${i}`)));
      await writer.flush();
    }
    const files = await listRecordFiles(directory);
    expect(files).toHaveLength(3);
    for (const file of files) {
      const text = await readFile(join(directory, file), 'utf8');
      expect(text.length).toBeLessThanOrEqual(3000);
      expect(text.endsWith('}\n')).toBe(true);
    }
    const ids = (await allRecords(directory)).map(({ id }) => id);
    expect(ids.at(-1)).toBe('c39');
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => `c${40 - ids.length + i}`));
  });

  it('goes on in the newest file after a restart, and cuts off a line that was torn', async () => {
    const directory = await temporaryDirectory();
    const first = await openWriter(directory);
    first.begun(openCall('c1'));
    first.ended(recordOf(openCall('c1')));
    await first.close();
    const [file = ''] = await listRecordFiles(directory);
    await appendFile(join(directory, file), JSON.stringify(recordOf(openCall('c2'))).slice(0, 100));
    const second = await openWriter(directory);
    second.begun(openCall('c3'));
    second.ended(recordOf(openCall('c3')));
    await second.flush();
    const damaged: string[] = [];
    const records = await allRecords(directory, { onDamagedLine: (_, line) => damaged.push(line) });
    expect(records.map(({ id }) => id)).toEqual(['c1', 'c3']);
    expect(damaged).toEqual([]);
    expect(await listRecordFiles(directory)).toEqual([file]);
  });

  it('refuses a directory that another writer has open, and gives it free on close', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory);
    await expect(openWriter(directory)).rejects.toThrow(/in use by another Portvakt process/);
    await writer.close();
    await openWriter(directory);
  });
});

describe('a call that was open when the instance died', () => {
  it('gets its record at the next start, once, with what is known of it', async () => {
    const directory = await temporaryDirectory();
    const clock = new VirtualClock(START);
    const first = await openWriter(directory, { clock });
    first.begun(openCall('ringing'));
    first.begun(openCall('talking'));
    const answer = { route: 'registration 461020001', routesTried: 1, ringing: null, cipher: 'DTLS-SRTP' };
    first.answered('talking', { ...answer, callee: bertil, answer: '2026-11-22T08:00:04.000Z' });
    await first.flush();
    clock.advance(9_000); // the heartbeat at 5 s is the last sign of life
    await vi.waitFor(async () => expect(await journalOf(directory)).toContain('08:00:09'));
    await first.close(); // without an end for either, as a crash would leave them

    for (let start = 0; start < 3; start += 1) await (await openWriter(directory)).close();
    const records = await allRecords(directory);
    expect(records).toHaveLength(2);
    expect(records.find(({ id }) => id === 'ringing')).toMatchObject({
      reason: 'instanceLost',
      callee: null,
      answer: null,
      durationSeconds: 0,
    });
    expect(records.find(({ id }) => id === 'talking')).toMatchObject({
      reason: 'instanceLost',
      callee: bertil,
      answer: '2026-11-22T08:00:04.000Z',
      end: '2026-11-22T08:00:09.000Z',
      durationSeconds: 5,
      cipher: 'DTLS-SRTP',
    });
  });

  it('is not recorded again when the crash came between its record and the journal', async () => {
    const directory = await temporaryDirectory();
    const first = await openWriter(directory);
    first.begun(openCall('c1'));
    await first.flush();
    const journal = await journalOf(directory);
    first.ended(recordOf(openCall('c1')));
    await first.close();
    await writeFile(join(directory, 'open-calls.jsonl'), journal);

    await (await openWriter(directory)).close();
    expect((await allRecords(directory)).map(({ id, reason }) => [id, reason])).toEqual([['c1', 'completed']]);
  });

  it('is found in a journal whose last line was torn and whose lines were damaged', async () => {
    const directory = await temporaryDirectory();
    const first = await openWriter(directory);
    first.begun(openCall('c1'));
    await first.close();
    await appendFile(join(directory, 'open-calls.jsonl'), '\0\0\0\n{"end":7}\n[]\n{"end":"c');
    await (await openWriter(directory)).close();
    expect((await allRecords(directory)).map(({ id, reason }) => [id, reason])).toEqual([['c1', 'instanceLost']]);
  });

  it('is found also when the record file of the mark is gone', async () => {
    const directory = await temporaryDirectory();
    const first = await openWriter(directory);
    first.begun(openCall('c1'));
    await first.close();
    for (const file of await listRecordFiles(directory)) await rm(join(directory, file));
    await (await openWriter(directory)).close();
    expect((await allRecords(directory)).map(({ id }) => id)).toEqual(['c1']);
  });

  it('stays in the journal when it is rewritten, with its answer', async () => {
    const directory = await temporaryDirectory();
    const writer = await openWriter(directory, { maxBytes: 1000 });
    writer.begun(openCall('long'));
    writer.answered('long', { callee: bertil, route: 'r', routesTried: 1, ringing: null, answer: '2026-11-22T08:00:04.000Z', cipher: 'x' });
    for (let i = 0; i < 20; i += 1) {
      writer.begun(openCall(`c${i}`));
      await writer.flush();
      writer.ended(recordOf(openCall(`c${i}`)));
      await writer.flush();
    }
    const journal = await journalOf(directory);
    expect(journal.length).toBeLessThan(2500);
    expect(journal).toContain('"answered":"long"');
    await writer.close();
    await (await openWriter(directory)).close();
    expect((await allRecords(directory)).filter(({ id }) => id === 'long')).toMatchObject([{ reason: 'instanceLost', callee: bertil }]);
  });
});

describe('a disk that fails', () => {
  // /dev/full answers every write with ENOSPC, as a full disk does.
  async function fullDisk(): Promise<{ directory: string; repair: () => Promise<void> }> {
    const directory = await temporaryDirectory();
    const file = join(directory, 'records-20260101T000000000Z.jsonl');
    await symlink('/dev/full', file);
    return { directory, repair: () => rm(file) };
  }

  it('is told, waited out and caught up with; nothing is lost', async () => {
    const { directory, repair } = await fullDisk();
    const problems: string[] = [];
    const recovered: string[] = [];
    const writer = await openWriter(directory, {
      clock: systemClock,
      onProblem: (sentence) => problems.push(sentence),
      onRecovered: (sentence) => recovered.push(sentence),
    });
    for (let i = 0; i < 30; i += 1) {
      writer.begun(openCall(`c${i}`));
      writer.ended(recordOf(openCall(`c${i}`)));
    }
    await expect(writer.flush()).rejects.toThrow(/ENOSPC/);
    expect(writer.degraded).toMatch(/can't be written to .*ENOSPC/);
    expect(writer.pending).toBe(30);
    await repair();
    await vi.waitFor(() => expect(writer.degraded).toBeUndefined());
    expect(await allRecords(directory)).toHaveLength(30);
    expect(writer.lost).toBe(0);
    expect(problems).toHaveLength(1);
    expect(recovered).toHaveLength(1);
  });

  it('costs the oldest records only beyond the bound of memory, and says so', async () => {
    const { directory, repair } = await fullDisk();
    const problems: string[] = [];
    const writer = await openWriter(directory, { keepInMemory: 10, onProblem: (sentence) => problems.push(sentence) });
    for (let i = 0; i < 100; i += 1) {
      writer.begun(openCall(`c${i}`));
      writer.ended(recordOf(openCall(`c${i}`)));
    }
    await expect(writer.flush()).rejects.toThrow(/ENOSPC/);
    expect([writer.pending, writer.lost]).toEqual([10, 90]);
    expect(problems.join()).toMatch(/being lost/);
    await repair();
    await writer.flush();
    expect((await allRecords(directory)).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `c${90 + i}`));
  });

  it('leaves open calls in memory, and the journal whole when it works again', async () => {
    const { directory, repair } = await fullDisk();
    const writer = await openWriter(directory);
    writer.begun(openCall('open'));
    writer.begun(openCall('gone'));
    writer.ended(recordOf(openCall('gone')));
    await expect(writer.flush()).rejects.toThrow(/ENOSPC/);
    await repair();
    await writer.flush();
    await writer.close();
    await (await openWriter(directory)).close();
    const records = await allRecords(directory);
    expect(records.map(({ id, reason }) => [id, reason])).toEqual([
      ['gone', 'completed'],
      ['open', 'instanceLost'],
    ]);
  });

  it('which loses its directory gets a new one', async () => {
    const directory = join(await temporaryDirectory(), 'records');
    const writer = await openWriter(directory);
    writer.begun(openCall('open'));
    await writer.flush();
    await rm(directory, { recursive: true });
    writer.begun(openCall('c1'));
    writer.ended(recordOf(openCall('c1')));
    await writer.flush();
    expect(await allRecords(directory)).toHaveLength(1);
    expect((await readdir(directory)).sort()).toContain('open-calls.jsonl');
    expect(await journalOf(directory)).toContain('"id":"open"');
  });
});
