import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Framed, StreamFramer } from '../../../../src/gatekeeper/sip/transport/stream-framer.js';

const limits = { messageBytes: 65_535, headBytes: 16_384 };

const bytes = (text: string) => Buffer.from(text, 'latin1');

function message(headers: string[], body = ''): string {
  return ['OPTIONS sip:norr.example SIP/2.0', ...headers, '', body].join('\r\n');
}

/** Pushes the pieces one by one and gathers what they came to. */
function run(pieces: readonly Buffer[], framer = new StreamFramer(limits)): { messages: string[]; pings: number; loss: Framed['loss'] } {
  const messages: string[] = [];
  let pings = 0;
  let loss: Framed['loss'];
  for (const piece of pieces) {
    const framed = framer.push(piece);
    messages.push(...framed.messages);
    pings += framed.pings;
    loss ??= framed.loss;
  }
  return { messages, pings, loss };
}

function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...[...places].map((place) => place % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return edges.slice(1).map((end, i) => stream.subarray(edges[i], end));
}

describe('StreamFramer', () => {
  it('takes messages one after the other, with and without a body', () => {
    const first = message(['Content-Length: 5'], 'a\r\n\r\n');
    const second = message(['Content-Length: 0']);
    expect(run([bytes(first + second + first)]).messages).toEqual([first, second, first]);
  });

  it.each([
    ['Content-Length: 3'],
    ['content-length:3'],
    ['CONTENT-LENGTH \t : \t 3 '],
    ['l: 3'],
    ['L:3'],
    ['l\t:3'],
    ['Content-Length:\r\n 3'],
    ['Content-Length: 0003'],
    ['Content-Length: 3\r\nl: 3'],
  ])('reads the length from %j', (header) => {
    const text = message(['Subject: x', header, 'Contact: <sip:a@b>', 'Label: 9', 'Call-ID: 7'], 'abc');
    expect(run([bytes(text)])).toEqual({ messages: [text], pings: 0, loss: undefined });
  });

  it.each([
    ['none', [], 'missing'],
    ['a folded line that looks like one', ['Subject: x', ' Content-Length: 3'], 'missing'],
    ['no number', ['Content-Length: abc'], 'not a number'],
    ['a negative one', ['Content-Length: -1'], 'not a number'],
    ['an empty one', ['Content-Length:'], 'not a number'],
    ['a number with a tail', ['Content-Length: 3 3'], 'not a number'],
    ['a number too long to be one', ['Content-Length: 12345678901'], 'not a number'],
    ['two that differ', ['Content-Length: 3', 'l: 4'], 'twice'],
  ])('gives up on %s, with the head to be answered', (_what, headers, why) => {
    const good = message(['Content-Length: 0']);
    const bad = message(headers);
    const { messages, loss } = run([bytes(good + bad + good), bytes(good)]);
    expect(messages).toEqual([good]);
    expect(loss?.why.status).toBe(400);
    expect(loss?.why.text).toContain(why);
    expect(loss?.head).toBe(bad);
  });

  it('gives up on a message that is longer than it may be', () => {
    const bad = message(['Content-Length: 70000'], 'x');
    const { messages, loss } = run([bytes(bad)]);
    expect(messages).toEqual([]);
    expect(loss?.why.status).toBe(513);
    expect(loss?.head).toBe(bad.slice(0, -1));
  });

  it('gives up on a head that is longer than it may be, and holds no more of it', () => {
    const framer = new StreamFramer(limits);
    const line = `X-Filler: ${'x'.repeat(90)}\r\n`;
    const pieces = [bytes('OPTIONS sip:norr.example SIP/2.0\r\n'), ...new Array<Buffer>(1000).fill(bytes(line))];
    const { messages, loss } = run(pieces, framer);
    expect(messages).toEqual([]);
    expect(loss?.why.status).toBe(513);
    expect(loss?.head.length).toBeLessThanOrEqual(limits.headBytes + 2);
    expect(loss?.head.endsWith(`${line}\r\n`)).toBe(true);
    expect(framer.partial).toBe(false);
  });

  it('sees at the first byte that something is not SIP', () => {
    const { loss } = run([Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])]);
    expect(loss).toEqual({ why: { status: 400, text: 'This is not SIP' }, head: '' });
  });

  it('counts pings, and ignores a CRLF before a message', () => {
    const text = message(['Content-Length: 0']);
    expect(run([bytes(`\r\n\r\n${text}\r\n${text}\r\n\r\n\r\n\r\n`)])).toEqual({ messages: [text, text], pings: 3, loss: undefined });
    expect(run([bytes('\r\n')]).pings).toBe(0);
  });

  it('knows whether a message has begun, and tells one from the next', () => {
    const framer = new StreamFramer(limits);
    const text = message(['Content-Length: 0']);
    framer.push(bytes('\r\n\r\n\r'));
    expect(framer.partial).toBe(false);
    framer.push(bytes(`\n${text.slice(0, 10)}`));
    expect(framer.partial).toBe(true);
    const { begun } = framer;
    framer.push(bytes(text.slice(10, 20)));
    expect(framer.begun).toBe(begun);
    framer.push(bytes(text.slice(20) + text.slice(0, 10)));
    expect(framer.partial).toBe(true);
    expect(framer.begun).not.toBe(begun);
    framer.push(bytes(text.slice(10)));
    expect(framer.partial).toBe(false);
  });

  it('gives the same messages however the stream is cut', () => {
    const body = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\xff', ':', 'l'), maxLength: 40 });
    const part = fc.oneof(
      body.map((text) => message(['Via: SIP/2.0/TCP 192.0.2.1', `Content-Length: ${text.length}`, 'Subject: l: 4'], text)),
      body.map((text) => message([`l:${text.length}`], text)),
      fc.constantFrom('\r\n', '\r\n\r\n', '\n', '\r'),
    );
    const stream = fc.array(part, { maxLength: 8 });
    const tail = fc.constantFrom('', 'BYE sip:', message([]), message(['Content-Length: 99999']), '\x16\x03');
    fc.assert(
      fc.property(stream, tail, fc.array(fc.nat(), { maxLength: 12 }), (parts, end, places) => {
        const whole = bytes(parts.join('') + end);
        const expected = run([whole]);
        expect(run(cut(whole, places))).toEqual(expected);
        expect(run([...whole].map((byte) => Buffer.from([byte])))).toEqual(expected);
        expect(expected.messages).toEqual(parts.filter((text) => text.includes('OPTIONS')));
      }),
    );
  });

  it('stays within its limits on any bytes', () => {
    const small = { messageBytes: 200, headBytes: 100 };
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (pieces) => {
        const { messages } = run(pieces.map(Buffer.from), new StreamFramer(small));
        for (const text of messages) expect(text.length).toBeLessThanOrEqual(small.messageBytes);
      }),
    );
  });
});
