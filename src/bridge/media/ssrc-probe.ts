import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** The first packet of a room system: what mediasoup must be told of it. */
export interface FirstPacket {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly from: { readonly ip: string; readonly port: number };
}

/** A room system's own packets are among the first few; who sends more than this of something else would keep its port from it. */
const maxPackets = 500;

/**
 * Listens on a port that a transport of mediasoup has already (made with `udpReusePort`), until a packet comes that `accepts`. mediasoup must know a
 * producer's SSRC before its first packet, SDP seldom says it, and RTP's header is in clear also in SRTP (RFC 3711 §3.1). Linux gives a datagram to
 * the socket that was bound last, so while this one is open the transport hears nothing of that port.
 */
export class SsrcProbe {
  readonly #socket: Socket;
  #closed = false;
  #packets = 0;

  /** `found` is called once, with nothing when too much came that was not it. Rejects when the port cannot be shared. */
  static open(
    at: { readonly ip: string; readonly port: number },
    accepts: (packet: Buffer, from: RemoteInfo) => boolean,
    found: (first: FirstPacket | undefined) => void,
  ): Promise<SsrcProbe> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: at.ip.includes(':') ? 'udp6' : 'udp4', reuseAddr: true });
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', fail);
      socket.bind({ address: at.ip, port: at.port }, () => {
        socket.off('error', fail);
        resolve(new SsrcProbe(socket, accepts, found));
      });
    });
  }

  private constructor(
    socket: Socket,
    accepts: (packet: Buffer, from: RemoteInfo) => boolean,
    found: (first: FirstPacket | undefined) => void,
  ) {
    this.#socket = socket;
    socket.on('error', () => this.close());
    socket.on('message', (packet, from) => {
      if (this.#closed) return;
      this.#packets += 1;
      if (!isRtp(packet) || !accepts(packet, from)) {
        if (this.#packets < maxPackets || this.#closed) return;
        this.close();
        found(undefined);
        return;
      }
      this.close();
      found({ ssrc: packet.readUInt32BE(8), payloadType: (packet[1] ?? 0) & 0x7f, from: { ip: from.address, port: from.port } });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

/** RTP and not RTCP, STUN or DTLS on the same port (RFC 7983 §7, RFC 5761 §4). */
function isRtp(packet: Buffer): boolean {
  if (packet.length < 12) return false;
  const first = packet[0] ?? 0;
  const second = packet[1] ?? 0;
  return first >> 6 === 2 && !(second >= 192 && second <= 223);
}
