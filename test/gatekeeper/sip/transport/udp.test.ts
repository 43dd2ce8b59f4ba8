import { afterEach, describe, expect, it } from 'vitest';
import { Bench, datagramClient, request } from './harness.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

const ipv4 = { transport: 'udp', address: '127.0.0.1', port: 0 } as const;
const ipv6 = { transport: 'udp', address: '::1', port: 0 } as const;

function bindingRequest(): Buffer {
  const datagram = Buffer.alloc(20);
  datagram.writeUInt16BE(0x0001, 0);
  datagram.writeUInt32BE(0x2112a442, 4);
  datagram.write('transaction!', 8, 'latin1');
  return datagram;
}

describe.each([
  ['IPv4', ipv4],
  ['IPv6', ipv6],
])('UDP over %s', (_family, listen) => {
  it('hands a message up byte for byte, and answers to where it came from', async () => {
    const bench = keep(await Bench.open([listen]));
    const client = keep(await datagramClient(listen.address));
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    await client.send(request(everyByte), bench.port());
    const { message, flow, loss } = await bench.inbox.next();
    expect(message).toBe(request(everyByte));
    expect(loss).toBeUndefined();
    expect(flow).toMatchObject({ transport: 'udp', reliable: false, closed: false, certificateNames: [] });
    expect(flow.local).toEqual({ address: listen.address, port: bench.port() });
    expect(flow.remote).toMatchObject({ address: listen.address, port: client.port });
    expect(flow.send(`SIP/2.0 200 OK\r\n\r\n${everyByte}`)).toBe(true);
    expect((await client.inbox.next()).toString('latin1')).toBe(`SIP/2.0 200 OK\r\n\r\n${everyByte}`);
    expect(bench.transports.stats).toMatchObject({ received: { udp: 1 }, sent: { udp: 1 } });
  });

  it('finds a flow again by its id, and makes the same one for the same target', async () => {
    const bench = keep(await Bench.open([listen]));
    const client = keep(await datagramClient(listen.address));
    await client.send(request(), bench.port());
    const { flow } = await bench.inbox.next();
    const again = await bench.transports.flowTo({ transport: 'udp', address: listen.address, port: client.port });
    expect(again.id).toBe(flow.id);
    bench.transports.flow(flow.id)?.send('again');
    expect((await client.inbox.next()).toString()).toBe('again');
    expect(bench.transports.flow(flow.id.replace(/:\d+$/, ':0'))).toBeUndefined();
    expect(bench.transports.flow(flow.id.replace(/>.*/, '>nowhere:5060'))).toBeUndefined();
  });

  it('answers a STUN keep-alive with the address it came from, masked (RFC 8489 §14.2)', async () => {
    const bench = keep(await Bench.open([listen]));
    const client = keep(await datagramClient(listen.address));
    await client.send(bindingRequest(), bench.port());
    const answer = await client.inbox.next();
    const size = listen === ipv4 ? 4 : 16;
    expect(answer.length).toBe(28 + size);
    expect(answer.readUInt16BE(0)).toBe(0x0101);
    expect(answer.subarray(4, 20)).toEqual(bindingRequest().subarray(4));
    expect(answer.readUInt16BE(20)).toBe(0x0020);
    expect(answer[25]).toBe(listen === ipv4 ? 1 : 2);
    expect(answer.readUInt16BE(26) ^ 0x2112).toBe(client.port);
    const address = [...answer.subarray(28)].map((byte, i) => byte ^ answer.readUInt8(4 + i));
    expect(address).toEqual(listen === ipv4 ? [127, 0, 0, 1] : [...new Array<number>(15).fill(0), 1]);
    expect(bench.inbox.all).toEqual([]);
  });
});

describe('UDP', () => {
  it('hands no keep-alive up, and takes CRLFs before a message away', async () => {
    const bench = keep(await Bench.open([ipv4]));
    const client = keep(await datagramClient());
    for (const keepAlive of ['\r\n\r\n', '\r\n', '\0\0\0\0', '']) await client.send(keepAlive, bench.port());
    const wrongLength = bindingRequest();
    wrongLength.writeUInt16BE(4, 2);
    await client.send(wrongLength, bench.port());
    await client.send(`\r\n\r\n${request()}`, bench.port());
    expect((await bench.inbox.next()).message).toBe(request());
    expect(bench.inbox.all.length).toBe(1);
    expect(client.inbox.all).toEqual([]);
  });

  it('says at once that a message is too long for a datagram, and goes on', async () => {
    const bench = keep(await Bench.open([ipv4, ipv6]));
    const client = keep(await datagramClient());
    const flow = await bench.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: client.port });
    expect(flow.send('x'.repeat(65_508))).toBe(false);
    expect(flow.send('x'.repeat(65_507))).toBe(true);
    expect((await client.inbox.next()).length).toBe(65_507);
    const six = keep(await datagramClient('::1'));
    const flowSix = await bench.transports.flowTo({ transport: 'udp', address: '::1', port: six.port });
    expect(flowSix.send('x'.repeat(65_528))).toBe(false);
    expect(flowSix.send('x'.repeat(65_527))).toBe(true);
    expect((await six.inbox.next()).length).toBe(65_527);
  });

  it('hands a message beyond the limit up to be answered 513', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { messageBytes: 500 } }));
    const client = keep(await datagramClient());
    await client.send(request('x'.repeat(500)), bench.port());
    expect((await bench.inbox.next()).loss?.status).toBe(513);
    expect(await bench.refusals.next()).toEqual({ source: '127.0.0.1', why: 'size' });
  });

  it('drops what one source sends beyond its rate, without an answer, and counts it', async () => {
    const limits = { rate: { messagesPerSecond: 0.001, burst: 20 } };
    const bench = keep(await Bench.open([ipv4], { limits }, 'SIP/2.0 200 OK\r\n\r\n'));
    const client = keep(await datagramClient());
    for (let i = 0; i < 200; i++) await client.send(request('', `${i}`), bench.port());
    for (let i = 0; i < 180; i++) expect(await bench.refusals.next()).toEqual({ source: '127.0.0.1', why: 'rate' });
    expect(bench.inbox.all.length).toBe(20);
    for (let i = 0; i < 20; i++) await client.inbox.next();
    expect(client.inbox.all.length).toBe(20);
  });

  it('lives on when nobody listens where it sends, and refuses what is no place to send to', async () => {
    const bench = keep(await Bench.open([ipv4]));
    const gone = await datagramClient();
    await gone.close();
    const flow = await bench.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: gone.port });
    for (let i = 0; i < 10; i++) expect(flow.send(request())).toBe(true);
    const nowhere = await bench.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: 0 });
    expect(nowhere.send(request())).toBe(false);
    const client = keep(await datagramClient());
    await client.send(request(), bench.port());
    await bench.inbox.next();
  });

  it('says which listener is missing', async () => {
    const bench = keep(await Bench.open([ipv4]));
    await expect(bench.transports.flowTo({ transport: 'udp', address: '2001:db8::1', port: 5060 })).rejects.toThrow(
      'Cannot reach udp [2001:db8::1]:5060: no UDP listener can send there; add one for IPv6 to sip.listen',
    );
    await expect(bench.transports.flowTo({ transport: 'udp', address: '192.0.2.1', port: 5060 })).rejects.toThrow('for IPv4');
    await expect(bench.transports.flowTo({ transport: 'udp', address: 'norr.example', port: 5060 })).rejects.toThrow('not an IP address');
  });

  it('says why it cannot listen, and leaves nothing open', async () => {
    const taken = keep(await datagramClient());
    const opened = Bench.open([ipv4, { transport: 'udp', address: '127.0.0.1', port: taken.port }]);
    await expect(opened).rejects.toThrow(`Cannot listen on udp 127.0.0.1:${taken.port}: another program has this port`);
    await expect(Bench.open([{ transport: 'udp', address: 'localhost', port: 0 }])).rejects.toThrow('write an IP address');
  });

  it('is closed for good', async () => {
    const bench = await Bench.open([ipv4]);
    const flow = await bench.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: 5060 });
    await Promise.all([bench.close(), bench.close()]);
    expect(flow.closed).toBe(true);
    expect(flow.send(request())).toBe(false);
    await expect(bench.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: 5060 })).rejects.toThrow('stopping');
  });

  it('has flows that another instance with the same address does not take for its own', async () => {
    const one = keep(await Bench.open([ipv4], { instance: 'one' }));
    const other = keep(await Bench.open([ipv4], { instance: 'other' }));
    const { id } = await one.transports.flowTo({ transport: 'udp', address: '127.0.0.1', port: 5070 });
    expect(one.transports.flow(id)?.remote).toEqual({ address: '127.0.0.1', port: 5070 });
    // As it would be called in two containers.
    const same = id.replace(`:${one.port()}>`, `:${other.port()}>`);
    expect(other.transports.flow(same)).toBeUndefined();
    expect(one.transports.flowBeginnings.some((beginning) => id.startsWith(beginning))).toBe(true);
    expect(other.transports.flowBeginnings.some((beginning) => same.startsWith(beginning))).toBe(false);
  });
});
