import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './processes.js';
import { until } from './until.js';

/** A capture on loopback, judged by an independent dissector. */
export class Capture {
  readonly #directory: string;
  readonly #file: string;
  readonly #tshark: Program;

  /** `filter`: in libpcap's language, as `udp portrange 40000-40010`. Rejects when this user may not capture. */
  static async start(filter: string): Promise<Capture> {
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-capture-'));
    const file = join(directory, 'capture.pcapng');
    const tshark = await Program.start('dumpcap', ['-i', 'lo', '-f', filter, '-w', file, '-q']);
    await tshark.says(/File: /);
    return new Capture(directory, file, tshark);
  }

  private constructor(directory: string, file: string, tshark: Program) {
    this.#directory = directory;
    this.#file = file;
    this.#tshark = tshark;
  }

  /** Waits until a packet with these bytes is on the disk: dumpcap writes in turns, and what it has not read at the end is lost. */
  async holds(bytes: Buffer): Promise<void> {
    await until(
      async () => (await readFile(this.#file)).includes(bytes),
      () => `dumpcap to write ${bytes.toString('latin1')}: ${this.#tshark.output}`,
    );
  }

  /** Ends the capture; `read` follows. */
  async stop(): Promise<void> {
    this.#tshark.signal('SIGINT');
    await this.#tshark.exit;
  }

  /** One row for each packet that the display filter lets through, with these fields. `decodeAs`: `udp.port==40000,rtp`. */
  async read(displayFilter: string, fields: readonly string[], decodeAs: readonly string[] = []): Promise<string[][]> {
    const args = ['-r', this.#file, '-Y', displayFilter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
    const program = await Program.start('tshark', [...args, ...decodeAs.flatMap((rule) => ['-d', rule])]);
    await program.exits(0);
    const rows = program.output.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
    return rows.map((line) => line.split('\t'));
  }

  async remove(): Promise<void> {
    if (!this.#tshark.ended) await this.#tshark.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
