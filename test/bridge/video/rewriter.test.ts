import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rewriter } from '../../../src/bridge/video/rewriter.js';
import { RtpPacket } from '../../../src/bridge/video/rtp-packet.js';
import { rtp, type Seen, seen, slice, sps } from './packets.js';

/** A rewriter, and packets put through it by number. */
class Stream {
  readonly rewriter: Rewriter;
  readonly #packet = new RtpPacket();

  constructor(sequence = 100, timestamp = 9_000) {
    this.rewriter = new Rewriter(sequence, timestamp);
  }

  begin(sequence: number, timestamp: number, now: number): Seen | 'lost' | undefined {
    this.#read(sequence, timestamp);
    this.rewriter.begin(this.#packet, now);
    return this.put(sequence, timestamp, now);
  }

  put(sequence: number, timestamp: number, now: number): Seen | 'lost' | undefined {
    const bytes = this.#read(sequence, timestamp);
    const out = this.rewriter.rewrite(this.#packet, bytes, now);
    return typeof out === 'object' ? seen(out) : out;
  }

  insert(unit: Uint8Array, sequence: number, timestamp: number): Seen {
    this.#read(sequence, timestamp);
    return seen(this.rewriter.insert(unit, this.#packet));
  }

  #read(sequence: number, timestamp: number): Buffer {
    const bytes = rtp({ sequence, timestamp, payload: slice });
    if (!this.#packet.read(bytes)) throw new Error('no RTP');
    return bytes;
  }
}

describe('the rewriter', () => {
  it('goes on with the next number and with the time that has passed when the source changes', () => {
    const stream = new Stream();
    expect(stream.begin(5, 1_000, 0)).toMatchObject({ sequence: 100, timestamp: 9_000 });
    expect(stream.put(6, 4_000, 33)).toMatchObject({ sequence: 101, timestamp: 12_000 });
    expect(stream.begin(60_000, 77, 133)).toMatchObject({ sequence: 102, timestamp: 12_000 + 100 * 90 });
    expect(stream.put(60_001, 3_077, 166)).toMatchObject({ sequence: 103, timestamp: 12_000 + 100 * 90 + 3_000 });
  });

  it('counts time from the beginning of a picture, whose packets come one after another', () => {
    const stream = new Stream();
    stream.begin(1, 0, 0);
    stream.put(2, 0, 20);
    expect(stream.begin(9, 500, 40)).toMatchObject({ timestamp: 9_000 + 40 * 90 });
  });

  it('never gives two pictures one timestamp', () => {
    const stream = new Stream();
    stream.begin(1, 0, 10);
    expect(stream.begin(9, 500, 10)).toMatchObject({ timestamp: 9_001 });
  });

  it('leaves losses as gaps, puts late packets where they belong, and drops repetitions', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    expect(stream.put(8, 3_000, 10)).toMatchObject({ sequence: 103 });
    expect(stream.put(6, 0, 20)).toMatchObject({ sequence: 101, timestamp: 9_000 });
    expect(stream.put(6, 0, 21)).toBeUndefined();
    expect(stream.put(8, 3_000, 21)).toBeUndefined();
    expect(stream.put(9, 3_000, 22)).toMatchObject({ sequence: 104 });
  });

  it('drops what came before the source began, and what is very late', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    expect(stream.put(4, 0, 1)).toBeUndefined();
    expect(stream.put(700, 0, 2)).toMatchObject({ sequence: 795 });
    expect(stream.put(6, 0, 3)).toBeUndefined();
  });

  it('says when the source has begun anew', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    expect(stream.put(30_000, 0, 1)).toBe('lost');
    expect(stream.put(40_000, 0, 1)).toBe('lost');
  });

  it('says so, too, when timestamps leave the time that has passed', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    expect(stream.put(6, 2 ** 30, 33)).toBe('lost');
    expect(stream.put(7, -(2 ** 30) >>> 0, 33)).toBe('lost');
    expect(stream.begin(8, 2 ** 30, 66)).toMatchObject({ sequence: 101, timestamp: 9_000 + 66 * 90 });
    // Slides that did not change for a minute.
    expect(stream.put(9, 2 ** 30 + 60_000 * 90, 60_066)).toMatchObject({ sequence: 102 });
  });

  it('goes round at the end of both numbers', () => {
    const stream = new Stream(65_535, 0xffff_ffff);
    expect(stream.begin(65_535, 0xffff_fff0, 0)).toMatchObject({ sequence: 65_535, timestamp: 0xffff_ffff });
    expect(stream.put(0, 3_000, 33)).toMatchObject({ sequence: 0, timestamp: 3_015 });
    expect(stream.put(65_535, 0xffff_fff0, 34)).toBeUndefined();
  });

  it('makes room for what is inserted, and still knows where packets before it belong', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    expect(stream.insert(sps, 7, 3_000)).toMatchObject({ sequence: 102, timestamp: 12_000, marker: false });
    expect(stream.insert(sps, 7, 3_000)).toMatchObject({ sequence: 103 });
    expect(stream.put(7, 3_000, 33)).toMatchObject({ sequence: 104 });
    expect(stream.put(6, 0, 34)).toMatchObject({ sequence: 101 });
    expect(stream.put(8, 6_000, 66)).toMatchObject({ sequence: 105 });
    expect(stream.begin(1, 0, 99)).toMatchObject({ sequence: 106 });
  });

  it('counts what it sent, for sender reports', () => {
    const stream = new Stream();
    stream.begin(5, 0, 0);
    stream.insert(sps, 6, 1);
    stream.put(6, 1, 1);
    stream.put(6, 1, 1);
    expect(stream.rewriter).toMatchObject({ packets: 3, octets: 2 * slice.length + sps.length });
    expect(stream.rewriter.timestampAt(1_001)).toBe(9_001 + 90_000);
  });

  it('numbers without a gap and never back in time, however sources come and go, when nothing is lost', () => {
    const sources = fc.array(
      fc.record({
        sequence: fc.nat(65_535),
        timestamp: fc.nat(0xffff_ffff),
        packets: fc.integer({ min: 1, max: 40 }),
        pause: fc.nat(5_000),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(sources, fc.nat(65_535), fc.nat(0xffff_ffff), (list, first, start) => {
        const stream = new Stream(first, start);
        let now = 0;
        let expected = first;
        let last: number | undefined;
        for (const source of list) {
          now += source.pause;
          for (let index = 0; index < source.packets; index++) {
            const way = index === 0 ? 'begin' : 'put';
            const out = stream[way]((source.sequence + index) & 0xffff, (source.timestamp + index * 3_000) >>> 0, now + index * 33);
            if (out === undefined || out === 'lost') throw new Error('dropped');
            expect(out.sequence).toBe(expected);
            expected = (expected + 1) & 0xffff;
            if (last !== undefined) expect((out.timestamp - last) | 0).toBeGreaterThan(0);
            last = out.timestamp;
          }
          now += source.packets * 33;
        }
      }),
    );
  });
});
