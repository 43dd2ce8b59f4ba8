import { createDecoder, createEncoder, rtpClock } from '../../../src/bridge/audio/codec.js';
import { createAudioMix } from '../../../src/bridge/audio/mix.js';
import type { AudioCodecName, AudioMix, AudioOutputOptions } from '../../../src/bridge/audio/mix-api.js';
import { payloadOf, readRtp } from '../../../src/bridge/audio/rtp.js';
import { concat } from './sounds.js';

export const payloadTypes: Record<AudioCodecName, number> = { opus: 100, G722: 9, PCMA: 8, PCMU: 0 };
export const DTMF = 101;

export interface PacketParts {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly marker?: boolean;
  readonly payload: Uint8Array;
  /** RFC 6464, as it stands in the packet: 0 is loud. */
  readonly level?: number | undefined;
}

export function rtp({ payloadType, sequence, timestamp, ssrc = 1, marker = false, payload, level }: PacketParts): Buffer {
  const head = Buffer.alloc(level === undefined ? 12 : 20);
  head[0] = level === undefined ? 0x80 : 0x90;
  head[1] = (marker ? 0x80 : 0) | payloadType;
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(timestamp >>> 0, 4);
  head.writeUInt32BE(ssrc, 8);
  if (level !== undefined) head.set([0xbe, 0xde, 0, 1, 0xa0, level, 0, 0], 12);
  return Buffer.concat([head, payload]);
}

/** A sender of sound: 20 ms packets of one codec from a sound that goes on for ever. */
export class Sender {
  sequence: number;
  timestamp: number;
  readonly codec: AudioCodecName;
  readonly #encoder: ReturnType<typeof createEncoder>;
  readonly #sound: (rate: number, samples: number, from: number) => Float32Array;
  readonly #hasLevel: boolean;
  #at = 0;

  constructor(
    codec: AudioCodecName,
    sound: (rate: number, samples: number, from: number) => Float32Array,
    { hasLevel = codec === 'opus', sequence = 1000, timestamp = 5000 } = {},
  ) {
    this.codec = codec;
    this.#encoder = createEncoder(codec);
    this.#sound = sound;
    this.#hasLevel = hasLevel;
    this.sequence = sequence;
    this.timestamp = timestamp;
  }

  next(): Buffer {
    const { rate } = this.#encoder;
    const sound = this.#sound(rate, rate / 50, this.#at);
    this.#at += sound.length;
    const power = sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length;
    const level = Math.min(127, Math.round(-10 * Math.log10(Math.max(1e-13, power / 32_768 ** 2))));
    const packet = rtp({
      payloadType: payloadTypes[this.codec],
      sequence: this.sequence,
      timestamp: this.timestamp,
      payload: this.#encoder.encode(sound),
      level: this.#hasLevel ? level : undefined,
    });
    this.sequence++;
    this.timestamp += rtpClock(this.codec) / 50;
    return packet;
  }
}

/** A mix with people in it and time that a test moves on. */
export class Room {
  readonly loudest: (readonly string[])[] = [];
  readonly digits: string[] = [];
  readonly mix: AudioMix;
  readonly packets = new Map<string, Buffer[]>();
  readonly #senders = new Map<string, Sender>();
  now = 10_000;

  constructor() {
    this.mix = createAudioMix(
      { loudest: (participants) => this.loudest.push(participants), digit: (who, digit) => this.digits.push(`${who}:${digit}`) },
      { random: () => 0.999_999 },
    );
  }

  add(participant: string, sender: Sender): Sender {
    this.mix.addSource(participant, { codec: sender.codec, payloadType: payloadTypes[sender.codec], dtmfPayloadType: DTMF });
    this.#senders.set(participant, sender);
    return sender;
  }

  drop(participant: string): void {
    this.#senders.delete(participant);
  }

  listen(id: string, codec: AudioCodecName, of: AudioOutputOptions['of'] = { kind: 'all' }): void {
    this.mix.addOutput(id, { codec, payloadType: payloadTypes[codec], ssrc: 7, of });
    this.packets.set(id, []);
  }

  /** Everybody sends, 7 ms before the mix ticks: as often as there are 20 ms in `ms`. */
  run(ms: number, receive = (participant: string, sender: Sender) => this.mix.receive(participant, sender.next(), this.now - 7)): void {
    for (let passed = 0; passed < ms; passed += 20) {
      for (const [participant, sender] of this.#senders) receive(participant, sender);
      this.tick();
    }
  }

  tick(): void {
    for (const { output, packet } of this.mix.tick(this.now)) this.packets.get(output)?.push(packet);
    this.now += 20;
  }

  /** What an output has sent since it was asked last, as its listener hears it. */
  heard(id: string, codec: AudioCodecName): Float32Array {
    const packets = this.packets.get(id) ?? [];
    this.packets.set(id, []);
    const decoder = createDecoder(codec);
    const sounds = packets.map((packet) => {
      const read = readRtp(packet);
      return decoder.decode(read ? payloadOf(read) : Buffer.alloc(0)).slice();
    });
    return concat(sounds);
  }
}
