import { describe, expect, it } from 'vitest';
import { type AudioDecoder, type AudioEncoder, createDecoder, createEncoder } from '../../../src/bridge/audio/codec.js';
import { G711Codec, type G711Law, g711Power } from '../../../src/bridge/audio/g711.js';
import { G722Decoder, G722Encoder } from '../../../src/bridge/audio/g722.js';
import { StepFollower } from '../../../src/bridge/audio/g722-band.js';
import { opusDuration } from '../../../src/bridge/audio/opus.js';
import { amplitudeAt, concat, ffmpeg, fromPcm, noise, snr, tone, toPcm, voice } from './sounds.js';

function encodeAll(encoder: AudioEncoder, sound: Float32Array): Buffer[] {
  const samples = encoder.rate / 50;
  return Array.from({ length: Math.floor(sound.length / samples) }, (_, i) =>
    Buffer.from(encoder.encode(sound.subarray(i * samples, (i + 1) * samples))),
  );
}

function decodeAll(decoder: AudioDecoder, packets: readonly Buffer[]): Float32Array {
  return concat(packets.map((packet) => decoder.decode(packet).slice()));
}

describe.each<[G711Law, string]>([
  ['PCMA', 'alaw'],
  ['PCMU', 'mulaw'],
])('G.711 %s', (law, format) => {
  const all = Buffer.from(Array.from({ length: 320 }, (_, i) => i & 255));

  it('has the samples that ffmpeg has', async () => {
    const theirs = fromPcm(await ffmpeg(['-f', format, '-ar', '8000', '-ac', '1', '-i', 'pipe:0', '-f', 's16le'], all));
    expect([...new G711Codec(law).decode(all)]).toEqual([...theirs]);
  });

  it('has codes that ffmpeg hears as it would hear its own', async () => {
    const every = Float32Array.from({ length: 65_600 }, (_, i) => (i % 65_536) - 32_768);
    const packets = Buffer.concat(encodeAll(new G711Codec(law), every));
    const theirs = await ffmpeg(['-f', 's16le', '-ar', '8000', '-ac', '1', '-i', 'pipe:0', '-f', format], toPcm(every));
    const codec = new G711Codec(law);
    const ours = codec.decode(packets).slice();
    const reference = codec.decode(theirs).slice();
    let differ = 0;
    for (let i = 0; i < 65_536; i++) {
      // Where a sample lies between two steps, the recommendation and ffmpeg may round it another way: by one step, at its border.
      const step = Math.max(16, Math.abs(every[i] ?? 0) / 8);
      expect(Math.abs((ours[i] ?? 0) - (reference[i] ?? 0))).toBeLessThanOrEqual(step);
      if (packets[i] !== theirs[i]) differ++;
    }
    expect(differ / 65_536).toBeLessThan(0.05);
  });

  it('takes its own samples for what they are', () => {
    const codec = new G711Codec(law);
    const samples = codec.decode(all.subarray(0, 160)).slice();
    const again = codec.decode(codec.encode(samples));
    expect([...again]).toEqual([...samples]);
  });

  it('says how loud a payload is without decoding it', () => {
    const [payload] = encodeAll(new G711Codec(law), tone(400, 8000, 160, 8000));
    expect(Math.sqrt(g711Power(law, payload ?? Buffer.alloc(0)))).toBeCloseTo(8000 / Math.SQRT2, -3);
  });
});

it('knows the codes that G.711 names', () => {
  // Tables 1 and 2: the weakest and the strongest of each law; what is sent for silence.
  const codes = (law: G711Law, ...samples: number[]) =>
    [...new G711Codec(law).encode(Float32Array.from({ length: 160 }, (_, i) => samples[i] ?? 0))].slice(0, samples.length);
  expect(codes('PCMA', 0, -1, 32_767, -32_768)).toEqual([0xd5, 0x55, 0xaa, 0x2a]);
  expect(codes('PCMU', 0, 32_767, -32_768)).toEqual([0xff, 0x80, 0x00]);
});

describe('G.722', () => {
  const sounds: [string, Float32Array][] = [
    ['a voice', voice(16_000, 48_000)],
    ['noise that overloads it', noise(16_000, 40_000)],
    ['a tone in the upper band', tone(6000, 16_000, 16_000, 12_000)],
    ['silence', new Float32Array(3200)],
  ];

  it.each(sounds)("decodes %s to ffmpeg's samples, bit by bit", async (_, sound) => {
    const packets = encodeAll(new G722Encoder(), sound);
    const theirs = fromPcm(await ffmpeg(['-f', 'g722', '-i', 'pipe:0', '-f', 's16le'], Buffer.concat(packets)));
    const ours = decodeAll(new G722Decoder(), packets);
    expect(theirs.length).toBe(ours.length);
    expect(Buffer.compare(toPcm(ours), toPcm(theirs))).toBe(0);
  });

  it('decodes any bytes as ffmpeg does', async () => {
    const bytes = Buffer.from(noise(8000, 128).map((value) => value + 128));
    const theirs = await ffmpeg(['-f', 'g722', '-i', 'pipe:0', '-f', 's16le'], bytes);
    expect(Buffer.compare(toPcm(new G722Decoder().decode(bytes)), theirs)).toBe(0);
  });

  it.each(sounds.slice(0, 3))("encodes %s to ffmpeg's bytes", async (_, sound) => {
    const ours = Buffer.concat(encodeAll(new G722Encoder(), sound));
    const theirs = await ffmpeg(['-f', 's16le', '-ar', '16000', '-ac', '1', '-i', 'pipe:0', '-f', 'g722'], toPcm(sound));
    const same = ours.reduce((count, byte, i) => count + (byte === theirs[i] ? 1 : 0), 0);
    expect(same / ours.length).toBeGreaterThan(0.999);
  });

  it('gives back what it was given', () => {
    const sound = voice(16_000, 32_000);
    const heard = decodeAll(new G722Decoder(), encodeAll(new G722Encoder(), sound));
    // Both filter banks together delay by 22 samples.
    expect(snr(sound.subarray(0, 31_000), heard.subarray(22))).toBeGreaterThan(20);
  });

  it('is as loud as its steps say', () => {
    const loudness = (amplitude: number) => {
      const steps = new StepFollower();
      let power = 0;
      for (const packet of encodeAll(new G722Encoder(), voice(16_000, 16_000, amplitude))) power += steps.power(packet);
      return 10 * Math.log10(power);
    };
    expect(loudness(10_000) - loudness(1000)).toBeGreaterThan(15);
    expect(loudness(10_000) - loudness(1000)).toBeLessThan(25);
  });
});

describe('Opus', () => {
  it('gives back the pitch it was given', () => {
    const heard = decodeAll(createDecoder('opus'), encodeAll(createEncoder('opus'), tone(440, 48_000, 48_000)));
    expect(heard.length).toBe(48_000);
    expect(amplitudeAt(440, 48_000, heard.subarray(9600))).toBeGreaterThan(6000);
    expect(amplitudeAt(880, 48_000, heard.subarray(9600))).toBeLessThan(400);
  });

  it('throws on what is none', () => {
    const decoder = createDecoder('opus');
    expect(() => decoder.decode(Buffer.alloc(100, 255))).toThrow();
    expect(() => decoder.decode(Buffer.alloc(0))).toThrow();
    expect(() => decoder.decode(Buffer.alloc(70_000))).toThrow();
    expect(decoder.decode(Buffer.of(0x78)).length).toBeGreaterThan(0);
  });

  it('reads how long a packet is from its first bytes (RFC 6716 §3.1)', () => {
    expect(opusDuration(Buffer.of(0x78))).toBe(960);
    expect(opusDuration(Buffer.of(0x00))).toBe(480);
    expect(opusDuration(Buffer.of(0x18))).toBe(2880);
    expect(opusDuration(Buffer.of(0xf9, 0))).toBe(1920);
    expect(opusDuration(Buffer.of(0xfb, 3))).toBe(2880);
    expect(opusDuration(Buffer.of(0xfb, 63))).toBe(0);
    expect(opusDuration(Buffer.of(0xe0))).toBe(120);
    expect(opusDuration(Buffer.alloc(0))).toBe(0);
  });
});
