import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A sine in 16-bit units, from sample `from` on so that frames join. */
export function tone(hz: number, rate: number, samples: number, amplitude = 8000, from = 0): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * (from + i)) / rate));
}

/** Noise that is the same each time. */
export function noise(samples: number, amplitude: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return amplitude * (state / 2 ** 31 - 1);
  });
}

/** Something like speech: a gliding voice of many harmonics, in syllables, with hisses between. */
export function voice(rate: number, samples: number, amplitude = 10_000): Float32Array {
  const hiss = noise(samples, amplitude / 10);
  let phase = 0;
  return Float32Array.from({ length: samples }, (_, i) => {
    const t = i / rate;
    phase += (2 * Math.PI * (120 + 30 * Math.sin(2 * Math.PI * 0.7 * t))) / rate;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 2 * t));
    let sum = 0;
    for (let k = 1; k <= 12; k++) sum += Math.sin(k * phase) / k;
    return (amplitude / 2) * syllable * sum + (hiss[i] ?? 0) * (1 - syllable);
  });
}

/** Amplitude of one pitch (Goertzel's algorithm), over a whole stretch of sound. */
export function amplitudeAt(hz: number, rate: number, sound: Float32Array): number {
  const w = (2 * Math.PI * hz) / rate;
  const k = 2 * Math.cos(w);
  let a = 0;
  let b = 0;
  // A Hann window, so that a tone next to it does not leak in; its gain is a half.
  for (let i = 0; i < sound.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (sound.length - 1));
    const next = (sound[i] ?? 0) * window + k * a - b;
    b = a;
    a = next;
  }
  return (4 * Math.sqrt(Math.max(0, a * a + b * b - k * a * b))) / sound.length;
}

export function rms(sound: Float32Array): number {
  return Math.sqrt(sound.reduce((sum, sample) => sum + sample * sample, 0) / sound.length);
}

/** Signal to noise in dB: how far `heard` is from `meant`. */
export function snr(meant: Float32Array, heard: Float32Array): number {
  let signal = 0;
  let error = 0;
  for (let i = 0; i < meant.length; i++) {
    const sample = meant[i] ?? 0;
    signal += sample * sample;
    error += (sample - (heard[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

export function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function toPcm(sound: Float32Array): Buffer {
  return Buffer.from(Int16Array.from(sound, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample)))).buffer);
}

export function fromPcm(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
}

/** What ffmpeg makes of `input`. @throws with what it says when it fails */
export async function ffmpeg(args: readonly string[], input: Buffer): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...args, 'pipe:1'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const closed = once(child, 'close');
  child.stdin.end(input);
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg: ${Buffer.concat(errors).toString()}`);
  return Buffer.concat(out);
}
