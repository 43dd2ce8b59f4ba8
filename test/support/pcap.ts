import { readFileSync, writeFileSync } from 'node:fs';

/*
 * Capture files in the classic libpcap format: read into what was sent, and written from what we make so that a dissector can judge it.
 */

export interface CapturedAddress {
  readonly address: string;
  readonly port: number;
}

/** A datagram, or one direction of a TCP connection as one run of bytes. */
export interface CapturedPayload {
  /** Of its first byte, in epoch ms. */
  readonly time: number;
  readonly transport: 'udp' | 'tcp';
  readonly from: CapturedAddress;
  readonly to: CapturedAddress;
  readonly payload: Buffer;
}

const MAGIC = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** Octets before the IP header, by link type: BSD loopback, Ethernet, raw IP, Linux cooked. */
const LINK_HEADER = new Map([
  [0, 4],
  [1, 14],
  [101, 0],
  [113, 16],
]);
const RAW_IP = 101;
const UDP = 17;
const TCP = 6;
const SYN = 0x02;

interface Segment {
  readonly sequence: number;
  readonly data: Buffer;
}

interface Stream {
  readonly time: number;
  readonly from: CapturedAddress;
  readonly to: CapturedAddress;
  readonly start: number;
  readonly segments: Segment[];
}

/** In the order of their first byte; IPv4 that is neither UDP nor TCP is left out. @throws {Error} not a capture, or bytes of a stream are missing. */
export function readCapture(file: string): CapturedPayload[] {
  const datagrams: CapturedPayload[] = [];
  const streams: Stream[] = [];
  const open = new Map<string, Stream>();
  for (const { time, packet } of packets(readFileSync(file))) {
    if (packet.readUInt8(0) >> 4 !== 4) continue;
    if ((packet.readUInt16BE(6) & 0x3fff) !== 0) throw new Error(`${file}: a fragment of an IP packet`);
    const ip = packet.subarray((packet.readUInt8(0) & 0x0f) * 4, packet.readUInt16BE(2));
    const protocol = packet.readUInt8(9);
    if (protocol !== UDP && protocol !== TCP) continue;
    const from = { address: packet.subarray(12, 16).join('.'), port: ip.readUInt16BE(0) };
    const to = { address: packet.subarray(16, 20).join('.'), port: ip.readUInt16BE(2) };
    if (protocol === UDP) {
      datagrams.push({ time, transport: 'udp', from, to, payload: ip.subarray(8, ip.readUInt16BE(4)) });
      continue;
    }
    const sequence = ip.readUInt32BE(4);
    const data = ip.subarray((ip.readUInt8(12) >> 4) * 4);
    const syn = (ip.readUInt8(13) & SYN) !== 0;
    const key = `${from.address}:${from.port} ${to.address}:${to.port}`;
    let stream = open.get(key);
    if (!stream || (syn && stream.segments.length > 0)) {
      stream = { time, from, to, start: (sequence + (syn ? 1 : 0)) >>> 0, segments: [] };
      open.set(key, stream);
      streams.push(stream);
    }
    if (data.length > 0) stream.segments.push({ sequence: (sequence - stream.start) >>> 0, data });
  }
  const joined = streams.filter((stream) => stream.segments.length > 0).map((stream) => join(file, stream));
  return [...datagrams, ...joined].sort((a, b) => a.time - b.time);
}

/** Writes a capture: each datagram a packet, each TCP payload the next segment of its connection, which begins with a handshake. */
export function writeCapture(file: string, payloads: readonly Omit<CapturedPayload, 'time'>[]): void {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0x40000, 16);
  header.writeUInt32LE(RAW_IP, 20);
  const parts: Buffer[] = [header];
  const sequences = new Map<string, number>();
  const push = (packet: Buffer): void => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(parts.length / 1000), 0);
    record.writeUInt32LE(parts.length % 1000, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    parts.push(record, packet);
  };
  for (const { transport, from, to, payload } of payloads) {
    if (transport === 'udp') {
      push(ipPacket(UDP, from, to, udpHeader(from, to, payload), payload));
      continue;
    }
    const there = `${from.address}:${from.port} ${to.address}:${to.port}`;
    const back = `${to.address}:${to.port} ${from.address}:${from.port}`;
    if (!sequences.has(there)) {
      push(ipPacket(TCP, from, to, tcpHeader(from, to, 0, 0, SYN)));
      push(ipPacket(TCP, to, from, tcpHeader(to, from, 0, 1, SYN | 0x10)));
      push(ipPacket(TCP, from, to, tcpHeader(from, to, 1, 1, 0x10)));
      sequences.set(there, 1).set(back, 1);
    }
    for (let at = 0; at < payload.length; at += 1460) {
      const data = payload.subarray(at, at + 1460);
      const sequence = sequences.get(there) ?? 1;
      push(ipPacket(TCP, from, to, tcpHeader(from, to, sequence, sequences.get(back) ?? 1, 0x18), data));
      sequences.set(there, sequence + data.length);
    }
  }
  writeFileSync(file, Buffer.concat(parts));
}

function* packets(file: Buffer): Generator<{ time: number; packet: Buffer }> {
  const little = [MAGIC, NANOSECONDS].includes(file.readUInt32LE(0));
  const word = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (word(0) !== MAGIC && word(0) !== NANOSECONDS) throw new Error('not a libpcap file (for a pcapng file: editcap -F pcap)');
  const linkHeader = LINK_HEADER.get(word(20));
  if (linkHeader === undefined) throw new Error(`link type ${word(20)} is not known here`);
  const ticks = word(0) === MAGIC ? 1e3 : 1e6;
  for (let at = 24; at < file.length; ) {
    const length = word(at + 8);
    yield { time: word(at) * 1000 + word(at + 4) / ticks, packet: file.subarray(at + 16 + linkHeader, at + 16 + length) };
    at += 16 + length;
  }
}

/** Segments in order of their sequence numbers, what was sent again once. */
function join(file: string, { time, from, to, segments }: Stream): CapturedPayload {
  const parts: Buffer[] = [];
  let next = 0;
  for (const { sequence, data } of segments.sort((a, b) => a.sequence - b.sequence)) {
    if (sequence > next) throw new Error(`${file}: ${from.address}:${from.port} lacks bytes from ${next} on`);
    if (sequence + data.length <= next) continue;
    parts.push(data.subarray(next - sequence));
    next = sequence + data.length;
  }
  return { time, transport: 'tcp', from, to, payload: Buffer.concat(parts) };
}

function ipPacket(protocol: number, from: CapturedAddress, to: CapturedAddress, header: Buffer, data: Buffer = Buffer.alloc(0)): Buffer {
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(ip.length + header.length + data.length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(protocol, 9);
  ip.set(from.address.split('.').map(Number), 12);
  ip.set(to.address.split('.').map(Number), 16);
  return Buffer.concat([ip, header, data]);
}

/** Without a checksum, which 0 says in UDP. */
function udpHeader(from: CapturedAddress, to: CapturedAddress, data: Buffer): Buffer {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(8 + data.length, 4);
  return udp;
}

function tcpHeader(from: CapturedAddress, to: CapturedAddress, sequence: number, acknowledged: number, flags: number): Buffer {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledged, 8);
  tcp.writeUInt8(0x50, 12);
  tcp.writeUInt8(flags, 13);
  tcp.writeUInt16BE(0xffff, 14);
  return tcp;
}
