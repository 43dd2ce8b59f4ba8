import { connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { h323Identity } from '../../../../src/gatekeeper/h323/transport/h323-identity.js';
import { checkServerName } from '../../../../src/gatekeeper/net/certificate-names.js';
import { type CertificateAuthority, type Issued, makeCertificateAuthority } from '../../../support/certificates.js';
import { until } from '../../../support/until.js';
import { Bench, closer, FarEnd, tcp } from './harness.js';

const { keep, closeAll } = closer();
afterEach(closeAll);

const tls = { ...tcp, transport: 'tls' } as const;
let ca: CertificateAuthority;
let ours: Issued;
let gateway: Issued;
beforeAll(async () => {
  ca = await makeCertificateAuthority();
  ours = await ca.issue({ dns: ['gk.portvakt.example'], addresses: ['127.0.0.1'] });
  gateway = await ca.issue({ dns: ['gw.norr.example'], uris: ['sip:norr.example'] });
});
const withTls = (issued: Issued) => ({ tls: { ...issued, ca: ca.certificate } });

async function farEnd(bench: Bench, shown?: Issued): Promise<FarEnd> {
  const socket = connect({
    host: '127.0.0.1',
    port: bench.port(),
    ca: ca.certificate,
    ...(shown ? { cert: shown.certificate, key: shown.key } : {}),
  });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return keep(new FarEnd(socket));
}

describe('call signalling over TLS (H.460.22)', () => {
  it('carries messages, and tells the names of a certificate that it trusts', async () => {
    const bench = keep(
      await Bench.open([tls], { ...withTls(ours), requestClientCertificate: true }, (_, to) => to.send(Buffer.from('yes'))),
    );
    const far = await farEnd(bench, gateway);
    far.send('a');
    await until(
      () => far.messages.length === 1,
      () => 'the answer',
    );
    expect(await bench.connection()).toMatchObject({ secure: true, inbound: true });
    expect((await bench.connection()).certificateNames).toEqual(['gw.norr.example', 'sip:norr.example', 'norr.example']);
    (await farEnd(bench)).send('b');
    expect((await bench.connection(1)).certificateNames).toEqual([]);
  });

  it('connects, shows its own certificate, and verifies the name or the address there', async () => {
    const there = keep(await Bench.open([tls], { ...withTls(gateway), requestClientCertificate: true }));
    const here = keep(await Bench.open([], withTls(ours)));
    const target = { address: '127.0.0.1', port: there.port(), secure: true, timeoutMs: 2000 };
    const connection = await here.transport.connect({ ...target, servername: 'gw.norr.example' });
    expect(connection).toMatchObject({ secure: true, inbound: false });
    expect(connection.certificateNames).toContain('gw.norr.example');
    connection.send(Buffer.from('a'));
    await there.received(1);
    expect((await there.connection()).certificateNames).toEqual(['gk.portvakt.example']);
    await expect(here.transport.connect({ ...target, servername: 'gw.syd.example' })).rejects.toThrow(
      'its certificate is for gw.norr.example, not for gw.syd.example',
    );
    await expect(here.transport.connect(target)).rejects.toThrow('not for 127.0.0.1');
    expect(here.transport.stats.outboundConnections).toBe(1);
  });

  it('closes who does not shake hands, and who speaks no TLS', async () => {
    const bench = keep(await Bench.open([tls], { ...withTls(ours), limits: { halfOpenMs: 100 } }));
    const mute = keep(await FarEnd.connect(bench.port()));
    await mute.gone();
    const plain = keep(await FarEnd.connect(bench.port()));
    plain.send('a');
    await plain.gone();
    expect(await bench.refused(2)).toEqual(['half-open', 'handshake']);
    expect(bench.connections).toEqual([]);
  });

  it('takes a new certificate into use for new connections', async () => {
    const bench = keep(await Bench.open([tls], withTls(ours)));
    const before = await farEnd(bench);
    bench.transport.updateTls({ ...gateway, ca: ca.certificate }, false);
    // Its new certificate is for a name, not for an address.
    await expect(farEnd(bench)).rejects.toThrow("127.0.0.1 is not in the cert's list");
    before.send('a');
    await bench.received(1);
  });
});

describe('the identity of an H.323 server', () => {
  it('is a DNS name of its certificate, also beside SIP names', () => {
    const certificate = { subjectaltname: 'DNS:gw.norr.example, URI:sip:norr.example' };
    expect(checkServerName('GW.norr.example', certificate, h323Identity)).toBeUndefined();
    expect(checkServerName('norr.example', certificate, h323Identity)?.message).toContain('is for gw.norr.example, not for norr.example');
    expect(checkServerName('x', { subjectaltname: '' }, h323Identity)?.message).toContain('no name that H.323 can use');
  });
});
