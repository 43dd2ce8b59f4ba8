import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SingleNalUnits } from '../../../src/bridge/video/packetization-mode-0.js';
import { fuA, idr, pps, rtp, type Seen, seen, slice, sps, stapA, unit } from './packets.js';

interface In {
  readonly payload: Uint8Array;
  readonly marker?: boolean;
  readonly timestamp?: number;
}

function packets(first: number, list: readonly In[]): Buffer[] {
  return list.map(({ payload, marker, timestamp }, index) =>
    rtp({ sequence: first + index, timestamp: timestamp ?? 3_000, payload, marker: marker ?? index === list.length - 1 }),
  );
}

function put(converter: SingleNalUnits, list: readonly Buffer[]): Seen[] {
  return list.flatMap((packet) => converter.push(packet)).map(seen);
}

const large = unit(5, 0x88, ...Array.from({ length: 900 }, (_, index) => index & 0xff));

describe('packetization mode 0', () => {
  it('takes aggregates apart and puts fragments together', () => {
    const converter = new SingleNalUnits(65_534);
    const out = put(converter, packets(1, [{ payload: stapA(sps, pps) }, ...fuA(large, 300).map((payload) => ({ payload }))]));
    expect(out.map(({ payload }) => payload)).toEqual([sps, pps, large].map((one) => Buffer.from(one)));
    expect(out.map(({ sequence, marker, timestamp }) => [sequence, marker, timestamp])).toEqual([
      [65_534, false, 3_000],
      [65_535, false, 3_000],
      [0, true, 3_000],
    ]);
  });

  it('drops a picture whose unit fits into no packet, counts it, and shows the gap', () => {
    const converter = new SingleNalUnits(10);
    const huge = unit(5, 0x88, ...new Uint8Array(2_000));
    expect(put(converter, packets(1, [{ payload: sps }, { payload: pps }, ...fuA(huge, 900).map((payload) => ({ payload }))]))).toEqual([]);
    expect(converter.stats).toEqual({ tooLarge: 1, picturesDropped: 1 });
    expect(put(converter, packets(6, [{ payload: slice, timestamp: 6_000 }]))).toMatchObject([{ sequence: 11 }]);
  });

  it('puts the packets of a picture in order', () => {
    const converter = new SingleNalUnits(0);
    const [first, second, third] = packets(
      1,
      fuA(large, 400).map((payload) => ({ payload })),
    );
    if (!first || !second || !third) throw new Error('three fragments');
    expect(put(converter, [first, third, second])).toMatchObject([{ sequence: 0, marker: true, payload: Buffer.from(large) }]);
    expect(put(converter, [second])).toEqual([]);
  });

  it('leaves a loss visible, in a picture and between two', () => {
    const converter = new SingleNalUnits(0);
    const [whole, begin, , end] = packets(1, [{ payload: idr }, ...fuA(large, 400).map((payload) => ({ payload }))]);
    if (!whole || !begin || !end) throw new Error('four packets');
    const next = packets(5, [{ payload: slice, timestamp: 6_000 }]);
    // What is left of the first picture goes when the next begins: one number for the unit that is missing.
    expect(put(converter, [whole, begin, end, ...next]).map(({ sequence, payload }) => [sequence, payload.length])).toEqual([
      [0, idr.length],
      [2, slice.length],
    ]);
    expect(put(converter, packets(9, [{ payload: slice, timestamp: 9_000 }]))).toEqual([]);
    expect(put(converter, packets(10, [{ payload: slice, timestamp: 12_000 }])).map(({ sequence }) => sequence)).toEqual([4, 5]);
  });

  it('goes on after a timestamp that is far ahead or behind: which packet is newer, its number says', () => {
    const converter = new SingleNalUnits(0);
    const strange = [2 ** 30, 5, 2 ** 31].map((timestamp) => ({ payload: slice, timestamp, marker: false }));
    const out = put(converter, packets(1, [...strange, { payload: idr, timestamp: 6_000, marker: true }]));
    expect(out.map(({ sequence, timestamp }) => [sequence, timestamp])).toEqual([
      [0, 2 ** 30],
      [1, 5],
      [2, 2 ** 31],
      [3, 6_000],
    ]);
  });

  it('shows no gap where a source was left for another in the middle of a picture', () => {
    const converter = new SingleNalUnits(0);
    const cut = fuA(large, 400)
      .slice(0, 2)
      .map((payload) => ({ payload, marker: false }));
    const out = put(
      converter,
      packets(1, [{ payload: slice, timestamp: 1_000, marker: true }, ...cut, { payload: sps, timestamp: 9_000 }]),
    );
    expect(out.map(({ sequence, timestamp }) => [sequence, timestamp])).toEqual([
      [0, 1_000],
      [1, 9_000],
    ]);
  });

  it('never throws and never sends more than it holds, whatever comes', () => {
    const some = fc.record({
      sequence: fc.nat(40),
      timestamp: fc.nat(3),
      payload: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      marker: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 60 }), (list) => {
        const converter = new SingleNalUnits(0, 30);
        for (const out of put(converter, list.map(rtp))) expect(out.payload.length).toBeLessThanOrEqual(30);
      }),
    );
  });

  it('gives back the units that went in, however they were packed', () => {
    const units = fc.array(fc.uint8Array({ minLength: 3, maxLength: 400 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(units, fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }), fc.nat(65_535), (bodies, ways, first) => {
        const nals = bodies.map((body) => unit(1, ...body));
        const payloads = nals.flatMap((nal, index) => (ways[index] === 0 ? [nal] : ways[index] === 1 ? [stapA(nal)] : fuA(nal, 50)));
        const out = put(
          new SingleNalUnits(7),
          packets(
            first,
            payloads.map((payload) => ({ payload })),
          ),
        );
        expect(out.map(({ payload }) => payload)).toEqual(nals.map((nal) => Buffer.from(nal)));
        expect(out.map(({ marker }) => marker)).toEqual(nals.map((_, index) => index === nals.length - 1));
      }),
    );
  });
});
