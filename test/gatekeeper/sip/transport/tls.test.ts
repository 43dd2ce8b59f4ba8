import { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateAuthority, type Issued, makeCertificateAuthority } from '../../../support/certificates.js';
import { Bench, eventually, request, streamClient, watchStream } from './harness.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

const ipv4 = { transport: 'tls', address: '127.0.0.1', port: 0 } as const;
const ipv6 = { transport: 'tls', address: '::1', port: 0 } as const;
const ok = 'SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n';

let ca: CertificateAuthority;
let strangers: CertificateAuthority;
/** The gatekeeper's own. */
let ours: Issued;
/** A trunk's. */
let trunk: Issued;

beforeAll(async () => {
  [ca, strangers] = await Promise.all([makeCertificateAuthority(), makeCertificateAuthority('Strangers')]);
  ours = await ca.issue({ dns: ['gk.portvakt.example'], addresses: ['127.0.0.1', '::1'] });
  trunk = await ca.issue({ dns: ['SBC.vardbolaget.example'], uris: ['sip:vardbolaget.example'] });
});

/** A TLS client of a test's own, by node:tls. */
async function client(port: number, options: ConnectionOptions = {}) {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.certificate, servername: 'gk.portvakt.example', ...options });
  open.push({ close: async () => void socket.destroy() });
  const watched = watchStream(socket);
  await Promise.race([new Promise((resolve) => socket.once('secureConnect', resolve)), watched.closed]);
  return { ...watched, tls: socket };
}

const withTls = () => ({ tls: { ...ours, ca: ca.certificate } });

describe('TLS, as a server', () => {
  it.each([
    ['TLSv1.2' as const, ipv4],
    ['TLSv1.3' as const, ipv4],
    ['TLSv1.3' as const, ipv6],
  ])('speaks %s on $address', async (version, listen) => {
    const bench = keep(await Bench.open([listen], withTls(), ok));
    const caller = await client(bench.port(), { host: listen.address, minVersion: version, maxVersion: version });
    expect(caller.tls.authorized).toBe(true);
    caller.socket.write(request('\xff\x00'), 'latin1');
    const { message, flow } = await bench.inbox.next();
    expect(message).toBe(request('\xff\x00'));
    expect(flow).toMatchObject({ transport: 'tls', reliable: true, certificateNames: [], remote: { address: listen.address } });
    expect(await caller.until((text) => text.length >= ok.length)).toBe(ok);
  });

  it('refuses TLS 1.1, and anything that is not TLS', async () => {
    const bench = keep(await Bench.open([ipv4], withTls()));
    const old = await client(bench.port(), { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
    await old.closed;
    const plain = await streamClient(bench.port());
    plain.socket.write(request());
    await plain.closed;
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['handshake', 'handshake']);
    expect(bench.inbox.all).toEqual([]);
    await eventually(() => bench.transports.stats.inboundConnections === 0);
  });

  it('closes who connects and does not finish the handshake; counts it meanwhile', async () => {
    const bench = keep(await Bench.open([ipv4], { ...withTls(), limits: { halfOpenMs: 150, connectionsPerSource: 1 } }));
    const mute = await streamClient(bench.port());
    const second = await streamClient(bench.port());
    await second.closed;
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['connections']);
    await mute.closed;
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['connections', 'half-open']);
    await eventually(() => bench.transports.stats.inboundConnections === 0);
  });

  it('closes who shakes hands and then says nothing', async () => {
    const bench = keep(await Bench.open([ipv4], { ...withTls(), limits: { halfOpenMs: 300 } }));
    const caller = await client(bench.port());
    await caller.closed;
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['half-open']);
  });

  it('tells the names of a certificate that it trusts, and of no other', async () => {
    const bench = keep(await Bench.open([ipv4], { ...withTls(), requestClientCertificate: true }));
    const names = async (certificate?: Issued) => {
      const caller = await client(bench.port(), certificate ? { cert: certificate.certificate, key: certificate.key } : {});
      caller.socket.write(request());
      return (await bench.inbox.next()).flow.certificateNames;
    };
    expect(await names(trunk)).toEqual(['sbc.vardbolaget.example', 'sip:vardbolaget.example', 'vardbolaget.example']);
    expect(await names()).toEqual([]);
    expect(await names(await strangers.issue({ dns: ['sbc.vardbolaget.example'] }))).toEqual([]);
  });

  it('asks for no certificate where no zone wants one', async () => {
    const bench = keep(await Bench.open([ipv4], withTls()));
    const caller = await client(bench.port(), { cert: trunk.certificate, key: trunk.key });
    caller.socket.write(request());
    expect((await bench.inbox.next()).flow.certificateNames).toEqual([]);
  });

  it('takes a new certificate into use for new connections, and leaves the others alone', async () => {
    const bench = keep(await Bench.open([ipv4], withTls(), ok));
    const before = await client(bench.port());
    const renewed = await ca.issue({ dns: ['gk.portvakt.example', 'renewed.example'] });
    bench.transports.updateTls({ ...renewed, ca: ca.certificate }, true);
    const after = await client(bench.port(), { cert: trunk.certificate, key: trunk.key });
    expect(after.tls.getPeerCertificate().subjectaltname).toContain('renewed.example');
    after.socket.write(request());
    expect((await bench.inbox.next()).flow.certificateNames).toContain('vardbolaget.example');
    before.socket.write(request());
    expect(await before.until((text) => text.length >= ok.length)).toBe(ok);
  });

  it('says that a certificate is missing', async () => {
    await expect(Bench.open([ipv4])).rejects.toThrow('there is no certificate; set sip.tls');
  });
});

describe('TLS, as a client', () => {
  const serve = async (certificate: Issued, requestClientCertificate = false) =>
    keep(await Bench.open([ipv4], { tls: { ...certificate, ca: ca.certificate }, requestClientCertificate }, ok));
  const target = (bench: Bench, serverName?: string) => ({
    transport: 'tls' as const,
    address: '127.0.0.1',
    port: bench.port(),
    ...(serverName === undefined ? {} : { serverName }),
  });

  it('shows its own certificate, verifies the other, and uses the flow again for the same name', async () => {
    const there = await serve(trunk, true);
    const here = keep(await Bench.open([], withTls()));
    const flow = await here.transports.flowTo(target(there, 'vardbolaget.example'));
    expect(flow.certificateNames).toContain('vardbolaget.example');
    expect(flow.send(request())).toBe(true);
    const arrived = await there.inbox.next();
    expect(arrived.flow.certificateNames).toEqual(['gk.portvakt.example']);
    expect((await here.inbox.next()).message).toBe(ok);
    expect(await here.transports.flowTo(target(there, 'vardbolaget.example'))).toBe(flow);
  });

  it('verifies an IP address where there is no name', async () => {
    const there = await serve(ours);
    const here = keep(await Bench.open([], withTls()));
    const flow = await here.transports.flowTo(target(there));
    const named = await here.transports.flowTo(target(there, 'gk.portvakt.example'));
    expect(named).not.toBe(flow);
    const other = await serve(trunk);
    await expect(here.transports.flowTo(target(other))).rejects.toThrow('not for 127.0.0.1');
  });

  it('refuses a certificate for another name', async () => {
    const there = await serve(trunk);
    const here = keep(await Bench.open([], withTls()));
    // The certificate names a SIP domain, so its DNS name is only a host's (RFC 5922 §7.1).
    for (const name of ['norr.example', 'sbc.vardbolaget.example']) {
      await expect(here.transports.flowTo(target(there, name))).rejects.toThrow(
        `Cannot reach tls 127.0.0.1:${there.port()} (${name}): its certificate is for vardbolaget.example, not for ${name} (RFC 5922 §7.2)`,
      );
    }
    const wildcard = await serve(await ca.issue({ dns: ['*.norr.example'] }));
    await expect(here.transports.flowTo(target(wildcard, 'gk.norr.example'))).rejects.toThrow('its certificate is for *.norr.example');
    expect(here.transports.stats.outboundConnections).toBe(0);
  });

  it('refuses a certificate of a CA that it does not trust, and says where to add it', async () => {
    const there = await serve(await strangers.issue({ dns: ['norr.example'] }));
    const here = keep(await Bench.open([], withTls()));
    await expect(here.transports.flowTo(target(there, 'norr.example'))).rejects.toThrow(
      'its certificate comes from a CA that is not trusted here; to trust it, add the CA to the CA file of sip.tls',
    );
  });

  it('says so when the other side does not speak TLS', async () => {
    const there = keep(await Bench.open([{ ...ipv4, transport: 'tcp' }]));
    const here = keep(await Bench.open([], withTls()));
    await expect(here.transports.flowTo(target(there, 'norr.example'))).rejects.toThrow(
      `Cannot reach tls 127.0.0.1:${there.port()} (norr.example)`,
    );
  });

  it('goes by the fingerprint alone where it is told one: neither name nor CA need be right', async () => {
    const theirs = await strangers.issue({ dns: ['every-instance.example'] });
    const there = await serve(theirs);
    const here = keep(await Bench.open([], withTls()));
    const { fingerprint256 } = new X509Certificate(theirs.certificate);
    const flow = await here.transports.flowTo({ ...target(there), fingerprint: fingerprint256 });
    expect(flow.send(request())).toBe(true);
    expect((await there.inbox.next()).message).toBe(request());
    // Nobody vouches for a name in it.
    expect(flow.certificateNames).toEqual([]);
    expect(await here.transports.flowTo({ ...target(there), fingerprint: fingerprint256 })).toBe(flow);
    // What was connected by a fingerprint is no way for those who want a name verified.
    await expect(here.transports.flowTo(target(there))).rejects.toThrow('not trusted here');
  });

  it('refuses another certificate than that of the fingerprint, before a word is said', async () => {
    const there = await serve(ours);
    const here = keep(await Bench.open([], withTls()));
    const { fingerprint256 } = new X509Certificate(trunk.certificate);
    const shown = new X509Certificate(ours.certificate).fingerprint256;
    await expect(here.transports.flowTo({ ...target(there), fingerprint: fingerprint256 })).rejects.toThrow(
      `Cannot reach tls 127.0.0.1:${there.port()}: its certificate is another than the one expected there (SHA-256 ${shown}, not ${fingerprint256})`,
    );
    await eventually(() => here.transports.stats.outboundConnections === 0);
    expect(there.inbox.all).toEqual([]);
  });
});
