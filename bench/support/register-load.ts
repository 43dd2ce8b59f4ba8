import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { digestResponse } from '../../src/gatekeeper/sip/digest.js';
import { endpointAddress, numberOf, password, type Server } from './servers.js';

/**
 * What an endpoint does when its time is nearly up. `challenged`: it has no nonce, and needs two REGISTERs (401, 200). `refresh`: it counts its
 * nonce on, as RFC 7616 §3.4 lets it, and needs one.
 */
export type RegisterKind = 'challenged' | 'refresh';

export interface RegisterRound {
  readonly kind: RegisterKind;
  /** How often an endpoint registers, all in turn. */
  readonly count: number;
  /** At an even pace, or slower where the server is. Absent: as fast as answers come. */
  readonly perSecond?: number;
}

/** Endpoints behind one socket. */
const ENDPOINTS = 1000;
/** REGISTERs under way at once at most: enough that the server never waits, few enough that no socket overflows. */
const UNDER_WAY = 64;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Nothing is sent twice: when so long no answer comes the benchmark ends. */
const LOST_MS = 10_000;
const REALM = 'portvakt.example';

interface Endpoint {
  readonly number: string;
  nonce: string;
  count: number;
  cseq: number;
  isBusy: boolean;
}

/** Endpoints that register over UDP with digest, from this process: whoever answers is another one. */
export class RegisterLoad {
  readonly #socket: Socket;
  readonly #server: Server;
  readonly #endpoints: Endpoint[];
  readonly #port: number;
  #next = 0;
  #onDone: (() => void) | undefined;
  #failure: Error | undefined;

  /** @param from the first of its endpoints: loads of several servers have each their own */
  static async open(server: Server, from = 0): Promise<RegisterLoad> {
    const lookup: NonNullable<Parameters<typeof createSocket>[0]['lookup']> = (name, _options, done) => done(null, name, 4);
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES, lookup });
    const listening = once(socket, 'listening');
    socket.bind(0, endpointAddress);
    await listening;
    return new RegisterLoad(socket, server, from);
  }

  private constructor(socket: Socket, server: Server, from: number) {
    this.#socket = socket;
    this.#server = server;
    this.#port = socket.address().port;
    this.#endpoints = Array.from({ length: ENDPOINTS }, (_, index) => {
      return { number: numberOf(from + index), nonce: '', count: 0, cseq: 0, isBusy: false };
    });
    socket.on('message', (bytes) => this.#answered(bytes.toString('latin1')));
  }

  /** Seconds it took. Rejects when an answer is missing or wrong. */
  async register({ kind, count, perSecond }: RegisterRound): Promise<number> {
    const began = performance.now();
    let sent = 0;
    let done = 0;
    const one = () => {
      sent++;
      this.#begin(kind);
    };
    await new Promise<void>((resolve, reject) => {
      let doneBefore = -1;
      const finish = () => {
        clearInterval(watch);
        clearInterval(pace);
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      const watch = setInterval(() => {
        if (done === doneBefore) this.#failure ??= new Error(`${this.#server.name} left ${sent - done} REGISTERs without an answer`);
        doneBefore = done;
        if (this.#failure) finish();
      }, LOST_MS);
      this.#onDone = () => {
        done++;
        if (this.#failure || done === count) finish();
        else if (perSecond === undefined && sent < count) one();
      };
      const due = () => {
        const now = perSecond === undefined ? count : Math.min(count, ((performance.now() - began) * perSecond) / 1000);
        while (sent < now && sent - done < UNDER_WAY) one();
      };
      const pace = setInterval(perSecond === undefined ? () => undefined : due, 1);
      due();
    });
    return (performance.now() - began) / 1000;
  }

  close(): void {
    this.#socket.close();
  }

  #begin(kind: RegisterKind): void {
    // There are many more endpoints than are ever under way.
    while (this.#endpoints[this.#next]?.isBusy) this.#next = (this.#next + 1) % ENDPOINTS;
    const index = this.#next;
    const endpoint = this.#endpoints[index];
    this.#next = (index + 1) % ENDPOINTS;
    if (!endpoint) return;
    endpoint.isBusy = true;
    if (kind === 'challenged') endpoint.nonce = '';
    this.#send(index, endpoint);
  }

  #send(index: number, endpoint: Endpoint): void {
    const { number } = endpoint;
    const cseq = ++endpoint.cseq;
    const text =
      'REGISTER sip:syd.example SIP/2.0\r\n' +
      `Via: SIP/2.0/UDP ${endpointAddress}:${this.#port};branch=z9hG4bK-${index}-${cseq};rport\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:${number}@syd.example>;tag=${index}\r\nTo: <sip:${number}@syd.example>\r\n` +
      `Call-ID: ${number}-0123456789abcdef@${endpointAddress}\r\nCSeq: ${cseq} REGISTER\r\n` +
      `Contact: <sip:${number}@${endpointAddress}:${this.#port}>\r\nExpires: 3600\r\nUser-Agent: Room system 1.0\r\n` +
      `${endpoint.nonce === '' ? '' : credentials(endpoint)}Content-Length: 0\r\n\r\n`;
    this.#socket.send(Buffer.from(text, 'latin1'), this.#server.port, '127.0.0.1');
  }

  #answered(text: string): void {
    const status = text.slice(8, 11);
    const branchAt = text.indexOf('z9hG4bK-') + 8;
    const index = Number(text.slice(branchAt, text.indexOf('-', branchAt)));
    const endpoint = this.#endpoints[index];
    if (!endpoint) return;
    if (status === '401') {
      const nonceAt = text.indexOf('nonce="') + 7;
      endpoint.nonce = text.slice(nonceAt, text.indexOf('"', nonceAt));
      endpoint.count = 0;
      this.#send(index, endpoint);
      return;
    }
    if (status !== '200') this.#failure ??= new Error(`Expected 200, and got ${text.slice(0, 200)}`);
    endpoint.isBusy = false;
    this.#onDone?.();
  }
}

function credentials(endpoint: Endpoint): string {
  const { number: username, nonce } = endpoint;
  const nc = (++endpoint.count).toString(16).padStart(8, '0');
  const input = { algorithm: 'MD5', username, realm: REALM, nonce, uri: 'sip:syd.example', cnonce: 'c0ffee12', nc } as const;
  const response = digestResponse(input, 'REGISTER', password);
  return (
    `Authorization: Digest username="${username}", realm="${REALM}", nonce="${nonce}", uri="${input.uri}", ` +
    `response="${response}", algorithm=MD5, cnonce="${input.cnonce}", qop=auth, nc=${nc}\r\n`
  );
}
