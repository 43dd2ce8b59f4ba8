import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TPKT_PAYLOAD, TpktFramer, type TpktLoss, writeTpkt } from '../../../../src/gatekeeper/h323/q931/tpkt.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Everything that came of these chunks. */
function pushAll(framer: TpktFramer, chunks: readonly Buffer[]) {
  const payloads: string[] = [];
  let keepAlives = 0;
  let loss: TpktLoss | undefined;
  for (const chunk of chunks) {
    const framed = framer.push(chunk);
    payloads.push(...framed.payloads.map((payload) => payload.toString('hex')));
    keepAlives += framed.keepAlives;
    loss ??= framed.loss;
  }
  return { payloads, keepAlives, loss };
}

describe('writeTpkt', () => {
  it('puts version and whole length before the payload', () => {
    expect(writeTpkt(hex('08 02 00 01 05'))).toEqual(hex('03 00 00 09 08 02 00 01 05'));
    expect(writeTpkt(Buffer.alloc(0))).toEqual(hex('03 00 00 04'));
    expect(writeTpkt(Buffer.alloc(MAX_TPKT_PAYLOAD)).subarray(0, 4)).toEqual(hex('03 00 ff ff'));
  });

  it('refuses what its length cannot say', () => {
    expect(() => writeTpkt(Buffer.alloc(MAX_TPKT_PAYLOAD + 1))).toThrow('holds 65531 bytes, not 65532');
  });
});

describe('TpktFramer', () => {
  it('gives the payloads of one chunk in order, as views of it', () => {
    const chunk = hex('03 00 00 06 0a0b 03 ff 00 05 0c');
    const { payloads } = new TpktFramer().push(chunk);
    expect(payloads).toEqual([hex('0a0b'), hex('0c')]);
    expect(payloads[0]?.buffer).toBe(chunk.buffer);
  });

  it('tells keep-alives apart from messages', () => {
    expect(pushAll(new TpktFramer(), [hex('03 00 00 04 03 00 00 05 aa 03 00'), hex('00 04')])).toEqual({
      payloads: ['aa'],
      keepAlives: 2,
      loss: undefined,
    });
  });

  it('knows an unfinished packet from the next', () => {
    const framer = new TpktFramer();
    expect(framer.partial).toBe(false);
    framer.push(hex('03 00'));
    expect([framer.partial, framer.begun]).toEqual([true, 1]);
    framer.push(hex('00 06 0a'));
    expect([framer.partial, framer.begun]).toEqual([true, 1]);
    framer.push(hex('0b 03'));
    expect([framer.partial, framer.begun]).toEqual([true, 2]);
    framer.push(hex('00 00 05 0c'));
    expect([framer.partial, framer.begun]).toEqual([false, 2]);
  });

  it.each([
    ['a first octet that is not 3', ['16 03 01'], [], 'framing'],
    ['a length below its header', ['03 00 00 03'], [], 'framing'],
    ['the same in pieces', ['03', '00 00', '02'], [], 'framing'],
    ['what comes after good packets', ['03 00 00 05 aa 47 45 54', '03 00 00 05 bb'], ['aa'], 'framing'],
    ['a message longer than we take', ['03 00 00 05 aa 03 00 00 0f'], ['aa'], 'size'],
    ['the same in pieces', ['03 00', '00 0f'], [], 'size'],
  ])('ends at %s', (_what, chunks, payloads, why) => {
    const framed = pushAll(new TpktFramer(10), chunks.map(hex));
    expect(framed.payloads).toEqual(payloads);
    expect(framed.loss?.why).toBe(why);
    expect(framed.loss?.text).toMatch(/^a (packet|message)/);
  });

  it('reads nothing after the end, and holds nothing', () => {
    const framer = new TpktFramer();
    framer.push(hex('04'));
    expect(pushAll(framer, [hex('03 00 00 05 aa')])).toEqual({ payloads: [], keepAlives: 0, loss: undefined });
    expect(framer.partial).toBe(false);
  });

  it('reads the same however the stream is cut', () => {
    const packets = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 30 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(writeTpkt));
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const length = cuts[i % cuts.length] ?? 1;
          chunks.push(stream.subarray(at, at + length));
          at += length;
        }
        const framed = pushAll(new TpktFramer(), chunks);
        expect(framed.payloads).toEqual(sent.filter(({ length }) => length > 0).map((one) => Buffer.from(one).toString('hex')));
        expect(framed.keepAlives).toBe(sent.filter(({ length }) => length === 0).length);
        expect(framed.loss).toBeUndefined();
      }),
    );
  });

  it('takes the longest packet byte by byte', () => {
    const payload = Buffer.alloc(MAX_TPKT_PAYLOAD, 7);
    const framer = new TpktFramer();
    const whole: Buffer[] = [];
    for (const byte of writeTpkt(payload)) whole.push(...framer.push(Buffer.from([byte])).payloads);
    expect(whole.length).toBe(1);
    expect(whole[0]?.equals(payload)).toBe(true);
  });
});
