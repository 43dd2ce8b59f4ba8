import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dialledAlias } from '../../../src/simulator/h323/addresses.js';
import type { TlsIdentity } from '../../../src/simulator/h323/signalling.js';
import { makeCertificateAuthority } from '../../support/certificates.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { until } from '../../support/until.js';
import { addressesOf, arrived, counts, gatekeeper, logged, newHost, pair, rasOf, registered, settled, talk } from './world.js';

describe('several calls on one connection', () => {
  it('are kept apart: each has its own callee, its own end and its own record', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const cia = await registered(rasOf(service), '461020002');
    const first = await talk(anna, '461020001', bo);
    const second = anna.call('461020002', { over: first.call });
    await second.mediaReady;
    const third = anna.call('461020002', { over: first.call });
    await third.mediaReady;
    expect(second.signalling).toBe(first.call.signalling);
    expect(first.call.signalling?.calls).toBe(3);
    first.call.hangUp();
    expect(await first.other.released).toMatchObject({ by: 'them', cause: 16 });
    second.sendUserInput('22');
    third.sendUserInput('33');
    const [forSecond, forThird] = cia.incoming;
    await until(
      () => forSecond?.userInput === '22' && forThird?.userInput === '33',
      () => 'user input of the two calls that are left',
    );
    forThird?.hangUp();
    expect(await third.released).toMatchObject({ by: 'them' });
    second.hangUp();
    const records = await settled(service, 3);
    expect(records.map(({ callee, reason }) => [callee?.alias, reason])).toEqual([
      ['461020001', 'completed'],
      ['461020002', 'completed'],
      ['461020002', 'completed'],
    ]);
  });

  it('end together when it is cut, and every called side is told', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const first = await talk(anna, '461020001', bo);
    const second = anna.call('461020001', { over: first.call });
    await second.mediaReady;
    const other = await arrived(bo, 2);
    first.call.drop();
    for (const end of [first.other, other]) expect(await end.released).toMatchObject({ by: 'them', cause: 41 });
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['connectionLost', 'connectionLost']);
  });

  it('are no more than the configuration allows', async () => {
    const service = await gatekeeper({ h323: { limits: { callsPerConnection: 1 } } });
    const { anna, bo } = await pair(service);
    const first = await talk(anna, '461020001', bo);
    const second = anna.call('461020001', { over: first.call });
    expect(await second.released).toMatchObject({ by: 'them' });
    expect(first.call.ended).toBe(false);
    first.call.hangUp();
    await first.other.released;
  });
});

describe('call transfer by Facility', () => {
  it('is passed on: the caller calls whom it is sent to, through the gatekeeper', async () => {
    const service = await gatekeeper();
    const { anna, bo } = await pair(service);
    const cia = await registered(rasOf(service), '461020002');
    const { call, other } = await talk(anna, '461020001', bo);
    other.transfer({ alias: dialledAlias('461020002') });
    const next = await call.transferred;
    await next.mediaReady;
    expect(await call.released).toMatchObject({ by: 'us' });
    expect(await other.released).toMatchObject({ by: 'them' });
    const there = await arrived(cia);
    expect(there.callingAliases).toEqual(['461010001']);
    expect(there.sharedSecret).toEqual(next.sharedSecret);
    next.hangUp();
    const records = await settled(service, 2);
    expect(records.map(({ callee, reason }) => [callee?.alias, reason])).toEqual([
      ['461020001', 'completed'],
      ['461020002', 'completed'],
    ]);
  });

  it('before the answer too: who forwards its calls says so while it rings', async () => {
    const service = await gatekeeper();
    const { anna } = await pair(service, {
      bo: {
        onIncoming: (call) => {
          call.alert();
          call.transfer({ alias: dialledAlias('461020002') });
        },
      },
    });
    const cia = await registered(rasOf(service), '461020002');
    const call = anna.call('461020001');
    const next = await call.transferred;
    await next.mediaReady;
    expect(await arrived(cia)).toMatchObject({ originated: false });
    next.hangUp();
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['callerCancelled', 'completed']);
  });
});

describe('TLS for call signalling (H.460.22)', () => {
  async function secured() {
    const ca = await makeCertificateAuthority();
    const hosts = [newHost(), newHost(), newHost()] as const;
    const { certificate, key } = await ca.issue({ addresses: ['127.0.0.1', ...hosts], dns: ['localhost'] });
    const folder = await temporaryDirectory();
    const files = { certificate: join(folder, 'own.pem'), key: join(folder, 'own.key'), ca: join(folder, 'ca.pem') };
    await writeFile(files.certificate, certificate);
    await writeFile(files.key, key);
    await writeFile(files.ca, ca.certificate);
    const anyPort = { address: '127.0.0.1', port: 0 };
    const service = await gatekeeper({
      sip: { tls: files },
      h323: {
        signalling: [
          { transport: 'tcp', ...anyPort },
          { transport: 'tls', ...anyPort },
        ],
      },
    });
    const tls: TlsIdentity = { ca: ca.certificate, certificate, key };
    return { service, tls, hosts, own: addressesOf(service.service.h323Listeners) };
  }

  it('is offered in RCF, and used by both legs where both endpoints have it', async () => {
    const { service, tls, hosts, own } = await secured();
    const { anna, bo } = await pair(service, { anna: { tls, address: hosts[0] }, bo: { tls, address: hosts[1] } });
    expect(anna.registration.gatekeeperTlsAddress).toEqual(own.tls);
    const { call, other } = await talk(anna, '461020001', bo);
    expect(call.signalling?.connection).toMatchObject({ secure: true, remote: own.tls });
    expect(other.signalling?.connection.secure).toBe(true);
    expect(other.sharedSecret).toEqual(call.sharedSecret);
    other.hangUp();
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'completed', cipher: 'AES-128-CBC' });
  });

  it('is not asked of an endpoint that does not have it', async () => {
    const { service, tls, hosts, own } = await secured();
    const { anna, bo } = await pair(service, { anna: { tls, address: hosts[0] } });
    const { call, other } = await talk(anna, '461020001', bo);
    expect(call.signalling?.connection.secure).toBe(true);
    expect(other.signalling?.connection.secure).toBe(false);
    call.hangUp();
    const back = await talk(bo, '461010001', anna);
    expect(back.call.signalling?.connection).toMatchObject({ secure: false, remote: own.tcp });
    expect(back.other.signalling?.connection.secure).toBe(true);
    back.call.hangUp();
    const records = await settled(service, 2);
    expect(records.map(({ reason }) => reason)).toEqual(['completed', 'completed']);
  });

  it('an endpoint whose certificate is from nobody we know is not called', async () => {
    const { service, tls, hosts } = await secured();
    const stranger = await makeCertificateAuthority('Nobody');
    const { certificate, key } = await stranger.issue({ addresses: [hosts[1]] });
    const { anna, bo } = await pair(service, {
      anna: { tls, address: hosts[0] },
      bo: { tls: { ca: tls.ca, certificate, key }, address: hosts[1] },
    });
    expect(await anna.call('461020001').released).toMatchObject({ by: 'them', reason: 'unreachableDestination' });
    expect(bo.incoming).toEqual([]);
    const [record] = await settled(service, 1);
    expect(record).toMatchObject({ reason: 'calleeUnreachable' });
    expect(record?.detail).toMatch(/certificate/i);
    expect(logged(service, 'A fault in the gatekeeper')).toEqual([]);
  });
});

it('what is no H.323 ends its own connection, and nothing else', async () => {
  const service = await gatekeeper();
  const { anna, bo } = await pair(service);
  const { call, other } = await talk(anna, '461020001', bo);
  const { tcp, ras } = addressesOf(service.service.h323Listeners);
  const browser = connect({ host: tcp.address, port: tcp.port });
  browser.on('error', () => undefined);
  browser.write('GET / HTTP/1.1\r\n\r\n');
  await once(browser, 'close');
  await counts(service, 'portvakt_h323_drops_total{what="any",reason="framing"}', 1);
  anna.ras.sendBytes(Buffer.from('INVITE sip:461020001@norr.example SIP/2.0\r\n\r\n'), ras);
  await counts(service, 'portvakt_h323_drops_total{what="ras",reason="syntax"}', 1);
  call.sendUserInput('1');
  await until(
    () => other.userInput === '1',
    () => 'user input',
  );
  call.hangUp();
  await settled(service, 1);
});
