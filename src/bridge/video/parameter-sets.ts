import { eachUnit, holds, nalType } from './h264.js';

/** Larger ones do not fit into a packet of their own, and no room system or browser sends such. */
const maxBytes = 1_100;

/**
 * The last SPS and PPS of a source. An encoder may send them once and never again (H.264 §7.4.1.2.1 allows it), but who is switched to this
 * source has not seen them.
 */
export class ParameterSets {
  #sps: Uint8Array | undefined;
  #pps: Uint8Array | undefined;

  /** Both, in the order to send them; undefined while one is not known. */
  get both(): readonly [Uint8Array, Uint8Array] | undefined {
    return this.#sps && this.#pps ? [this.#sps, this.#pps] : undefined;
  }

  /** For payloads that `inspect` found `holds.sps` or `holds.pps` in. One in fragments is not kept. */
  remember(bytes: Uint8Array, start: number, end: number): void {
    eachUnit(bytes, start, end, (from, to) => {
      if (to - from > maxBytes) return;
      const type = (bytes[from] ?? 0) & 0x1f;
      if (type === nalType.sps) this.#sps = replace(this.#sps, bytes, from, to);
      else if (type === nalType.pps) this.#pps = replace(this.#pps, bytes, from, to);
    });
  }

  forget(): void {
    this.#sps = undefined;
    this.#pps = undefined;
  }
}

/** A copy: the packet's memory is not ours to keep. What has not changed is not copied again. */
function replace(old: Uint8Array | undefined, bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (old && old.length === to - from && old.every((byte, index) => byte === bytes[from + index])) return old;
  return new Uint8Array(bytes.subarray(from, to));
}

/** Whether the payload holds parameter sets worth remembering. */
export function holdsParameterSets(found: number): boolean {
  return (found & (holds.sps | holds.pps)) !== 0;
}
