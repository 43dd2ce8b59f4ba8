import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { sdes } from '../support/sdp.js';
import { newId } from '../support/sip-client.js';

/** Calls by the thousand from one trunk, over UDP: sends, says again what was not heard, and counts what it is told. */
export class InviteLoad {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (status: number) => void>();

  static async open(port = 0): Promise<InviteLoad> {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new InviteLoad(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram, { port }) => this.#receive(datagram.toString('latin1'), port));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Calls `to` at the instance on this port. The first status that says how it goes: 180, or a refusal. */
  async call(port: number, to: string): Promise<number> {
    const id = newId();
    const body = sdes();
    const text = [
      `INVITE sip:${to}@trunk.example SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};rport;branch=z9hG4bK${id}`,
      'Max-Forwards: 70',
      `From: <sip:463020001@callers.example>;tag=${id}`,
      `To: <sip:${to}@trunk.example>`,
      `Call-ID: ${id}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:load@127.0.0.1:${this.port}>`,
      'Content-Type: application/sdp',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
    const send = () => this.#socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1');
    const status = new Promise<number>((resolve) => this.#waiting.set(id, resolve));
    send();
    const repeat = setInterval(send, 500);
    try {
      return await status;
    } finally {
      clearInterval(repeat);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #receive(text: string, port: number): void {
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
    if (status < 180) return;
    const header = (name: string) => new RegExp(`^${name}: ([^\r]*)`, 'im').exec(text)?.[1] ?? '';
    this.#waiting.get(header('Call-ID'))?.(status);
    if (status < 300) return;
    // No 2xx: the ACK belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
    const via = header('Via').replace(/;(received|rport)(=[^;]*)?/g, '');
    const ack = ['ACK sip:load@127.0.0.1 SIP/2.0', `Via: ${via}`, 'Max-Forwards: 70', `From: ${header('From')}`, `To: ${header('To')}`];
    ack.push(`Call-ID: ${header('Call-ID')}`, 'CSeq: 1 ACK', 'Content-Length: 0', '', '');
    this.#socket.send(Buffer.from(ack.join('\r\n'), 'latin1'), port, '127.0.0.1');
  }
}
