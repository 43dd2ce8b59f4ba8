import type { Router, RouterDump, Worker } from 'mediasoup/types';
import type { Direction, RoomAudioCodec, RoomCodec, RoomLineId, SrtpSuite, StreamInfo } from '../../../src/bridge/media/media.js';
import { Part } from '../../../src/bridge/media/part.js';
import type { FeedId, PartEvent } from '../../../src/bridge/media/part-api.js';
import { loadMediasoup } from '../../../src/bridge/worker-binary.js';
import { RoomPeer } from '../../support/room-peer.js';
import { until } from '../../support/until.js';

export const h264 = (payloadType: number, more: Partial<Extract<RoomCodec, { kind: 'video' }>> = {}): RoomCodec => ({
  kind: 'video',
  name: 'H264',
  sendPayloadType: payloadType,
  receivePayloadType: payloadType,
  packetizationMode: 1,
  maxBitrate: undefined,
  feedback: { nack: true, pli: true, fir: true },
  ...more,
});

export const pcma: RoomAudioCodec = { kind: 'audio', name: 'PCMA', sendPayloadType: 8, receivePayloadType: 8, dtmfPayloadType: 101 };

/** A home part on a worker of its own, with its meeting's part played: what it says is done. */
export class PartWorld {
  readonly events: PartEvent[] = [];
  readonly part: Part;
  readonly rooms: Room[] = [];
  readonly #routers: Router[] = [];

  static async open(): Promise<PartWorld> {
    const worker = await (await loadMediasoup()).createWorker();
    const world = new PartWorld(worker);
    await world.part.open({ meeting: 'm', home: true });
    return world;
  }

  private constructor(readonly worker: Worker) {
    worker.observer.on('newrouter', (router) => this.#routers.push(router));
    this.part = new Part({
      worker,
      settings: { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } },
      emit: (event) => {
        this.events.push(event);
        this.#follow(event);
      },
    });
  }

  #follow(event: PartEvent): void {
    if (event.event === 'streamOpened') {
      const { stream } = event;
      // What home makes of sound in another codec is for browsers.
      const isOfHome = this.streams().some(({ id }) => id === `${stream.id}:raw`);
      if (stream.kind === 'video') this.part.show(stream).catch(() => undefined);
      else if (!isOfHome) this.part.hear(stream).catch(() => undefined);
    }
    if (event.event === 'feedChanged') this.part.feedRoomLine(event.participant, event.line, event.feed).catch(() => undefined);
  }

  streams(): StreamInfo[] {
    return this.events.flatMap((event) => (event.event === 'streamOpened' ? [event.stream] : []));
  }

  async room(
    id: string,
    lines: Partial<Record<RoomLineId, RoomCodec>>,
    options: { suite?: SrtpSuite; learn?: boolean; sayssrc?: boolean; direction?: Direction } = {},
  ): Promise<Room> {
    const suite = options.suite ?? 'AES_CM_128_HMAC_SHA1_80';
    const room = new Room(id);
    this.rooms.push(room);
    for (const [line, codec] of Object.entries(lines) as [RoomLineId, RoomCodec][]) {
      const peer = await RoomPeer.open(suite);
      const local = await this.part.openRoomLine(id, line, { rtcpMux: true, encryption: { kind: 'sdes', suite } });
      peer.connect(local.address, local.port, local.key ?? '');
      room.lines[line] = peer;
      await this.part.connectRoomLine(id, line, {
        direction: options.direction ?? 'sendrecv',
        address: options.learn ? 'learn' : { ip: '127.0.0.1', port: peer.port, rtcpPort: peer.port },
        encryption: { kind: 'sdes', suite, key: peer.key },
        codec,
        ssrc: options.sayssrc ? peer.ssrc : undefined,
      });
      const feed: FeedId = await this.part.makeFeed(
        codec.kind === 'audio' ? { kind: 'sound', participant: id, codec } : { kind: 'picture', participant: id, codec },
      );
      await this.part.feedRoomLine(id, line, feed);
    }
    return room;
  }

  /** Of the one router that there is. */
  async routerDump(): Promise<Pick<RouterDump, 'transportIds' | 'mapProducerIdConsumerIds'>> {
    const { routerIds } = await this.worker.dump();
    const router = this.#routers.find(({ id }) => id === routerIds[0]);
    if (!router) throw new Error('the part has no router');
    return router.dump();
  }

  async close(): Promise<void> {
    for (const room of this.rooms) room.close();
    await this.part.close();
    this.worker.close();
  }
}

export class Room {
  readonly lines: Partial<Record<RoomLineId, RoomPeer>> = {};
  #beats: NodeJS.Timeout[] = [];

  constructor(readonly id: string) {}

  get video(): RoomPeer {
    return this.lines.video ?? fail();
  }

  get audio(): RoomPeer {
    return this.lines.audio ?? fail();
  }

  /** H.264 that only a reader of headers would take for a picture: each frame's payload says whose it is. A key frame every `every` frames. */
  film(payloadType: number, colour: number, every = 8): void {
    let frame = 0;
    const started = performance.now();
    this.#beats.push(
      setInterval(() => {
        const timestamp = Math.round((performance.now() - started) * 90);
        const unit = (type: number, marker: boolean) =>
          this.video.send(payloadType, timestamp, Buffer.from([0x60 | type, colour, ...Buffer.alloc(40, frame & 0xff)]), marker);
        if (frame++ % every === 0) {
          unit(7, false);
          unit(8, false);
          unit(5, true);
        } else unit(1, true);
      }, 33),
    );
  }

  /** Stopped with the room. */
  keep(beat: NodeJS.Timeout): void {
    this.#beats.push(beat);
  }

  close(): void {
    for (const beat of this.#beats) clearInterval(beat);
    for (const line of Object.values(this.lines)) line.close();
  }

  /** Whose picture came last. */
  async sees(colour: number): Promise<void> {
    await until(
      () => this.video.received.at(-1)?.payload[1] === colour,
      () => `${this.id} to see ${colour}; it sees ${this.video.received.at(-1)?.payload[1]} after ${this.video.received.length} packets`,
    );
  }
}

function fail(): never {
  throw new Error('the room has no such line');
}
