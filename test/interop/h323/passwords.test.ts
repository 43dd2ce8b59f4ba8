import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { type RasMessage, rasMessage } from '../../../src/gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, transportAddress } from '../../../src/simulator/h323/addresses.js';
import { Credentials, type PasswordOptions } from '../../../src/simulator/h323/credentials.js';
import { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import { H225_VERSION, makeIdentity } from '../../../src/simulator/h323/identity.js';
import { freePort } from '../../support/free-port.js';
import { password } from '../../support/plan.js';
import { aliases, as, closing, counts, endpoint, gatekeeper, logged, newHost, rasOf, registered, settled, talk } from './world.js';

const methods: PasswordOptions['method'][] = ['h235.1', 'md5', 'cat'];
const security = { outcome: 'rejected', by: 'registration', reason: 'securityDenial' };

describe.each(methods)('%s', (method) => {
  it('the right password registers, keeps alive, calls and hangs up; each request proves it anew', async () => {
    const service = await gatekeeper();
    const anna = await registered(rasOf(service), '461010001', { password: as('461010001', method) });
    const bo = await registered(rasOf(service), '461020001', { password: as('461020001', method) });
    expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
    expect(anna.registration.counts).toEqual({ full: 1, light: 1, failovers: 0 });
    // H.235.1 is signed both ways: the gatekeeper proves that it knows the password as well.
    expect(anna.registration.gatekeeperProven).toBe(method === 'h235.1');
    const { call } = await talk(anna, '461020001', bo);
    call.hangUp();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed' });
    await counts(service, 'portvakt_ras_answers_total{message="admissionRequest",result="confirmed"', 2);
    await counts(service, 'portvakt_ras_answers_total{message="disengageRequest",result="confirmed"', 2);
    expect(await anna.unregister()).toMatchObject({ message: { type: 'unregistrationConfirm' } });
    // Nothing of it is in the log.
    expect(service.log()).not.toContain(password);
  });

  it('a wrong one is refused, after discovery as well', async () => {
    const service = await gatekeeper();
    for (const discovery of [false, true]) {
      const thief = await endpoint(rasOf(service), '461010001', { password: as('461010001', method, 'not the password'), discovery });
      expect(await thief.register()).toEqual(security);
    }
    expect(await aliases(service)).toEqual([]);
    await counts(service, 'portvakt_registration_attempts_total{organisation="norr",outcome="credentials_wrong"}', 2);
    const [line] = logged(service, 'A RAS request was rejected');
    expect(line).toMatchObject({ zone: 'norr', why: expect.stringMatching(/password of "461010001" is wrong/) });
    expect(service.log()).not.toContain('not the password');
  });

  it('a request that somebody else sends again is refused; its sender gets the same answer again', async () => {
    const clock = new VirtualClock(Date.now());
    const service = await gatekeeper({ clock });
    const ras = rasOf(service);
    const sender = await datagrams();
    const credentials = new Credentials(as('461010001', method), '461010001', clock);
    const request = credentials.encode(registration(sender.local, credentials));
    const first = await sender.exchange(request, ras);
    expect(rasMessage.decode(first).type).toBe('registrationConfirm');
    expect(await sender.exchange(request, ras)).toEqual(first);
    const thief = await datagrams();
    // Without a random value (MD5) all that an endpoint sends within a second looks the same, so that a token is good for a few.
    clock.advance(6000);
    const rejectReason = { type: 'securityError', value: { type: 'securityReplay', value: null } };
    expect(rasMessage.decode(await thief.exchange(request, ras))).toMatchObject({ type: 'registrationReject', value: { rejectReason } });
    expect(await aliases(service)).toEqual(['461010001']);
    const [line] = logged(service, 'A RAS request was rejected');
    expect(line).toMatchObject({ source: thief.local.address, why: expect.stringMatching(/a second time/) });
  });
});

describe('discovery', () => {
  it('on its own port: GCF names the address for RAS, and how to prove the password', async () => {
    const port = await freePort();
    const discovery = await freePort();
    const service = await gatekeeper({ h323: { ras: [{ address: '127.0.0.1', port }], discovery: { port: discovery } } });
    const anna = await endpoint({ address: '127.0.0.1', port: discovery }, '461010001', { discovery: true });
    expect(await anna.register()).toEqual({ outcome: 'registered' });
    expect(anna.registration.gatekeeper).toEqual({ address: '127.0.0.1', port });
    expect(anna.registration.gatekeeperIdentifier).toBe('portvakt');
    await counts(service, 'portvakt_ras_answers_total{message="gatekeeperRequest",result="confirmed"', 1);
  });

  it('another gatekeeper is not found here', async () => {
    const service = await gatekeeper();
    const anna = await endpoint(rasOf(service), '461010001', { discovery: true, gatekeeperId: 'somewhere-else' });
    expect(await anna.register()).toEqual({ outcome: 'rejected', by: 'discovery', reason: 'terminalExcluded' });
    const plain = await endpoint(rasOf(service), '461010001', { gatekeeperId: 'somewhere-else' });
    expect(await plain.register()).toMatchObject({ outcome: 'rejected', by: 'registration' });
  });
});

it('without a password nobody registers where passwords are asked for', async () => {
  const service = await gatekeeper();
  const anna = await H323Endpoint.start({ address: newHost(), aliases: [{ e164: '461010001' }], gatekeeper: rasOf(service) });
  closing(anna, (one) => one.close());
  expect(await anna.register()).toEqual(security);
  expect(await aliases(service)).toEqual([]);
});

/** A socket that sends bytes as they are, and takes one answer to each. */
async function datagrams() {
  const socket = createSocket('udp4');
  socket.bind(0, newHost());
  await once(socket, 'listening');
  closing(socket, async (one) => {
    one.close();
    await once(one, 'close');
  });
  const { address, port } = socket.address();
  return {
    local: { address, port },
    async exchange(bytes: Uint8Array, to: SocketAddress): Promise<Buffer> {
      const answer = once(socket, 'message');
      socket.send(bytes, to.port, to.address);
      const [reply]: unknown[] = await answer;
      if (!Buffer.isBuffer(reply)) throw new Error('no datagram');
      return reply;
    },
  };
}

function registration(local: SocketAddress, credentials: Credentials): RasMessage {
  const { vendor, endpointType, aliases: terminalAlias } = makeIdentity('terminal', [{ e164: '461010001' }]);
  return {
    type: 'registrationRequest',
    value: {
      requestSeqNum: 4711,
      protocolIdentifier: H225_VERSION,
      discoveryComplete: false,
      callSignalAddress: [transportAddress({ ...local, port: 1720 })],
      rasAddress: [transportAddress(local)],
      terminalType: endpointType,
      terminalAlias,
      endpointVendor: vendor,
      keepAlive: false,
      willSupplyUUIEs: false,
      maintainConnection: false,
      ...credentials.tokens({ gatekeeperId: 'portvakt', endpointId: undefined }),
    },
  };
}
