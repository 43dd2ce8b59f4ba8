import { createEncoder, rtpClock } from '../src/bridge/audio/codec.js';
import { createAudioMix } from '../src/bridge/audio/mix.js';
import type { AudioCodecName, AudioMix } from '../src/bridge/audio/mix-api.js';
import { payloadOf, readRtp } from '../src/bridge/audio/rtp.js';
import { payloadTypes, Room, rtp, Sender } from '../test/bridge/audio/room.js';
import { noise, tone, voice } from '../test/bridge/audio/sounds.js';
import { atMost, cpuSeconds, plain, print, type Row } from './row.js';

/*
 * What the sound of a meeting costs beyond forwarding: three speak, the others hear. Everybody's packets come in, as the service taps all who
 * are not muted; one output for each codec that is listened in, and one for each speaker without himself. CPU of this process for a second of
 * the meeting, best of several stretches. A room system among three sends G.722, one A-law and one Opus; then meetings of one codec.
 *
 * Then the delay: from a packet's arrival to the mixed packet that carries it, over many meetings whose beat stands differently to their packets'.
 */

const isQuick = process.argv.includes('--quick');
const SECONDS = 1;
const STRETCHES = isQuick ? 6 : 25;
const SPEAKERS = 3;
const mixed: readonly AudioCodecName[] = ['G722', 'PCMA', 'opus'];

function cost(name: string, codecs: readonly AudioCodecName[], target?: number): Row[] {
  const meetings = [10, 50, 100].map((participants) => ({
    participants,
    meeting: new Meeting(participants, codecs),
    ms: Number.POSITIVE_INFINITY,
  }));
  for (const { meeting } of meetings) meeting.run(3);
  // In turns, so that what else the machine does meets all of them.
  for (let i = 0; i < STRETCHES; i++) {
    for (const each of meetings) each.ms = Math.min(each.ms, (cpuSeconds(() => each.meeting.run(SECONDS)) * 1000) / SECONDS);
  }
  for (const { meeting } of meetings) meeting.check();
  const ratio = (meetings[2]?.ms ?? Number.NaN) / (meetings[0]?.ms ?? Number.NaN);
  const title = `${name}: 100 participants to 10`;
  return [
    ...meetings.map(({ participants, ms }) => plain(`${name}: ${participants} participants, ${SPEAKERS} speak`, ms, 'ms CPU/s')),
    target === undefined ? plain(title, ratio, 'x') : atMost(title, ratio, 'x', target),
  ];
}

/** Packets are made beforehand and go round, so that only the mix is measured. */
class Meeting {
  readonly #mix: AudioMix;
  readonly #senders: { readonly participant: string; readonly codec: AudioCodecName; readonly packets: readonly Buffer[] }[] = [];
  #index = 0;
  #heard: readonly string[] = [];

  constructor(participants: number, codecs: readonly AudioCodecName[]) {
    this.#mix = createAudioMix({ loudest: (heard) => (this.#heard = heard), digit: () => {} });
    for (const codec of codecs) this.#listen(codec, codec);
    for (let i = 0; i < participants; i++) {
      const participant = `p${i}`;
      const codec = codecs[i % codecs.length] ?? 'opus';
      const isSpeaker = i < SPEAKERS;
      this.#mix.addSource(participant, { codec, payloadType: payloadTypes[codec] });
      this.#senders.push({ participant, codec, packets: packetsOf(codec, isSpeaker) });
      if (isSpeaker)
        this.#mix.addOutput(participant, { codec, payloadType: payloadTypes[codec], ssrc: i, of: { kind: 'without', participant } });
    }
  }

  #listen(id: string, codec: AudioCodecName): void {
    this.#mix.addOutput(id, { codec, payloadType: payloadTypes[codec], ssrc: 1, of: { kind: 'all' } });
  }

  run(seconds: number): void {
    for (let frame = 0; frame < seconds * 50; frame++) {
      const now = 1000 + this.#index * 20;
      for (const { participant, codec, packets } of this.#senders) {
        const packet = packets[this.#index % packets.length];
        if (!packet) continue;
        packet.writeUInt16BE(this.#index & 0xffff, 2);
        packet.writeUInt32BE((this.#index * (rtpClock(codec) / 50)) >>> 0, 4);
        this.#mix.receive(participant, packet, now - 7);
      }
      this.#mix.tick(now);
      this.#index++;
    }
  }

  check(): void {
    if (this.#heard.length !== SPEAKERS) throw new Error(`${this.#heard.length} are heard instead of ${SPEAKERS}`);
    const { bad, late } = this.#mix.stats;
    if (bad + late > 0) throw new Error(`${bad} packets were bad, ${late} late`);
  }
}

const made = new Map<string, readonly Buffer[]>();

function packetsOf(codec: AudioCodecName, isSpeaker: boolean): readonly Buffer[] {
  const key = `${codec} ${isSpeaker}`;
  const known = made.get(key);
  const packets = known ?? makePackets(codec, isSpeaker);
  made.set(key, packets);
  return packets.map((packet) => Buffer.from(packet));
}

function makePackets(codec: AudioCodecName, isSpeaker: boolean): Buffer[] {
  const encoder = createEncoder(codec);
  const { rate } = encoder;
  const sound = isSpeaker ? voice(rate, rate * 2) : noise(rate * 2, 20);
  if (isSpeaker) for (let i = 0; i < sound.length; i++) sound[i] = (sound[i] ?? 0) + 500 * Math.sin(i);
  return Array.from({ length: 100 }, (_, i) => {
    const payload = encoder.encode(sound.subarray((i * rate) / 50, ((i + 1) * rate) / 50));
    const level = codec === 'opus' ? (isSpeaker ? 30 : 70) : undefined;
    return rtp({ payloadType: payloadTypes[codec], sequence: 0, timestamp: 0, payload, level });
  });
}

/** A tone begins at a known packet: when does it come out? */
function delays(): Row[] {
  return mixed.flatMap((codec) => delayOf(codec));
}

function delayOf(codec: AudioCodecName): Row[] {
  const found: number[] = [];
  const meetings = isQuick ? 20 : 60;
  for (let i = 0; i < meetings; i++) found.push(delayOnce(codec, (i * 20) / meetings));
  found.sort((a, b) => a - b);
  const at = (share: number) => found[Math.min(found.length - 1, Math.floor(share * found.length))] ?? Number.NaN;
  return [plain(`added delay, ${codec}, median`, at(0.5), 'ms'), atMost(`added delay, ${codec}, p95`, at(0.95), 'ms', 60)];
}

const BEGINS_MS = 2000;

function delayOnce(codec: AudioCodecName, phaseMs: number): number {
  const room = new Room();
  const sound = (rate: number, samples: number, from: number) => {
    const quiet = noise(samples, 12, from + 1);
    const begins = (BEGINS_MS * rate) / 1000;
    return from < begins ? quiet : tone(500, rate, samples, 8000, from);
  };
  room.add('speaker', new Sender(codec, sound));
  // Somebody else speaks all the time, so that the mix runs.
  room.listen('all', 'PCMU');
  let arrivedAt = 0;
  let sent = 0;
  let heardAt = 0;
  for (let ms = 0; ms < BEGINS_MS + 400 && heardAt === 0; ms += 20) {
    room.run(20, (participant, sender) => {
      // Up to 2 ms of jitter, as on a quiet network.
      const arrives = room.now - phaseMs - (sent % 3);
      if (sent * 20 === BEGINS_MS) arrivedAt = arrives;
      room.mix.receive(participant, sender.next(), arrives);
      sent++;
    });
    for (const packet of room.packets.get('all') ?? []) {
      const payload = payloadOf(readRtp(packet) ?? { bytes: packet, from: 0, to: 0 });
      // µ-law: codes from 0x00 and 0x80 up are loud.
      if (payload.some((code) => (code & 0x7f) < 0x30)) heardAt = room.now - 20;
    }
    room.packets.set('all', []);
  }
  return heardAt - arrivedAt;
}

print([
  ...cost('room systems of all codecs', mixed, 1.3),
  ...cost('all Opus', ['opus'], 1.3),
  ...cost('all G.722', ['G722']),
  ...cost('all A-law', ['PCMA']),
  ...delays(),
]);
