import { describe, expect, it } from 'vitest';
import { JitterBuffer, type Playout } from '../../../src/bridge/audio/jitter-buffer.js';

const MS = 8;
const bytes = (...values: number[]) => ({ bytes: Uint8Array.from(values), from: 0, to: values.length });

interface Sent {
  readonly sequence: number;
  readonly timestamp: number;
  readonly arrives: number;
  readonly duration?: number;
  readonly payload?: undefined;
}

/** Packets of 20 ms, sent on time from 1000 ms on; `late` says how much later each comes. */
function packets(count: number, late: (i: number) => number = () => 0, from = { sequence: 100, timestamp: 4000 }): Sent[] {
  return Array.from({ length: count }, (_, i) => ({
    sequence: (from.sequence + i) & 0xffff,
    timestamp: (from.timestamp + i * 160) >>> 0,
    arrives: 1000 + 20 * i + late(i),
  }));
}

/** Takes 20 ms each 20 ms and writes down what came: numbers of packets, `lost`, `-` for nothing, `.` for a pause. */
function play(buffer: JitterBuffer, sent: readonly Sent[], until = 3000, from = 1010) {
  const waiting = [...sent].sort((a, b) => a.arrives - b.arrives);
  const log: { at: number; what: number | 'lost' | '-' | '.' }[] = [];
  let stock = 0;
  for (let now = from; now < until; now += 20) {
    while (waiting[0] && waiting[0].arrives <= now) {
      const packet = waiting.shift();
      if (!packet) break;
      const { sequence, timestamp, duration = 160, arrives } = packet;
      const payload = 'payload' in packet ? undefined : bytes(sequence >> 8, sequence & 255);
      buffer.insert({ sequence, timestamp, payload, duration, isLoud: false }, arrives);
    }
    stock -= 160;
    while (stock < 0) {
      const next: Playout = buffer.take(now + (stock + 160) / MS);
      if (next.kind === 'packet') {
        log.push({ at: now, what: Buffer.from(next.packet.payload).readUInt16BE(0) });
        stock += next.packet.duration;
      } else if (next.kind === 'lost') {
        log.push({ at: now, what: 'lost' });
        stock += next.duration;
      } else {
        log.push({ at: now, what: next.paused ? '.' : '-' });
        if (!next.paused) buffer.filled(-stock / MS);
        stock = 0;
      }
    }
  }
  return log;
}

const numbers = (log: ReturnType<typeof play>) => log.flatMap(({ what }) => (typeof what === 'number' ? [what] : []));
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('the jitter buffer', () => {
  it('begins after one or two frames and then gives every packet', () => {
    const log = play(new JitterBuffer(8000), packets(50), 2000);
    expect(log.slice(0, 3).map(({ what }) => what)).toEqual(['.', 100, 101]);
    expect(numbers(log)).toEqual(range(100, numbers(log).length));
    expect(log.filter(({ what }) => what === 'lost' || what === '-')).toEqual([]);
  });

  it('puts in order what has overtaken', () => {
    const swapped = packets(50).map((packet, i) => ({ ...packet, arrives: packet.arrives + (i % 5 === 3 ? 21 : 0) }));
    const log = play(new JitterBuffer(8000), swapped, 1900);
    expect(numbers(log)).toEqual([...numbers(log)].sort((a, b) => a - b));
    expect(new Set(numbers(log)).size).toBe(numbers(log).length);
    expect(numbers(log).length).toBeGreaterThan(40);
  });

  it('says that a packet is lost once later ones are here, and for how long', () => {
    const buffer = new JitterBuffer(8000);
    const log = play(
      buffer,
      packets(50).filter((_, i) => i !== 20 && i !== 30 && i !== 31),
      1900,
    );
    expect(numbers(log)).toEqual(
      range(100, 46)
        .filter((n) => n !== 120 && n !== 130 && n !== 131)
        .slice(0, numbers(log).length),
    );
    const missing = log.filter(({ what }) => what === 'lost' || what === '-').length;
    expect(missing).toBeGreaterThanOrEqual(2);
    expect(missing).toBeLessThanOrEqual(3);
    expect(buffer.excessMs(1900)).toBeLessThan(25);
  });

  it('drops what comes twice, and what comes too late', () => {
    const buffer = new JitterBuffer(8000);
    const [first, second, third] = packets(3);
    const insert = (packet: Sent | undefined, at: number) =>
      packet && buffer.insert({ ...packet, payload: bytes(1, 2, 3), duration: 160, isLoud: false }, at);
    expect([insert(first, 1000), insert(first, 1001), insert(third, 1040)]).toEqual(['kept', 'duplicate', 'kept']);
    buffer.start(0, 1040);
    for (let now = 1100; buffer.take(now).kind !== 'nothing'; now += 20);
    expect(insert(second, 1200)).toBe('late');
    expect(insert(third, 1200)).toBe('duplicate');
  });

  it('waits longer when packets come late, and shorter again when they no longer do', () => {
    const buffer = new JitterBuffer(8000);
    const jittery = packets(400, (i) => (i < 200 && i % 7 === 6 ? 70 : 0));
    const log = play(buffer, jittery, 5000);
    expect(buffer.targetMs).toBeGreaterThan(60);
    // Once it knows, nothing is missing.
    expect(log.filter(({ at, what }) => at > 1500 && at < 4900 && typeof what !== 'number')).toEqual([]);
    play(
      buffer,
      jittery.filter(({ arrives }) => arrives > 5000),
      9000,
      5010,
    );
    expect(buffer.targetMs).toBeLessThan(40);
  });

  it('never waits longer than its bound', () => {
    const buffer = new JitterBuffer(8000);
    play(
      buffer,
      packets(200, (i) => (i * 7919) % 900),
      5000,
    );
    expect(buffer.targetMs).toBeLessThanOrEqual(200);
  });

  it('goes over the ends of sequence numbers and timestamps', () => {
    const log = play(
      new JitterBuffer(8000),
      packets(50, () => 0, { sequence: 65_520, timestamp: 0xffff_ff00 }),
      1900,
    );
    expect(numbers(log).slice(0, 40)).toEqual(range(65_520, 40).map((n) => n & 0xffff));
    expect(log.some(({ what }) => what === 'lost' || what === '-')).toBe(false);
  });

  it('takes a gap in time without one in numbers for a pause, not for a loss', () => {
    const before = packets(20);
    const after = packets(20, () => 0, { sequence: 120, timestamp: 4000 + 70 * 160 }).map((packet) => ({
      ...packet,
      arrives: packet.arrives + 1400,
    }));
    const log = play(new JitterBuffer(8000), [...before, ...after], 2900);
    expect(log.some(({ what }) => what === 'lost')).toBe(false);
    expect(numbers(log)).toEqual(range(100, numbers(log).length));
    expect(numbers(log).length).toBeGreaterThan(35);
    expect(log.filter(({ what }) => what === '.').length).toBeGreaterThan(30);
  });

  it('does not count telephone events as lost sound', () => {
    const sent = packets(40).map((packet, i) =>
      i >= 15 && i < 20 ? { ...packet, timestamp: 4000 + 15 * 160, payload: undefined } : packet,
    );
    const log = play(new JitterBuffer(8000), sent, 1750);
    expect(log.some(({ what }) => what === 'lost')).toBe(false);
    expect(numbers(log).at(-1)).toBeGreaterThan(130);
  });

  it.each([10, 30, 40, 60])('plays packets of %d ms', (ms) => {
    const sent = Array.from({ length: 40 }, (_, i) => ({
      sequence: i,
      timestamp: i * ms * MS,
      arrives: 1000 + i * ms,
      duration: ms * MS,
    }));
    const until = 1000 + 40 * ms;
    const log = play(new JitterBuffer(8000), sent, until);
    expect(log.some(({ what }) => what === 'lost' || what === '-')).toBe(false);
    expect(numbers(log).length).toBeGreaterThan(35 - 60 / ms);
  });

  it('begins anew where a sender does, after two packets from there', () => {
    const buffer = new JitterBuffer(8000);
    const again = packets(20, () => 0, { sequence: 30_000, timestamp: 77 }).map((packet) => ({ ...packet, arrives: packet.arrives + 400 }));
    const log = play(buffer, [...packets(20), ...again], 1900);
    expect(numbers(log).at(-1)).toBeGreaterThan(30_010);
    // A single stray packet is not followed.
    expect(buffer.insert({ sequence: 5, timestamp: 1, payload: bytes(1), duration: 8, isLoud: false }, 2000)).toBe('strange');
    expect(buffer.insert({ sequence: 30_020, timestamp: 77 + 3200, payload: bytes(1), duration: 8, isLoud: false }, 2000)).toBe('kept');
  });

  it('begins with the first loud packet of one who has just begun to speak', () => {
    const buffer = new JitterBuffer(8000);
    for (const [i, packet] of packets(20).entries()) {
      buffer.insert({ ...packet, payload: bytes(0, i), duration: 160, isLoud: i >= 14 }, packet.arrives);
    }
    buffer.start(160, 1390);
    const first = buffer.take(1390);
    expect(first.kind === 'packet' && first.packet.payload[1]).toBe(13);
    expect(buffer.before(2).map((payload) => payload[1])).toEqual([12, 13].slice(0, 2));
  });

  it('never plays again what was played, however often it is started', () => {
    const buffer = new JitterBuffer(8000);
    const log = play(buffer, packets(30), 1400);
    const last = numbers(log).at(-1) ?? 0;
    buffer.start(160, 1400);
    const again = numbers(play(buffer, packets(60).slice(20), 2000, 1410));
    expect(again[0]).toBeGreaterThan(last);
  });
});
