import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachUnit, holds, inspect } from '../../../src/bridge/video/h264.js';
import { ParameterSets } from '../../../src/bridge/video/parameter-sets.js';
import { RtpPacket } from '../../../src/bridge/video/rtp-packet.js';
import { fuA, idr, pps, rtp, slice, sps, stapA, unit } from './packets.js';

const found = (payload: Uint8Array): number => inspect(payload, 0, payload.length);

describe('what an H.264 payload holds', () => {
  it('tells single NAL units', () => {
    expect(found(sps)).toBe(holds.sps);
    expect(found(pps)).toBe(holds.pps);
    expect(found(idr)).toBe(holds.idrStart);
    expect(found(slice)).toBe(holds.slice);
    expect(found(unit(6, 1))).toBe(holds.other);
  });

  it('does not take a later slice of an IDR picture for its beginning', () => {
    // first_mb_in_slice 1 is 010 as ue(v).
    expect(found(unit(5, 0x40, 1))).toBe(holds.idrPart);
  });

  it('looks into aggregates', () => {
    expect(found(stapA(sps, pps, idr))).toBe(holds.sps | holds.pps | holds.idrStart);
    expect(found(stapA(sps, pps))).toBe(holds.sps | holds.pps);
  });

  it('takes the first fragment for the beginning, and the others for parts', () => {
    const [first, second, third] = fuA(unit(5, 0x88, ...new Uint8Array(50)), 20).map(found);
    expect([first, second, third]).toEqual([holds.idrStart, holds.idrPart, holds.idrPart]);
    expect(fuA(unit(1, 0x88, ...new Uint8Array(50)), 20).map(found)).toEqual([holds.slice, holds.slice, holds.slice]);
  });

  it('finds nothing in what mode 0 and 1 do not have, in broken aggregates and with the forbidden bit', () => {
    expect(found(unit(25, 1, 2, 3))).toBe(0);
    expect(found(unit(0, 1, 2, 3))).toBe(0);
    expect(found(Uint8Array.of(0xe7, 1, 2))).toBe(0);
    expect(found(Uint8Array.of(0x78, 0, 9, 0x67))).toBe(0);
    expect(found(Uint8Array.of(0x78, 0, 0, 0x67))).toBe(0);
    expect(found(Uint8Array.of(0x7c, 0x85))).toBe(0);
    expect(found(new Uint8Array(0))).toBe(0);
  });

  it('never throws, whatever comes, and stays inside the payload', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const packet = new RtpPacket();
        const sets = new ParameterSets();
        if (packet.read(bytes)) {
          expect(packet.start).toBeLessThan(packet.end);
          expect(packet.end).toBeLessThanOrEqual(bytes.length);
        }
        inspect(bytes, 0, bytes.length);
        sets.remember(bytes, 0, bytes.length);
        eachUnit(bytes, 0, bytes.length, (from, to) => {
          expect(from).toBeLessThan(to);
          expect(to).toBeLessThanOrEqual(bytes.length);
        });
      }),
    );
  });
});

describe('the RTP header', () => {
  it('is read past contributing sources, extension and padding', () => {
    const packet = new RtpPacket();
    const header = Buffer.from('b2e0fffe0000000a000000010000000200000003bede00010000aaaa', 'hex');
    expect(packet.read(Buffer.concat([header, sps, Uint8Array.of(0, 0, 3)]))).toBe(true);
    expect(packet).toMatchObject({ sequence: 0xfffe, timestamp: 10, marker: true, payloadType: 96, start: 28, end: 28 + sps.length });
  });

  it('is refused where lengths do not fit', () => {
    const packet = new RtpPacket();
    const good = rtp({ sequence: 1, timestamp: 1, payload: sps });
    const with_ = (change: (bytes: Buffer) => void): Buffer => {
      const copy = Buffer.from(good);
      change(copy);
      return copy;
    };
    expect(packet.read(good)).toBe(true);
    expect(packet.read(good.subarray(0, 12))).toBe(false);
    expect(packet.read(with_((bytes) => bytes.writeUInt8(0x40, 0)))).toBe(false);
    expect(packet.read(with_((bytes) => bytes.writeUInt8(0x8f, 0)))).toBe(false);
    expect(packet.read(with_((bytes) => bytes.writeUInt8(0x90, 0)))).toBe(false);
    expect(packet.read(with_((bytes) => bytes.writeUInt8(0xa0, 0)))).toBe(false);
  });
});

describe('parameter sets', () => {
  it('are kept from single units and aggregates, the last of each, as copies', () => {
    const sets = new ParameterSets();
    const bytes = Buffer.from(sps);
    sets.remember(bytes, 0, bytes.length);
    expect(sets.both).toBeUndefined();
    bytes.fill(0);
    const newer = Uint8Array.of(0x68, 1, 2, 3);
    for (const payload of [pps, stapA(newer, idr)]) sets.remember(payload, 0, payload.length);
    expect(sets.both).toEqual([sps, newer]);
  });

  it('too large for a packet are not kept', () => {
    const sets = new ParameterSets();
    const huge = unit(7, ...new Uint8Array(2000));
    for (const payload of [huge, pps]) sets.remember(payload, 0, payload.length);
    expect(sets.both).toBeUndefined();
  });
});
