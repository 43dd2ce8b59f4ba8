import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { Program } from './processes.js';
import { until } from './until.js';

export interface BaresipOptions {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  /** Where the gatekeeper is: `sip:127.0.0.1:5061;transport=tls`. */
  readonly proxy: string;
  /** PEM: whom it trusts. */
  readonly certificateFile: string;
  /** `srtp-mand` (SDES), `dtls_srtp`, or none. */
  readonly mediaEncryption?: 'srtp-mand' | 'dtls_srtp';
  /** Even, with the next one for RTCP. */
  readonly rtpPort: number;
}

const modules = ['g711', 'aufile', 'srtp', 'dtls_srtp'];
const applications = ['account', 'menu', 'ctrl_tcp'];

/** Baresip without a screen or a sound card: it sends a tone and is told what to do over TCP. */
export class Baresip {
  readonly program: Program;
  readonly #directory: string;
  readonly #control: Socket;

  static async start(options: BaresipOptions): Promise<Baresip> {
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-baresip-'));
    const controlPort = await freePort();
    const encryption = options.mediaEncryption === undefined ? '' : `;mediaenc=${options.mediaEncryption}`;
    const { user, domain, password, proxy } = options;
    const account = `<sip:${user}@${domain}>;auth_user=${user};auth_pass="${password}";outbound="${proxy}";regint=600;audio_codecs=PCMA/8000/1;answermode=auto${encryption}\n`;
    const tone = join(directory, 'tone.wav');
    const config = [
      'poll_method epoll',
      'sip_listen 127.0.0.1:0',
      `sip_cafile ${options.certificateFile}`,
      'net_interface 127.0.0.1',
      `audio_source aufile,${tone}`,
      `rtp_ports ${options.rtpPort}-${options.rtpPort + 1}`,
      'module_path /usr/lib/baresip/modules',
      ...modules.map((name) => `module ${name}.so`),
      ...applications.map((name) => `module_app ${name}.so`),
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    ];
    await Promise.all([
      writeFile(join(directory, 'config'), `${config.join('\n')}\n`),
      writeFile(join(directory, 'accounts'), account),
      writeFile(join(directory, 'contacts'), '\n'),
      writeFile(tone, toneFile(30)),
    ]);
    const program = await Program.start('baresip', ['-f', directory, '-v'], { env: { ...process.env, HOME: directory } });
    const control = await until(
      () => connected(controlPort),
      () => `baresip to listen on ${controlPort}; it said:\n${program.output}`,
    ).catch(async (error: unknown) => {
      await program.stop();
      throw error;
    });
    return new Baresip(program, directory, control);
  }

  private constructor(program: Program, directory: string, control: Socket) {
    this.program = program;
    this.#directory = directory;
    this.#control = control;
    control.on('error', () => undefined);
    control.resume();
  }

  /** `dial sip:…`, `hangup`, `quit`, as a netstring of JSON. What comes of it stands in the program's output. */
  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: 'test' });
    this.#control.write(`${text.length}:${text},`);
  }

  async stop(): Promise<void> {
    this.command('quit');
    await this.program.stop();
    this.#control.destroy();
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A WAV file of 1000 Hz at 8000 samples a second: eight different samples, so in G.711 eight different bytes at most. */
function toneFile(seconds: number): Buffer {
  const samples = Buffer.alloc(seconds * 8000 * 2);
  for (let at = 0; at < samples.length / 2; at++) samples.writeInt16LE(Math.round(8000 * Math.sin((at * Math.PI) / 4)), at * 2);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // linear PCM
  header.writeUInt16LE(1, 22); // one channel
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

function connected(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
