import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { keyBytes, payloadAt, SrtpSession, type Suite } from './srtp.js';

export interface ReceivedRtp {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly payload: Buffer;
  readonly at: number;
}

/** One media line of a room system: SRTP on a port of its own. What comes is kept, RTCP is only counted. */
export class RoomPeer {
  readonly key: string;
  readonly port: number;
  readonly received: ReceivedRtp[] = [];
  /** Packets that were not RTP made with the key that was agreed on. */
  strange = 0;
  rtcp = 0;
  readonly #socket: Socket;
  readonly #out: SrtpSession;
  readonly #suite: Suite;
  #in: SrtpSession | undefined;
  #far: { readonly port: number; readonly address: string } | undefined;
  #sequence = 0;

  static async open(suite: Suite = 'AES_CM_128_HMAC_SHA1_80', ssrc = randomBytes(4).readUInt32BE()): Promise<RoomPeer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new RoomPeer(socket, suite, ssrc);
  }

  private constructor(
    socket: Socket,
    suite: Suite,
    public ssrc: number,
  ) {
    this.#socket = socket;
    this.#suite = suite;
    this.key = randomBytes(keyBytes(suite)).toString('base64');
    this.#out = new SrtpSession(suite, this.key);
    this.port = socket.address().port;
    socket.on('message', (packet) => this.#receive(packet));
  }

  connect(address: string, port: number, key: string): void {
    this.#far = { address, port };
    this.#in = new SrtpSession(this.#suite, key);
  }

  send(payloadType: number, timestamp: number, payload: Buffer, marker = false): void {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = payloadType | (marker ? 0x80 : 0);
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    header.writeUInt32BE(timestamp >>> 0, 4);
    header.writeUInt32BE(this.ssrc, 8);
    this.sendBytes(this.#out.protect(Buffer.concat([header, payload])));
  }

  sendBytes(bytes: Buffer): void {
    if (this.#far) this.#socket.send(bytes, this.#far.port, this.#far.address);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(packet: Buffer): void {
    const second = packet[1] ?? 0;
    if (second >= 192 && second <= 223) {
      this.rtcp += 1;
      return;
    }
    const rtp = packet.length > 22 ? this.#in?.unprotect(packet) : undefined;
    if (!rtp) {
      this.strange += 1;
      return;
    }
    this.received.push({
      ssrc: rtp.readUInt32BE(8),
      sequence: rtp.readUInt16BE(2),
      timestamp: rtp.readUInt32BE(4),
      marker: second >= 0x80,
      payloadType: second & 0x7f,
      payload: rtp.subarray(payloadAt(rtp)),
      at: performance.now(),
    });
  }
}
