import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of loopback that is free now, for UDP and TCP. Somebody else may take it before it is used: only where a plan must name a port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const datagrams = createSocket('udp4');
    datagrams.bind(0, '127.0.0.1');
    await once(datagrams, 'listening');
    const { port } = datagrams.address();
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    await new Promise<void>((resolve) => datagrams.close(() => resolve()));
    if (free) return port;
  }
}

/** An even port that is free, and the next one: RTP and RTCP (RFC 3550 §11). */
export async function freePortPair(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port % 2 === 0 && port < 65_000) return port;
  }
}
