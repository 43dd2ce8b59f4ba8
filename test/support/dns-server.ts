import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a name has. `ttl` in seconds, 60 where it is left out. */
export type DnsRecord =
  | { readonly type: 'A'; readonly address: string; readonly ttl?: number }
  | { readonly type: 'AAAA'; readonly address: string; readonly ttl?: number }
  | { readonly type: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: 'NAPTR'; readonly order: number; readonly preference: number; readonly service: string; readonly replacement: string };

const types = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 } as const;
const NAME_ERROR = 3;
const SERVER_FAILURE = 2;

/** A name server for tests, on a free UDP port of loopback (RFC 1035 §4.1). It knows what is in `zone` and nothing else. */
export class DnsServer {
  /** By name, in lower case. `failure`: SERVFAIL. `silence`: no answer at all. */
  readonly zone = new Map<string, readonly DnsRecord[] | 'failure' | 'silence'>();
  /** What was asked: `SRV _sip._udp.norr.example`. */
  readonly queries: string[] = [];
  readonly #socket: Socket;

  static async open(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, from) => this.#answer(query, from));
  }

  /** As `node:dns` wants it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Buffer, from: RemoteInfo): void {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join('.').toLowerCase();
    const question = query.subarray(12, at + 5);
    const type = query.readUInt16BE(at + 1);
    const asked = Object.entries(types).find(([, code]) => code === type)?.[0];
    this.queries.push(`${asked} ${name}`);
    const known = this.zone.get(name);
    if (known === 'silence') return;
    const records = Array.isArray(known) ? known.filter((record) => record.type === asked) : [];
    const code = known === 'failure' ? SERVER_FAILURE : known === undefined ? NAME_ERROR : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // A response, recursion wanted and to be had.
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    this.#socket.send(Buffer.concat([header, question, ...records.map((record) => encode(name, record))]), from.port, from.address);
  }
}

function encode(name: string, record: DnsRecord): Buffer {
  const data = recordData(record);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(types[record.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE('ttl' in record ? (record.ttl ?? 60) : 60, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), fixed, data]);
}

function recordData(record: DnsRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'AAAA':
      return encodeIpv6(record.address);
    case 'SRV':
      return Buffer.concat([shorts(record.priority, record.weight, record.port), encodeName(record.target)]);
    case 'NAPTR':
      return Buffer.concat([
        shorts(record.order, record.preference),
        ...['s', record.service, ''].map(text),
        encodeName(record.replacement),
      ]);
  }
}

function shorts(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map(text), Buffer.from([0])]);
}

function encodeIpv6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const zeros = new Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  return shorts(...[...groups(head), ...zeros, ...groups(tail)].map((group) => Number.parseInt(group, 16)));
}
