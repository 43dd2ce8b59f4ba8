import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { newId } from '../../../support/sip-client.js';
import { useWorld } from './world.js';

const world = useWorld();

/** Sends OPTIONS from one socket with the port of another in its Via: which of them hears the answer. */
async function heardAt(host: string, params = ''): Promise<'via' | 'source'> {
  const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
  try {
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    const [source, listener] = sockets;
    const id = newId();
    const options = [
      'OPTIONS sip:127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/UDP ${host}:${listener.address().port};branch=z9hG4bK${id}${params}`,
      'Max-Forwards: 70',
      `From: <sip:a@elsewhere.example>;tag=${id}`,
      'To: <sip:127.0.0.1>',
      `Call-ID: ${id}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    ];
    const heard = Promise.race([
      once(listener, 'message').then(() => 'via' as const),
      once(source, 'message').then(() => 'source' as const),
    ]);
    source.send(`${options.join('\r\n')}\r\n\r\n`, world.service.ports.udp, '127.0.0.1');
    return await heard;
  } finally {
    for (const socket of sockets) socket.close();
  }
}

it('without rport the answer goes to the port of the Via (RFC 3261 §18.2.2)', async () => {
  expect(await heardAt('127.0.0.1')).toBe('via');
});

it('with rport it goes to where the request came from (RFC 3581 §4)', async () => {
  expect(await heardAt('127.0.0.1', ';rport')).toBe('source');
});

it('behind a NAT it goes to where the request came from, asked or not', async () => {
  expect(await heardAt('10.1.1.1')).toBe('source');
});
