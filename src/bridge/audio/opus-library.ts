import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/*
 * libopus, as the package @evan/opus brings it: compiled for the common systems, and as WebAssembly for the rest (three to four times the
 * CPU). The compiled one writes every packet and every sound into one buffer of the process: two threads that use it at a time spoil each
 * other's. So each thread but the first loads a copy of its own.
 */

interface Codec {
  /** opus_encoder_ctl and opus_decoder_ctl, by libopus' numbers. */
  ctl(request: number, value?: number): number;
}

export interface LibraryDecoder extends Codec {
  /** @returns 16-bit sound of one channel at 48 kHz; good until this thread's next call @throws when it is no Opus packet */
  decode(packet: Uint8Array): Int16Array;
}

export interface LibraryEncoder extends Codec {
  /** @returns the packet; good until this thread's next call */
  encode(frame: Int16Array): Uint8Array;
}

export interface OpusLibrary {
  readonly kind: 'native' | 'wasm';
  createDecoder(): LibraryDecoder;
  createEncoder(): LibraryEncoder;
}

/** What the package's files export: the compiled ones say how many bytes they have written into their buffers, WebAssembly gives the bytes. */
interface Raw<Result> {
  readonly Decoder: new (options: { channels: number; sample_rate: number }) => Codec & { decode(packet: Uint8Array): Result };
  readonly Encoder: new (options: {
    channels: number;
    sample_rate: number;
    application: string;
  }) => Codec & { encode(frame: Int16Array): Result };
}
interface RawNative extends Raw<number> {
  readonly buffers: { encoder(): Uint8Array; decoder(): Uint8Array };
}

const RATE = 48_000;
const require = createRequire(import.meta.url);

let loaded: OpusLibrary | undefined;

/** This thread's libopus. @throws when the package lacks even its WebAssembly */
export function opusLibrary(): OpusLibrary {
  loaded ??= loadOpusLibrary(!isMainThread);
  return loaded;
}

/**
 * @param ownCopy for a thread that is not the only one to use it
 * @param forceWasm as if there were nothing compiled for this system
 */
export function loadOpusLibrary(ownCopy: boolean, forceWasm = false): OpusLibrary {
  const native = forceWasm ? undefined : loadNative(ownCopy);
  if (!native) {
    const wasm = require('@evan/opus/wasm/index.js') as Raw<Uint8Array>;
    return library('wasm', wasm, (packet) => packet, soundIn);
  }
  const packets = native.buffers.encoder();
  const sounds = soundIn(native.buffers.decoder());
  return library(
    'native',
    native,
    (bytes) => packets.subarray(0, bytes),
    (bytes) => sounds.subarray(0, bytes >> 1),
  );
}

function library<Result>(
  kind: OpusLibrary['kind'],
  { Decoder, Encoder }: Raw<Result>,
  packetOf: (result: Result) => Uint8Array,
  soundOf: (result: Result) => Int16Array,
): OpusLibrary {
  return {
    kind,
    createDecoder: () => {
      const decoder = new Decoder({ channels: 1, sample_rate: RATE });
      return { ctl: controlOf(decoder), decode: (packet) => soundOf(decoder.decode(packet)) };
    },
    createEncoder: () => {
      const encoder = new Encoder({ channels: 1, sample_rate: RATE, application: 'voip' });
      return { ctl: controlOf(encoder), encode: (frame) => packetOf(encoder.encode(frame)) };
    },
  };
}

function controlOf(codec: Codec): Codec['ctl'] {
  // A value that is undefined is not the same to it as none.
  return (request, value) => (value === undefined ? codec.ctl(request) : codec.ctl(request, value));
}

function soundIn(bytes: Uint8Array): Int16Array {
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
}

/** Undefined: there is nothing compiled for this system, or it cannot be loaded here. */
function loadNative(ownCopy: boolean): RawNative | undefined {
  try {
    const file = require.resolve(`@evan/opus/node/${process.arch}-${process.platform}.node`);
    return ownCopy ? loadCopy(file) : (require(file) as RawNative);
  } catch {
    // Another system, another C library, or a temporary folder that nothing may be run from.
    return undefined;
  }
}

/** dlopen(3) gives the same memory for the same file, so that a thread's own copy has to be a file of its own while it is opened. */
function loadCopy(file: string): RawNative {
  const keep = KEEP_LOADED[process.platform];
  if (keep === undefined) throw new Error('A library cannot be kept loaded on this system');
  const folder = mkdtempSync(join(tmpdir(), 'portvakt-opus-'));
  try {
    const copy = join(folder, 'opus.node');
    copyFileSync(file, copy);
    const module = { exports: {} as RawNative };
    process.dlopen(module, copy, RTLD_LAZY | keep);
    return module.exports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const RTLD_LAZY = 1;
/** RTLD_NODELETE: without it, Node unloads the copy when its thread ends, and what the collector then frees crashes the process. */
const KEEP_LOADED: Partial<Record<NodeJS.Platform, number>> = { linux: 0x1000, darwin: 0x80 };
