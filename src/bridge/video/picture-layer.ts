import { holds } from './h264.js';
import type { PictureSource } from './picture-source.js';
import type { Rewriter } from './rewriter.js';
import type { RtpPacket } from './rtp-packet.js';
import type { PictureLayer, SwitchAction } from './switch-api.js';

const reportEveryMs = 1_000;

/** One of the two streams: what it shows, what it is to show as soon as a key frame of that begins, and how often that was asked for one. */
export class Layer {
  /** What it shows. */
  current: PictureSource | undefined;
  /** What it should show. */
  target: PictureSource | undefined;
  /** Whether someone asked for a key frame while a switch is under way, whose key frame will do. */
  keyFrameWanted = false;
  attempts = 0;
  askAt = 0;
  #reportAt = 0;
  readonly #rewriter: Rewriter;

  constructor(
    readonly name: PictureLayer,
    rewriter: Rewriter,
  ) {
    this.#rewriter = rewriter;
  }

  get waiting(): boolean {
    return this.target !== undefined && this.target !== this.current;
  }

  /** Sets the target. Nothing happens where it is that already. */
  aim(target: PictureSource | undefined, now: number): void {
    if (target === this.target) return;
    this.target = target;
    this.attempts = 0;
    this.askAt = now;
  }

  /** The source is gone, or its stream has broken off: it takes a key frame to show it again. */
  lose(source: PictureSource, now: number): void {
    if (this.current === source) this.current = undefined;
    if (this.target !== source) return;
    this.attempts = 0;
    this.askAt = now;
  }

  clear(): void {
    this.current = undefined;
    this.target = undefined;
    this.keyFrameWanted = false;
  }

  /** This packet begins a key frame of the target: it is what is shown now. */
  goOver(packet: RtpPacket, now: number): void {
    this.current = this.target;
    this.keyFrameWanted = false;
    this.#rewriter.begin(packet, now);
    this.#reportAt = now;
  }

  /**
   * Sends on a packet of the current source. `first`: of the picture that was just gone over to.
   * False: the source's numbering has broken off.
   */
  forward(
    source: PictureSource,
    packet: RtpPacket,
    bytes: Uint8Array,
    found: number,
    first: boolean,
    now: number,
    out: SwitchAction[],
  ): boolean {
    const rewriter = this.#rewriter;
    // Who joins begins with an SPS (mediasoup takes nothing else for a key frame), so every IDR picture needs one of its own.
    const bare = (found & holds.idrStart) !== 0 && (found & holds.sps) === 0;
    if (bare && (first || (source.spsTimestamp !== packet.timestamp && rewriter.isNewest(packet)))) {
      for (const unit of source.parameterSets.both ?? []) out.push({ do: 'send', layer: this.name, packet: rewriter.insert(unit, packet) });
    }
    const rewritten = rewriter.rewrite(packet, bytes, now);
    if (rewritten === 'lost') return false;
    if (rewritten) out.push({ do: 'send', layer: this.name, packet: rewritten });
    return true;
  }

  /** Every second while it shows something, and at once after a key frame that it went over on. */
  report(now: number, ntpMs: number, out: SwitchAction[]): void {
    if (!this.current || now < this.#reportAt) return;
    this.#reportAt = now + reportEveryMs;
    const rewriter = this.#rewriter;
    const { packets, octets } = rewriter;
    out.push({ do: 'report', layer: this.name, ntpMs, timestamp: rewriter.timestampAt(now), packets, octets });
  }
}
