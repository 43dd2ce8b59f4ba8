import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { responseTo, type SipMessage, SipRequest, SipResponse } from '../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../src/gatekeeper/sip/message/parse.js';
import type { MemoryFlow } from '../../src/gatekeeper/sip/transport/memory-flow.js';
import { parseAuthParams } from './auth-params.js';
import { password } from './plan.js';
import { sdes } from './sdp.js';
import { until } from './until.js';

export type Transport = 'udp' | 'tcp' | 'tls';

export interface ClientOptions {
  readonly transport?: Transport;
  /** Where it sends to. Absent: it only listens (a trunk peer). */
  readonly port?: number;
  readonly host?: string;
  /** Its own port; 0 or absent: any free one. */
  readonly localPort?: number;
  /** PEM, for TLS: whom it trusts, and who it is. */
  readonly tls?: { readonly ca: string; readonly certificate?: string; readonly key?: string };
  /** `461010001` or `anna@norr.example`. */
  readonly user?: string;
  readonly domain?: string;
  /** In place of a socket: inside the process. */
  readonly flow?: MemoryFlow;
}

/** What a phone does by itself with a request; true: it was dealt with. */
export type Behaviour = (request: SipRequest, client: SipClient) => boolean;

type Channel = {
  /** `to`: where, over UDP; elsewhere, and without it, to the service. */
  send(text: string, to?: { readonly address: string; readonly port: number }): void;
  close(): Promise<void>;
  readonly port: number;
};

/**
 * A small SIP endpoint for tests, with a socket of its own. It does nothing by itself but answer OPTIONS, and forget what is repeated;
 * everything else the test says, or a `Behaviour`.
 */
export class SipClient {
  readonly transport: Transport;
  readonly user: string;
  readonly domain: string;
  readonly host: string;
  serverPort: number;
  /** Everything that came, repeated requests left out. */
  readonly received: SipMessage[] = [];
  /** How many requests came again with the same branch. */
  repeated = 0;
  behaviour: Behaviour | undefined;
  closed = false;
  readonly #seen = new Set<string>();
  readonly #taken = new WeakSet<SipMessage>();
  #channel: Channel | undefined;
  #registerCSeq = 0;
  readonly #registerCallId = newId();

  static async open(options: ClientOptions): Promise<SipClient> {
    const client = new SipClient(options);
    client.#channel = await client.#connect(options);
    return client;
  }

  private constructor({ transport = 'udp', port = 0, host = '127.0.0.1', user = 'peer', domain = 'norr.example' }: ClientOptions) {
    this.transport = transport;
    this.serverPort = port;
    this.host = host;
    this.user = user;
    this.domain = domain;
  }

  get port(): number {
    return this.#open.port;
  }

  get hostPort(): string {
    return `${bracketed(this.host)}:${this.port}`;
  }

  get contact(): string {
    return `sip:${this.user}@${this.hostPort}${this.transport === 'udp' ? '' : `;transport=${this.transport}`}`;
  }

  get address(): string {
    return `sip:${this.user}@${this.domain}`;
  }

  /** A response goes to where its request came from (RFC 3261 §18.2.2), everything else to the service. */
  send(message: SipMessage | string): void {
    this.#open.send(message.toString(), message instanceof SipResponse ? senderOf(message) : undefined);
  }

  /** As a phone does that finds the next instance in DNS: from now on requests go there. Over UDP. */
  turnTo(port: number): void {
    this.serverPort = port;
  }

  /** The first message not taken yet that fits. Fails after `ms` with what came instead. */
  async take<T extends SipMessage>(fits: (message: SipMessage) => message is T, what: string, ms = 8000): Promise<T> {
    const found = await until(
      () => this.received.find((message): message is T => !this.#taken.has(message) && fits(message)),
      () => `${this.user} to receive ${what}; received: ${this.received.map(firstLine).join(' | ') || 'nothing'}`,
      ms,
    );
    this.#taken.add(found);
    return found;
  }

  request(method: string, ms?: number): Promise<SipRequest> {
    return this.take((message): message is SipRequest => message instanceof SipRequest && message.method === method, method, ms);
  }

  /** A response to this request; `status`: that one, or any final one. */
  response(to: SipRequest, status?: number, ms?: number): Promise<SipResponse> {
    const fits = (message: SipMessage): message is SipResponse =>
      message instanceof SipResponse &&
      message.callId === to.callId &&
      message.cseq.seq === to.cseq.seq &&
      message.cseq.method === to.method &&
      (status === undefined ? message.status >= 200 : message.status === status);
    return this.take(fits, `${status ?? 'a final response'} to ${to.method}`, ms);
  }

  /** Whether anything came that fits, taken or not. */
  has(method: string): boolean {
    return this.received.some((message) => message instanceof SipRequest && message.method === method);
  }

  /** A request outside a dialog, with a Via, From, To, Call-ID and CSeq of its own; `headers` replace or follow. */
  make(method: string, uri: string, headers: Readonly<Record<string, string>> = {}, body = ''): SipRequest {
    const request = SipRequest.create(
      method,
      uri,
      [
        ['Via', this.#via()],
        ['Max-Forwards', '70'],
        ['From', `<${this.address}>;tag=${newId()}`],
        ['To', `<${uri}>`],
        ['Call-ID', newId()],
        ['CSeq', `1 ${method}`],
        ['Contact', `<${this.contact}>`],
        ...(body === '' ? [] : ([['Content-Type', 'application/sdp']] as const)),
      ],
      body,
    );
    for (const [name, value] of Object.entries(headers)) request.set(name.toLowerCase(), value);
    return request;
  }

  /** Registers, answering the challenge; the final response. */
  async register(
    options: { aor?: string; password?: string; headers?: Record<string, string>; algorithm?: string } = {},
  ): Promise<SipResponse> {
    const aor = options.aor ?? this.address;
    const send = (more: Record<string, string>) => {
      const request = this.make('REGISTER', `sip:${this.domain}`, {
        To: `<${aor}>`,
        From: `<${aor}>;tag=${newId()}`,
        'Call-ID': this.#registerCallId,
        CSeq: `${++this.#registerCSeq} REGISTER`,
        Expires: '600',
        ...options.headers,
        ...more,
      });
      this.send(request);
      return request;
    };
    const first = send({});
    const challenge = await this.response(first);
    if (challenge.status !== 401) return challenge;
    const value = challenge.getAll('www-authenticate').find((line) => line.includes(options.algorithm ?? 'MD5')) ?? '';
    const authorization = answerChallenge(value, 'REGISTER', first.uri, userOf(aor), options.password ?? password);
    return this.response(send({ Authorization: authorization }));
  }

  /**
   * Sends an INVITE, answers a 407, and gives the INVITE that counts: its responses are still to be taken. `body` undefined: SRTP with SDES.
   */
  async invite(to: string, options: { body?: string; headers?: Record<string, string>; password?: string } = {}): Promise<SipRequest> {
    const body = options.body ?? sdes();
    const uri = to.includes(':') ? to : `sip:${to}`;
    const first = this.make('INVITE', uri, options.headers ?? {}, body);
    this.send(first);
    const reply = await this.take(
      (message): message is SipResponse => message instanceof SipResponse && message.callId === first.callId,
      'a response to INVITE',
    );
    if (reply.status !== 407) {
      this.#taken.delete(reply);
      return first;
    }
    this.acknowledge(first, reply);
    const value = reply.getAll('proxy-authenticate').find((line) => line.includes('SHA-256')) ?? '';
    const second = first.clone();
    second.set('via', this.#via());
    second.set('cseq', '2 INVITE');
    second.set('proxy-authorization', answerChallenge(value, 'INVITE', uri, this.user, options.password ?? password));
    this.send(second);
    return second;
  }

  /** The ACK of a final response of 300 or more: same transaction (RFC 3261 §17.1.1.3). */
  acknowledge(invite: SipRequest, response: SipResponse): void {
    this.send(
      SipRequest.create('ACK', invite.uri, [
        ['Via', invite.get('via') ?? ''],
        ['Max-Forwards', '70'],
        ['From', invite.get('from') ?? ''],
        ['To', response.get('to') ?? ''],
        ['Call-ID', invite.callId],
        ['CSeq', `${invite.cseq.seq} ACK`],
      ]),
    );
  }

  /** CANCEL of this INVITE (RFC 3261 §9.1). */
  cancel(invite: SipRequest, headers: Record<string, string> = {}): SipRequest {
    const cancel = SipRequest.create('CANCEL', invite.uri, [
      ['Via', invite.get('via') ?? ''],
      ['Max-Forwards', '70'],
      ['From', invite.get('from') ?? ''],
      ['To', invite.get('to') ?? ''],
      ['Call-ID', invite.callId],
      ['CSeq', `${invite.cseq.seq} CANCEL`],
      ...Object.entries(headers),
    ]);
    this.send(cancel);
    return cancel;
  }

  /** Answers a request: To tag of this client, its Contact, the Record-Route of the request (RFC 3261 §12.1.1). */
  reply(request: SipRequest, status: number, options: { body?: string; headers?: Record<string, string>; tag?: string } = {}): SipResponse {
    const response = responseTo(request, status, undefined, [], options.tag ?? `tag-${this.user}-${this.port}`);
    for (const value of request.getAll('record-route')) response.add('record-route', value);
    response.add('contact', `<${this.contact}>`);
    for (const [name, value] of Object.entries(options.headers ?? {})) response.set(name.toLowerCase(), value);
    if (options.body !== undefined) {
      response.set('content-type', 'application/sdp');
      response.body = options.body;
    }
    this.send(response);
    return response;
  }

  newVia(): string {
    return this.#via();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#channel?.close();
  }

  get #open(): Channel {
    if (!this.#channel) throw new Error('not open yet');
    return this.#channel;
  }

  #via(): string {
    return `SIP/2.0/${this.transport.toUpperCase()} ${this.hostPort};rport;branch=z9hG4bK${newId()}`;
  }

  async #connect(options: ClientOptions): Promise<Channel> {
    if (options.flow) return this.#inProcess(options.flow);
    if (this.transport === 'udp') return this.#datagrams(options.localPort ?? 0);
    if (options.port === undefined) return this.#listen(options.localPort ?? 0);
    const { tls } = options;
    const socket =
      this.transport === 'tcp'
        ? netConnect({ port: options.port, host: this.host })
        : tlsConnect({
            port: options.port,
            host: this.host,
            ca: tls?.ca,
            ...(tls?.certificate === undefined ? {} : { cert: tls.certificate, key: tls.key }),
          });
    await once(socket, this.transport === 'tcp' ? 'connect' : 'secureConnect');
    this.#readStream(socket);
    return {
      send: (text) => socket.write(text, 'latin1'),
      close: async () => {
        socket.destroy();
      },
      port: socket.localPort ?? 0,
    };
  }

  #inProcess(flow: MemoryFlow): Channel {
    flow.onMessage = (message) => this.#receive(message);
    return { send: (text) => void flow.send(text), close: async () => flow.close(), port: flow.local.port };
  }

  async #datagrams(port: number): Promise<Channel> {
    const socket: DatagramSocket = createSocket(this.host.includes(':') ? 'udp6' : 'udp4');
    let from: { readonly port: number; readonly address: string } | undefined;
    socket.on('message', (datagram, remote) => {
      if (this.serverPort === 0) from = remote;
      this.#receive(datagram.toString('latin1'));
    });
    socket.bind(port, this.host);
    await once(socket, 'listening');
    return {
      send: (text, to) => {
        const { port, address } = to ?? from ?? { port: this.serverPort, address: this.host };
        socket.send(Buffer.from(text, 'latin1'), port, address);
      },
      close: async () => {
        socket.close();
        await once(socket, 'close');
      },
      port: socket.address().port,
    };
  }

  /** A TCP peer: answers go back on the connection that came last. */
  async #listen(port: number): Promise<Channel> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      this.#readStream(socket);
    });
    server.listen(port, this.host);
    await once(server, 'listening');
    const address = server.address();
    return {
      send: (text) => sockets.at(-1)?.write(text, 'latin1'),
      close: async () => {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      },
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    };
  }

  #readStream(socket: Socket): void {
    let waiting = '';
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('data', (chunk) => {
      waiting += chunk.toString('latin1');
      for (;;) {
        waiting = waiting.replace(/^(\r\n)+/, '');
        const end = waiting.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/\r\ncontent-length:\s*(\d+)/i.exec(waiting.slice(0, end))?.[1] ?? 0);
        if (waiting.length < end + 4 + length) return;
        this.#receive(waiting.slice(0, end + 4 + length));
        waiting = waiting.slice(end + 4 + length);
      }
    });
  }

  #receive(text: string): void {
    const result = parseMessage(text);
    if (!result.ok) {
      if (text.trim() === '') return;
      throw new Error(`The service sent what cannot be read (${result.error.message}):\n${text}`);
    }
    const { message } = result;
    if (message instanceof SipRequest) {
      const key = `${message.method} ${message.via.branch}`;
      // The ACK of a 2xx answers each of its repetitions.
      if (this.#seen.has(key)) {
        this.repeated++;
        return;
      }
      this.#seen.add(key);
      if (message.method === 'OPTIONS' && message.to.tag === undefined) {
        this.reply(message, 200);
        this.received.push(message);
        return;
      }
      if (this.behaviour?.(message, this)) {
        this.received.push(message);
        this.#taken.add(message);
        return;
      }
    }
    this.received.push(message);
  }
}

function senderOf({ via }: SipResponse): { readonly address: string; readonly port: number } | undefined {
  const address = via.received ?? via.host;
  return isIP(address) === 0 ? undefined : { address, port: via.port ?? 5060 };
}

/** One end's view of a call that stands (RFC 3261 §12.2.1.1). */
export class TestDialog {
  readonly client: SipClient;
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly target: string;
  readonly routes: readonly string[];
  #cseq: number;

  private constructor(client: SipClient, parts: Omit<TestDialog, 'client' | 'request' | 'ack' | 'send'>, cseq: number) {
    this.client = client;
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.target = parts.target;
    this.routes = parts.routes;
    this.#cseq = cseq;
  }

  static ofCaller(client: SipClient, invite: SipRequest, response: SipResponse): TestDialog {
    return new TestDialog(
      client,
      {
        callId: invite.callId,
        local: invite.get('from') ?? '',
        remote: response.get('to') ?? '',
        target: contactUri(response),
        routes: [...response.list('record-route')].reverse(),
      },
      invite.cseq.seq,
    );
  }

  static ofCallee(client: SipClient, invite: SipRequest, response: SipResponse): TestDialog {
    return new TestDialog(
      client,
      {
        callId: invite.callId,
        local: response.get('to') ?? '',
        remote: invite.get('from') ?? '',
        target: contactUri(invite),
        routes: invite.list('record-route'),
      },
      100,
    );
  }

  /** A request inside the dialog, not sent yet. */
  request(
    method: string,
    options: { body?: string; headers?: Record<string, string>; cseq?: number; routes?: readonly string[] } = {},
  ): SipRequest {
    const seq = options.cseq ?? (method === 'ACK' ? this.#cseq : ++this.#cseq);
    const request = SipRequest.create(
      method,
      this.target,
      [
        ['Via', this.client.newVia()],
        ['Max-Forwards', '70'],
        ...(options.routes ?? this.routes).map((route) => ['Route', route] as const),
        ['From', this.local],
        ['To', this.remote],
        ['Call-ID', this.callId],
        ['CSeq', `${seq} ${method}`],
        ['Contact', `<${this.client.contact}>`],
        ...(options.body === undefined ? [] : ([['Content-Type', 'application/sdp']] as const)),
      ],
      options.body ?? '',
    );
    for (const [name, value] of Object.entries(options.headers ?? {})) request.set(name.toLowerCase(), value);
    return request;
  }

  send(...args: Parameters<TestDialog['request']>): SipRequest {
    const request = this.request(...args);
    this.client.send(request);
    return request;
  }
}

/** A phone that rings, answers with SRTP and lets others hang up. */
export function answering(options: { body?: string; ring?: boolean } = {}): Behaviour {
  return (request, client) => {
    switch (request.method) {
      case 'INVITE':
        if (options.ring ?? true) client.reply(request, 180);
        client.reply(request, 200, { body: options.body ?? sdes('sendrecv', 40_100) });
        return false;
      case 'BYE':
      case 'CANCEL':
      case 'UPDATE':
      case 'INFO':
        client.reply(request, 200);
        return false;
      default:
        return false;
    }
  };
}

/** A phone that says this to every INVITE. */
export function refusing(status: number, headers: Record<string, string> = {}): Behaviour {
  return (request, client) => {
    if (request.method === 'INVITE') client.reply(request, status, { headers });
    return false;
  };
}

/** The Authorization value that answers a challenge (RFC 7616 §3.4), worked out here and not by the code under test. */
export function answerChallenge(challenge: string, method: string, uri: string, username: string, secret: string, nc = '00000001'): string {
  const params = parseAuthParams(challenge);
  const algorithm = params.get('algorithm') ?? 'MD5';
  const hash = (text: string) =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const [realm, nonce, cnonce] = [params.get('realm') ?? '', params.get('nonce') ?? '', newId()];
  const response = hash(`${hash(`${username}:${realm}:${secret}`)}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`);
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, cnonce="${cnonce}", qop=auth, nc=${nc}`;
}

export function newId(): string {
  return randomBytes(8).toString('hex');
}

export function contactUri(message: SipMessage): string {
  return /<([^>]+)>/.exec(message.get('contact') ?? '')?.[1] ?? '';
}

function userOf(aor: string): string {
  return /^sips?:([^@]+)@/.exec(aor)?.[1] ?? aor;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function firstLine(message: SipMessage): string {
  const text = message.toString();
  return text.slice(0, text.indexOf('\r\n'));
}
