import { performance } from 'node:perf_hooks';
import type { DirectTransport, PipeTransport, Producer, Worker } from 'mediasoup/types';
import { producerCodec, routerCodecs } from '../src/bridge/media/codecs.js';
import type { StreamInfo } from '../src/bridge/media/media.js';
import { Part } from '../src/bridge/media/part.js';
import type { PartEvent } from '../src/bridge/media/part-api.js';
import { loadMediasoup } from '../src/bridge/worker-binary.js';
import { RoomPeer } from '../test/support/room-peer.js';
import { atMost, plain, print, type Row } from './row.js';

const turns = Number(process.argv.includes('--quick') ? 12 : 60);
const frameMs = 33;
/** What an encoder takes for a key frame that it is asked for: at most until its next picture. */
const people = ['a', 'b', 'c'] as const;

/** A camera and a microphone, fed into a router of its own and from there into the meeting, so that requests for key frames come back to it. */
class Person {
  talking = false;
  keyFrames = 0;
  #wanted = true;
  #frame = 0;
  #sequence = { picture: 0, sound: 0 };
  readonly #began = performance.now();
  #timers: NodeJS.Timeout[] = [];

  constructor(
    readonly mark: number,
    readonly picture: Producer,
    readonly sound: Producer,
    direct: DirectTransport,
    readonly ssrc: number,
  ) {
    direct.on('rtcp', (packet) => {
      // PLI (RFC 4585 §6.3.1) for this camera.
      for (let at = 0; at + 12 <= packet.length; at += (packet.readUInt16BE(at + 2) + 1) * 4) {
        if (packet[at + 1] === 206 && packet.readUInt32BE(at + 8) === ssrc) this.#wanted = true;
      }
    });
    this.#timers.push(
      setInterval(() => this.#film(), frameMs),
      setInterval(() => this.#speak(), 20),
    );
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #film(): void {
    const timestamp = Math.round((performance.now() - this.#began) * 90);
    const send = (type: number, marker: boolean): void => {
      const payload = Buffer.alloc(600, this.mark);
      payload[0] = 0x60 | type;
      this.picture.send(packet(102, this.#sequence.picture++, timestamp, this.ssrc, payload, marker));
    };
    // Every ten seconds on its own, as cameras do; else when asked.
    if (this.#wanted || this.#frame++ % 300 === 299) {
      this.#wanted = false;
      this.keyFrames += 1;
      send(7, false);
      send(8, false);
      send(5, true);
    } else send(1, true);
  }

  #speak(): void {
    const payload = Buffer.alloc(160, 0xd5);
    // A-law: loud where the upper bits are; 0xd5 is silence.
    if (this.talking) for (let at = 0; at < 160; at++) payload[at] = ((Math.random() * 256) & 0x8f) ^ 0x25;
    const sequence = this.#sequence.sound++;
    this.sound.send(packet(8, sequence, sequence * 160, this.ssrc + 1, payload, false));
  }
}

function packet(payloadType: number, sequence: number, timestamp: number, ssrc: number, payload: Buffer, marker: boolean): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

async function bring(worker: Worker, part: Part, name: string, mark: number): Promise<Person> {
  const router = await worker.createRouter({ mediaCodecs: [...routerCodecs] });
  const direct = await router.createDirectTransport();
  const ssrc = mark * 1000;
  const picture = await direct.produce({
    kind: 'video',
    rtpParameters: { codecs: [producerCodec('H264', 102)], encodings: [{ ssrc }], rtcp: { cname: name } },
  });
  const sound = await direct.produce({
    kind: 'audio',
    rtpParameters: { codecs: [producerCodec('PCMA', 8)], encodings: [{ ssrc: ssrc + 1 }], rtcp: { cname: name } },
  });
  const pipe = await router.createPipeTransport({ listenInfo: { protocol: 'udp', ip: '127.0.0.1' }, enableSrtp: true });
  const end = await part.openPipe(name);
  await pipe.connect({ ip: '127.0.0.1', port: end.port, ...(end.srtp ? { srtpParameters: end.srtp } : {}) });
  await part.connectPipe(name, { ip: '127.0.0.1', port: pipe.tuple.localPort, srtp: pipe.srtpParameters });
  const infos: StreamInfo[] = [
    { id: `${name}/camera`, participant: name, source: 'camera', kind: 'video', codec: 'H264' },
    { id: `${name}/microphone:raw`, participant: name, source: 'microphone', kind: 'audio', codec: 'PCMA' },
  ];
  for (const [info, producer] of [
    [infos[0], picture],
    [infos[1], sound],
  ] as const) {
    if (info) await letIn(part, pipe, name, info, producer);
  }
  return new Person(mark, picture, sound, direct, ssrc);
}

async function letIn(part: Part, pipe: PipeTransport, name: string, info: StreamInfo, producer: Producer): Promise<void> {
  const { kind, rtpParameters } = await pipe.consume({ producerId: producer.id });
  await part.pipeIn(name, { id: info.id, kind, rtpParameters, paused: false, info });
  await (kind === 'audio' ? part.hear(info) : part.show(info));
}

/** Waits until the room system sees this one; gives when that was. */
async function sees(room: RoomPeer, mark: number, from: number, isNew: boolean): Promise<number> {
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    const first = room.received.find(({ at, payload }) => at >= from && payload[1] === mark);
    if (first) {
      if (isNew && ((first.payload[0] ?? 0) & 0x1f) !== 7) throw new Error('The picture began without a key frame');
      return first.at;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`Nobody showed ${mark}`);
}

export async function main(): Promise<Row[]> {
  const worker = await (await loadMediasoup()).createWorker();
  const decided: number[] = [];
  let switching: number | undefined;
  const part = new Part({
    worker,
    settings: { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } },
    emit: (event: PartEvent) => {
      if (event.event === 'speaker') switching = performance.now();
    },
  });
  await part.open({ meeting: 'bench', home: true });
  const room = await RoomPeer.open();
  const local = await part.openRoomLine('room', 'video', { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } });
  room.connect(local.address, local.port, local.key ?? '');
  const codec = {
    kind: 'video',
    name: 'H264',
    sendPayloadType: 97,
    receivePayloadType: 97,
    packetizationMode: 1,
    maxBitrate: undefined,
    feedback: { nack: true, pli: true, fir: true },
  } as const;
  await part.connectRoomLine('room', 'video', {
    direction: 'sendonly',
    address: { ip: '127.0.0.1', port: room.port, rtcpPort: room.port },
    encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: room.key },
    codec,
    ssrc: undefined,
  });
  await part.feedRoomLine('room', 'video', await part.makeFeed({ kind: 'picture', participant: 'room', codec }));
  const persons: Person[] = [];
  for (const [index, name] of people.entries()) persons.push(await bring(worker, part, name, index + 1));
  const times: number[] = [];
  try {
    for (let turn = 0; turn < turns; turn++) {
      const person = persons[turn % persons.length];
      if (!person) break;
      for (const other of persons) other.talking = other === person;
      const from = performance.now();
      const at = await sees(room, person.mark, from, turn > 0);
      if (turn > 0) times.push(at - from);
      if (turn > 0 && switching !== undefined) decided.push(at - switching);
      room.received.length = 0;
      // Turns are taken as people do: the least stay of a speaker is over by then.
      await new Promise((resolve) => setTimeout(resolve, 1800 + Math.random() * 200));
    }
  } finally {
    for (const person of persons) person.close();
    room.close();
    await part.close();
    worker.close();
  }
  return [
    plain('speaker switch: from the first sound to the new picture at a room system, median', quantile(times, 0.5), 'ms'),
    atMost('speaker switch: the same, p95', quantile(times, 0.95), 'ms', 300),
    plain('speaker switch: of that, after the picture had begun at the switch, p95', quantile(decided, 0.95), 'ms'),
  ];
}

function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? Number.NaN;
}

if (import.meta.filename === process.argv[1]) print(await main());
