import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Consumer, Producer, Router, WebRtcTransport, Worker } from 'mediasoup/types';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type ErrorCode,
  type News,
  type OutReason,
  type ParticipantSummary,
  protocolName,
  type Request,
  requestSchema,
  type StreamSummary,
} from '../../src/bridge/browser/protocol.js';
import { routerCodecs } from '../../src/bridge/media/codecs.js';
import { loadMediasoup } from '../../src/bridge/worker-binary.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** As strict as the page is meant for. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self' ws:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface MeetingRules {
  readonly title?: string;
  readonly pin?: string;
  /** Guests wait. Who has the key `host` is a host. */
  readonly lobby?: boolean;
  /** After so many wrong PINs: locked out, for this many ms. */
  readonly lockOut?: { readonly after: number; readonly retryMs: number };
  /** The pages' addresses of the other nodes. */
  readonly nodes?: readonly string[];
}

class Refusal extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly retryMs?: number,
    readonly reason?: OutReason,
  ) {
    super(code);
  }
}

interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: 'host' | 'guest';
  readonly resume: string;
  where: 'lobby' | 'in';
  socket: WebSocket | undefined;
  muted: { self: boolean; host: boolean };
  readonly transports: Map<string, WebRtcTransport>;
  readonly producers: Map<string, Producer>;
  readonly consumers: Map<string, Consumer>;
}

/**
 * One meeting that keeps the protocol of the meeting service, over a plain mediasoup router: what the page needs to be tried with, and what the
 * service itself does not do on demand (breaking a connection, losing media, a crowd of people).
 */
export class MeetingServer {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #worker: Worker;
  readonly #router: Router;
  readonly #rules: MeetingRules;
  readonly #members = new Map<string, Member>();
  readonly #extras: ParticipantSummary[] = [];
  /** Everything that pages asked, in order. */
  readonly asked: Request[] = [];
  /** Tokens of seats that are gone for good. */
  readonly #gone = new Map<string, OutReason>();
  /** What is asked next is refused, so many times. */
  readonly #failing = new Map<Request['do'], { code: ErrorCode; times: number }>();
  #wrongPins = 0;
  locked = false;

  private constructor(folder: string, worker: Worker, router: Router, rules: MeetingRules) {
    this.#worker = worker;
    this.#router = router;
    this.#rules = rules;
    this.#http = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://page').pathname;
      const file = path.startsWith('/assets/') ? path.slice(1) : 'index.html';
      readFile(join(folder, file)).then(
        (content) => {
          response.writeHead(200, {
            'content-type': types[extname(file)] ?? 'application/octet-stream',
            'content-security-policy': policy,
          });
          response.end(content);
        },
        () => response.writeHead(404).end(),
      );
    });
    this.#sockets = new WebSocketServer({ server: this.#http, path: '/ws', handleProtocols: () => protocolName });
    this.#sockets.on('connection', (socket) => this.#connected(socket));
  }

  static async open(folder: string, rules: MeetingRules = {}): Promise<MeetingServer> {
    const { createWorker } = await loadMediasoup();
    const worker = await createWorker({ logLevel: 'error' });
    const router = await worker.createRouter({ mediaCodecs: [...routerCodecs] });
    const server = new MeetingServer(folder, worker, router, rules);
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#worker.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Fills the meeting with people who send nothing. */
  crowd(people: readonly Pick<ParticipantSummary, 'name' | 'kind' | 'organisation' | 'cipher'>[]): void {
    for (const [index, person] of people.entries()) {
      this.#extras.push({
        id: `crowd-${index}`,
        role: 'guest',
        where: 'in',
        muted: { self: index % 2 === 1, host: false },
        streams: [],
        ...person,
      });
    }
    this.#tellAll();
  }

  /** News to everybody who is in, or to one. */
  tell(news: News, name?: string): void {
    for (const member of this.#members.values()) {
      if (member.where === 'in' && (name === undefined || member.name === name)) member.socket?.send(JSON.stringify(news));
    }
  }

  /** Breaks a page's connection, as a network does. */
  cut(name: string): void {
    for (const member of this.#members.values()) if (member.name === name) member.socket?.terminate();
  }

  /** Breaks a page's connection, and takes its seat away before it is back. */
  cutAndRemove(name: string, reason: OutReason): void {
    for (const member of [...this.#members.values()]) {
      if (member.name !== name) continue;
      this.#gone.set(member.resume, reason);
      member.socket?.terminate();
      this.#remove(member);
    }
  }

  /** Refuses what is asked next, so many times. */
  fail(what: Request['do'], code: ErrorCode, times: number): void {
    this.#failing.set(what, { code, times });
  }

  /** Loses all media, as a worker that dies. */
  loseMedia(): void {
    for (const member of this.#members.values()) for (const transport of [...member.transports.values()]) transport.close();
    this.tell({ news: 'mediaLost' });
  }

  #connected(socket: WebSocket): void {
    const own: { member?: Member } = {};
    socket.on('message', (data) => {
      const json: unknown = JSON.parse(String(data));
      const request = requestSchema.parse(json);
      this.asked.push(request);
      this.#answer(request, own, socket).then(
        (result) => socket.send(JSON.stringify({ ...result, id: request.id, ok: true }), () => this.#afterwards(request, own.member)),
        (error: unknown) => {
          const refusal = error instanceof Refusal ? error : new Refusal('internal');
          const { code, retryMs, reason } = refusal;
          socket.send(JSON.stringify({ id: request.id, ok: false, error: code, message: String(error), retryMs, reason }));
        },
      );
    });
    socket.on('close', () => {
      if (own.member?.socket === socket) own.member.socket = undefined;
    });
  }

  async #answer(request: Request, own: { member?: Member }, socket: WebSocket): Promise<object> {
    if (request.do === 'join') {
      own.member = this.#join(request, socket);
      const { id, where, role, resume } = own.member;
      const title = this.#rules.title ?? 'Vårdplanering';
      return {
        participant: id,
        where,
        role,
        title,
        resume,
        rtpCapabilities: this.#router.rtpCapabilities,
        iceServers: [],
        nodes: this.#rules.nodes ?? [],
      };
    }
    const { member } = own;
    if (!member) throw new Refusal('outOfTurn');
    const failing = this.#failing.get(request.do);
    if (failing && failing.times-- > 0) throw new Refusal(failing.code);
    switch (request.do) {
      case 'leave':
        this.#remove(member);
        return {};
      case 'openTransport': {
        const transport = await this.#router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
        member.transports.set(transport.id, transport);
        transport.observer.once('close', () => member.transports.delete(transport.id));
        const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
        return { transport: id, iceParameters, iceCandidates, dtlsParameters };
      }
      case 'connectTransport':
        await member.transports.get(request.transport)?.connect({ dtlsParameters: request.dtlsParameters as never });
        return {};
      case 'restartIce':
        return { iceParameters: await member.transports.get(request.transport)?.restartIce() };
      case 'produce': {
        const kind = request.source === 'microphone' ? 'audio' : 'video';
        const producer = await member.transports
          .get(request.transport)
          ?.produce({ kind, rtpParameters: request.rtpParameters as never, keyFrameRequestDelay: 0 });
        if (!producer) throw new Refusal('mediaUnavailable');
        member.producers.set(request.source, producer);
        producer.observer.once('close', () => {
          if (member.producers.get(request.source) === producer) member.producers.delete(request.source);
          this.#tellOf(member);
        });
        return { stream: `${member.id}/${request.source}` };
      }
      case 'closeStream':
        member.producers.get(request.source)?.close();
        return {};
      case 'pauseStream':
        if (request.source === 'microphone') member.muted = { self: request.paused, host: member.muted.host && request.paused };
        if (request.paused) await member.producers.get(request.source)?.pause();
        else await member.producers.get(request.source)?.resume();
        return {};
      case 'consume': {
        const [owner, source = ''] = request.stream.split('/');
        const producer = this.#members.get(owner ?? '')?.producers.get(source);
        const transport = member.transports.get(request.transport);
        if (!producer || !transport) throw new Refusal('streamUnknown');
        const consumer = await transport.consume({
          producerId: producer.id,
          rtpCapabilities: request.rtpCapabilities as never,
          paused: true,
        });
        member.consumers.set(consumer.id, consumer);
        const { id, kind, rtpParameters } = consumer;
        const layers = consumer.type === 'simulcast' ? (producer.rtpParameters.encodings?.length ?? 1) : 1;
        return { consumer: id, stream: request.stream, producerId: producer.id, kind, rtpParameters, layers };
      }
      case 'resumeConsumer':
        await member.consumers.get(request.consumer)?.resume();
        return {};
      case 'pauseConsumer':
        await member.consumers.get(request.consumer)?.pause();
        return {};
      case 'preferLayer':
        await member.consumers.get(request.consumer)?.setPreferredLayers({ spatialLayer: request.spatial });
        return {};
      case 'closeConsumer':
        member.consumers.get(request.consumer)?.close();
        return {};
      case 'quality':
        return {};
      default:
        if (member.role !== 'host') throw new Refusal('notHost');
        return {};
    }
  }

  /** What follows an answer, after it has gone out. */
  #afterwards(request: Request, member: Member | undefined): void {
    if (!member) return;
    switch (request.do) {
      case 'join':
        if (member.where === 'in') this.#begin(member);
        for (const each of this.#members.values()) if (each !== member) this.#tellList(each);
        return;
      case 'produce':
      case 'pauseStream':
        this.#tellOf(member);
        return;
      case 'admit': {
        const guest = this.#members.get(request.participant);
        if (!guest) return;
        guest.where = 'in';
        guest.socket?.send(JSON.stringify({ news: 'admitted' } satisfies News));
        this.#begin(guest);
        this.#tellOf(guest);
        return;
      }
      case 'refuse':
      case 'expel': {
        const guest = this.#members.get(request.participant);
        guest?.socket?.send(JSON.stringify({ news: 'out', reason: request.do === 'refuse' ? 'refused' : 'expelled' } satisfies News));
        if (guest) this.#remove(guest);
        return;
      }
      case 'mute': {
        const guest = this.#members.get(request.participant);
        if (!guest) return;
        guest.muted = { ...guest.muted, host: request.muted ?? true };
        guest.socket?.send(JSON.stringify({ news: 'mutedByHost', source: request.source } satisfies News));
        this.#tellOf(guest);
        return;
      }
      case 'lock':
        this.locked = request.locked;
        this.tell({ news: 'locked', locked: request.locked });
        return;
      case 'invite':
        this.tell({ news: 'invited', address: request.address, outcome: 'ringing' });
        return;
      case 'end':
        this.tell({ news: 'out', reason: 'ended' });
        for (const each of [...this.#members.values()]) this.#remove(each);
    }
  }

  #join({ name, key, pin, resume }: Extract<Request, { do: 'join' }>, socket: WebSocket): Member {
    const known = [...this.#members.values()].find((member) => resume !== undefined && member.resume === resume);
    const gone = this.#gone.get(resume ?? '');
    if (gone) throw new Refusal('out', undefined, gone);
    if (known) {
      known.socket = socket;
      return known;
    }
    const role = key === 'host' ? 'host' : 'guest';
    if (role === 'guest' && this.#rules.pin !== undefined) {
      if (pin === undefined) throw new Refusal('pinNeeded');
      if (pin !== this.#rules.pin) {
        const { lockOut } = this.#rules;
        this.#wrongPins += 1;
        throw lockOut && this.#wrongPins >= lockOut.after ? new Refusal('pinLockedOut', lockOut.retryMs) : new Refusal('pinWrong');
      }
    }
    if (this.locked && role === 'guest') throw new Refusal('meetingLocked');
    const id = randomUUID();
    const member: Member = {
      id,
      name,
      role,
      resume: `resume-${id}`,
      where: role === 'guest' && this.#rules.lobby ? 'lobby' : 'in',
      socket,
      muted: { self: false, host: false },
      transports: new Map(),
      producers: new Map(),
      consumers: new Map(),
    };
    this.#members.set(id, member);
    return member;
  }

  #begin(member: Member): void {
    this.#tellList(member);
    member.socket?.send(JSON.stringify({ news: 'locked', locked: this.locked } satisfies News));
    member.socket?.send(JSON.stringify({ news: 'videoFormat', codec: 'H264', packetizationMode: 1, maxBitrate: 1_500_000 } satisfies News));
  }

  #remove(member: Member): void {
    this.#members.delete(member.id);
    for (const transport of [...member.transports.values()]) transport.close();
    this.tell({ news: 'participantLeft', participant: member.id });
    member.socket?.close();
  }

  #summary({ id, name, role, where, muted, producers }: Member): ParticipantSummary {
    const streams = [...producers].map(
      ([source, { kind }]): StreamSummary => ({ id: `${id}/${source}`, source: source as StreamSummary['source'], kind }),
    );
    return { id, name, kind: 'browser', role, where, organisation: undefined, cipher: 'DTLS-SRTP AES-128', muted, streams };
  }

  #tellAll(): void {
    for (const member of this.#members.values()) this.#tellList(member);
  }

  #tellList(member: Member): void {
    if (member.where !== 'in') return;
    const seen = [...this.#members.values()]
      .filter(({ where }) => where === 'in' || member.role === 'host')
      .map((each) => this.#summary(each));
    member.socket?.send(JSON.stringify({ news: 'participants', participants: [...seen, ...this.#extras] } satisfies News));
  }

  #tellOf(member: Member): void {
    if (this.#members.has(member.id)) this.tell({ news: 'participant', participant: this.#summary(member) });
  }
}
