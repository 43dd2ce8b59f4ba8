import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Colour, colourOf, makeFilm } from './colour.js';
import { freePort } from './free-port.js';
import { Program } from './processes.js';
import { toneFile } from './tone.js';
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
  /** Even, with the next one for RTCP. With a camera, the next 18 for its own, too. */
  readonly rtpPort: number;
  /** What it says, in Hz. */
  readonly tone?: number;
  /** It has a camera, which shows this colour with some noise, in H.264. */
  readonly camera?: Colour;
  /** In its offer: both packetization modes of H.264, 0 first, when left out. */
  readonly packetizationMode?: 0;
  readonly audioCodec?: 'PCMA/8000/1' | 'PCMU/8000/1' | 'G722/16000/1';
}

const modules = ['g711', 'g722', 'aufile', 'srtp', 'dtls_srtp'];
const cameraModules = ['aubridge', 'sndfile', 'avcodec', 'avformat', 'swscale', 'fakevideo', 'snapshot'];
const applications = ['account', 'menu', 'ctrl_tcp'];

/** Baresip without a screen or a sound card: it sends a tone, and a picture if it has a camera, and is told what to do over TCP. */
export class Baresip {
  readonly program: Program;
  readonly #directory: string;
  readonly #control: Socket;
  #snapshots = 0;

  static async start(options: BaresipOptions): Promise<Baresip> {
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-baresip-'));
    const controlPort = await freePort();
    const { user, domain, password, proxy, camera, rtpPort } = options;
    const parameters = [
      `auth_user=${user}`,
      `auth_pass="${password}"`,
      `outbound="${proxy}"`,
      'regint=600',
      `audio_codecs=${options.audioCodec ?? 'PCMA/8000/1'}`,
      ...(options.packetizationMode === 0 ? ['video_codecs=h264'] : []),
      'answermode=auto',
      ...(options.mediaEncryption === undefined ? [] : [`mediaenc=${options.mediaEncryption}`]),
    ];
    const account = `<sip:${user}@${domain}>;${parameters.join(';')}\n`;
    const tone = join(directory, 'tone.wav');
    const config = [
      'poll_method epoll',
      'sip_listen 127.0.0.1:0',
      `sip_cafile ${options.certificateFile}`,
      'net_interface 127.0.0.1',
      `audio_source aufile,${tone}`,
      `rtp_ports ${rtpPort}-${rtpPort + (camera ? 19 : 1)}`,
      'module_path /usr/lib/baresip/modules',
      ...[...modules, ...(camera ? cameraModules : [])].map((name) => `module ${name}.so`),
      ...applications.map((name) => `module_app ${name}.so`),
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      ...(camera ? cameraConfig(directory) : []),
    ];
    if (camera) {
      await mkdir(join(directory, heardFolder));
      await makeFilm(join(directory, film), camera);
    }
    await Promise.all([
      writeFile(join(directory, 'config'), `${config.join('\n')}\n`),
      writeFile(join(directory, 'accounts'), account),
      writeFile(join(directory, 'contacts'), '\n'),
      writeFile(tone, toneFile(options.tone ?? 1000, 90, options.audioCodec === undefined ? 8000 : rateOf(options.audioCodec))),
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

  /** The colour of the next picture that it decodes. */
  async sees(): Promise<Colour> {
    const file = join(this.#directory, `seen-${this.#snapshots++}.png`);
    this.command('snapshot_recv', file);
    await until(
      () => this.program.output.includes(`png: wrote ${file}`),
      () => `a picture from baresip; it said:\n${this.program.output.slice(-4000)}`,
    );
    return colourOf(file);
  }

  /** What it has played of its last call, as samples, and how many there are in a second. */
  async heard(): Promise<{ readonly samples: Int16Array; readonly rate: number }> {
    const folder = join(this.#directory, heardFolder);
    const last = (await readdir(folder))
      .filter((name) => name.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    if (last === undefined) throw new Error(`baresip has played nothing; it said:\n${this.program.output.slice(-4000)}`);
    const bytes = await readFile(join(folder, last));
    // libsndfile writes its 44 bytes of header at once, and the lengths in it at the end.
    const data = bytes.subarray(44);
    const samples = new Int16Array(Math.floor(data.length / 2));
    for (let at = 0; at < samples.length; at++) samples[at] = data.readInt16LE(at * 2);
    return { samples, rate: bytes.readUInt32LE(24) };
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

const film = 'film.avi';
const heardFolder = 'heard';

function cameraConfig(directory: string): string[] {
  return [
    'audio_player aubridge,nobody',
    `video_source avformat,${join(directory, film)}`,
    'video_display fakevideo,nobody',
    'video_size 176x144',
    'video_bitrate 200000',
    'video_fps 10',
    'avcodec_h264enc libx264',
    `snd_path ${join(directory, heardFolder)}`,
  ];
}

function rateOf(codec: string): number {
  return Number(codec.split('/')[1]);
}

function connected(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
