import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { memberListeners } from '../../../src/gatekeeper/sip/member-addresses.js';
import { type Issued, makeCertificateAuthority } from '../../support/certificates.js';

let tls: Issued;

beforeAll(async () => {
  tls = await (await makeCertificateAuthority()).issue({ dns: ['gk.portvakt.example'] });
});

const card = (address: string, family: 'IPv4' | 'IPv6', internal = false) => ({
  ...{ address, internal, netmask: '', mac: '', cidr: null },
  ...(family === 'IPv4' ? { family } : { family, scopeid: 0 }),
});
const machine = {
  lo: [card('127.0.0.1', 'IPv4', true), card('::1', 'IPv6', true)],
  eth0: [card('169.254.1.1', 'IPv4'), card('172.18.0.3', 'IPv4'), card('fe80::1', 'IPv6'), card('fd00::3', 'IPv6')],
};
const listener = (address: string, advertised?: { host: string; port?: number }) => ({
  ...{ transport: 'udp' as const, address, port: 5060 },
  advertised: advertised && { host: advertised.host, port: advertised.port },
});
const told = (...args: Parameters<typeof listener>) => memberListeners([listener(...args)], undefined, machine)[0];

describe('where other instances are told to come', () => {
  it('is the address listened on, whatever endpoints are told', () => {
    expect(told('10.1.1.5', { host: 'sip.portvakt.example', port: 5070 })).toEqual({ transport: 'udp', host: '10.1.1.5', port: 5060 });
  });

  it('is an address advertised, where every address is listened on', () => {
    expect(told('0.0.0.0', { host: '203.0.113.9', port: 15060 })).toMatchObject({ host: '203.0.113.9', port: 15060 });
  });

  it('is the machine’s own otherwise, as in a container: a name may be shared by all instances', () => {
    expect(told('0.0.0.0', { host: 'sip.portvakt.example' })).toMatchObject({ host: '172.18.0.3', port: 5060 });
    expect(told('::')).toMatchObject({ host: 'fd00::3', port: 5060 });
  });

  it('is the name where the machine has no other, and loopback only where there is nothing else', () => {
    const alone = { lo: machine.lo };
    expect(memberListeners([listener('0.0.0.0', { host: 'gk1.portvakt.example' })], undefined, alone)[0]?.host).toBe(
      'gk1.portvakt.example',
    );
    expect(memberListeners([listener('0.0.0.0')], undefined, alone)[0]?.host).toBe('127.0.0.1');
    expect(memberListeners([listener('127.0.0.1'), listener('10.1.1.5')], undefined, machine)).toHaveLength(1);
  });

  it('has the fingerprint of the certificate with TLS alone', () => {
    const [udp, secure] = memberListeners(
      [listener('10.1.1.5'), { transport: 'tls', address: '10.1.1.5', port: 5061 }],
      { certificate: `${tls.certificate}\n${tls.certificate}`, key: tls.key },
      machine,
    );
    const hash = createHash('sha256').update(new X509Certificate(tls.certificate).raw).digest('hex').toUpperCase();
    expect(secure?.fingerprint).toBe(hash.match(/../g)?.join(':'));
    expect(udp).not.toHaveProperty('fingerprint');
  });
});
