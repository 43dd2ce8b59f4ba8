import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { readService } from '../../src/config/service-config.js';

const read = (h323: string) => readService('portvakt.yaml', `h323: ${h323}\n`);

describe('h323', () => {
  it('is on when nothing is written, on loopback and on ports that need no root', () => {
    const { service, findings } = readService('portvakt.yaml', '');
    expect(findings).toEqual([]);
    expect(service?.h323).toEqual({
      enabled: true,
      gatekeeperId: 'portvakt',
      ras: [{ address: '127.0.0.1', port: 1719, advertised: undefined }],
      discovery: { multicast: false, port: 1718 },
      signalling: [{ transport: 'tcp', address: '127.0.0.1', port: 1720, advertised: undefined }],
      alternates: [],
      timeToLiveSeconds: { min: 30, default: 300, max: 3600 },
      graceSeconds: 30,
      irq: { attempts: 3, intervalMs: 3000 },
      limits: {
        messagesPerSecondPerSource: 2000,
        burst: 4000,
        connectionsPerSource: 200,
        connections: 20_000,
        messageBytes: 65_535,
        callsPerConnection: 500,
        idleSeconds: 300,
        halfOpenSeconds: 5,
      },
      timers: {
        setupMs: 4000,
        establishmentSeconds: 30,
        alertingSeconds: 180,
        huntMs: 400,
        connectMs: 400,
        keepAliveSeconds: 0,
      },
      h245: { mode: 'route', ports: undefined },
      lrq: { timeoutMs: 400, cacheSeconds: 30, retries: 1 },
      password: { windowSeconds: 60 },
    });
  });

  it('reads every kind of value', () => {
    const { service, findings } = read(`
  gatekeeperId: Vårt Gatekeeper
  ras: [{ address: 0.0.0.0, advertised: 192.0.2.1 }, { address: '[2001:db8::5]', port: 0 }]
  signalling: [{ transport: tls, address: 192.0.2.5 }, { transport: tcp, address: '::', advertised: '[2001:db8::5]:1721' }]
  alternates: [{ gatekeeperId: portvakt-2, ras: 192.0.2.2 }, { gatekeeperId: portvakt-3, ras: '[2001:db8::3]:2719', priority: 127 }]
  h245: { mode: route, ports: { from: 30000, to: 30000 } }`);
    expect(findings).toEqual([]);
    expect(service?.h323).toMatchObject({
      gatekeeperId: 'Vårt Gatekeeper',
      ras: [
        { address: '0.0.0.0', port: 1719, advertised: { host: '192.0.2.1', port: undefined } },
        { address: '2001:db8::5', port: 0, advertised: undefined },
      ],
      signalling: [
        { transport: 'tls', address: '192.0.2.5', port: 1300 },
        { transport: 'tcp', address: '::', port: 1720, advertised: { host: '2001:db8::5', port: 1721 } },
      ],
      alternates: [
        { gatekeeperId: 'portvakt-2', ras: { host: '192.0.2.2', port: 1719 }, priority: 0 },
        { gatekeeperId: 'portvakt-3', ras: { host: '2001:db8::3', port: 2719 }, priority: 127 },
      ],
      h245: { mode: 'route', ports: { from: 30_000, to: 30_000 } },
    });
  });

  it.each([
    ['{ ras: [] }', '1:14: error: the service would listen nowhere'],
    ['{ signalling: [] }', '1:21: error: the service would listen nowhere'],
    ['{ ras: [{ address: 0.0.0.0 }] }', '1:15: error: endpoints are told an address to send to, and 0.0.0.0 is none'],
    ['{ signalling: [{ transport: tcp, address: "::" }] }', '1:22: error: endpoints are told an address to send to, and :: is none'],
    ['{ ras: [{ address: 10.0.0.1, advertised: 0.0.0.0 }] }', '1:15: error: endpoints are told an address to send to, and 0.0.0.0 is none'],
    ['{ ras: [{ address: 10.0.0.1, advertised: gk.example }] }', "1:48: error: 'advertised' is 'gk.example'; write an IP address"],
    ['{ alternates: [{ gatekeeperId: b, ras: 127.0.0.1 }] }', '1:46: error: this is the service itself: it listens there'],
    [
      '{ alternates: [{ gatekeeperId: b, ras: 10.0.0.2 }, { gatekeeperId: c, ras: "10.0.0.2:1719" }] }',
      '1:58: error: entry 1 is this gatekeeper already',
    ],
    ['{ timeToLiveSeconds: { min: 4000 } }', '1:35: error: the shortest registration (4000 s) is longer than the longest (3600 s)'],
    ['{ timeToLiveSeconds: { default: 20 } }', '1:39: error: 20 s lies outside the shortest (30 s) and longest (3600 s) registration'],
    ['{ irq: { attempts: 10, intervalMs: 5000 } }', '1:7: error: an endpoint is asked for 50 s whether it is there, and its registration'],
    ['{ limits: { connections: 10 } }', '1:17: error: one source may have more connections (200) than all together (10)'],
    ['{ h245: { ports: { from: 40000, to: 39999 } } }', '1:32: error: the first port (40000) comes after the last (39999)'],
    ['{ alternates: [{ gatekeeperId: b, ras: 10.0.0.2, priority: 128 }] }', "1:66: error: 'priority' is '128'"],
  ])('finds what is wrong in %s', (text, expected) => {
    const { service, findings } = read(text);
    expect(service).toBeUndefined();
    expect(findings.map((finding) => formatFinding(finding).replace(/^portvakt\.yaml:/, ''))).toEqual([expect.stringContaining(expected)]);
  });

  it('says where two parts would listen on one address and port', () => {
    const found = (text: string) => readService('portvakt.yaml', text).findings.map(({ line, message }) => `${line} ${message}`);
    expect(found('sip: { listen: [{ transport: udp, address: 127.0.0.1, port: 1719 }] }\n')).toEqual([
      '1 sip.listen entry 1 listens on this address and port already',
    ]);
    expect(
      found(
        'h323:\n  signalling:\n    - { transport: tcp, address: ::1, port: 1720 }\n    - { transport: tls, address: ::1, port: 1720 }\n',
      ),
    ).toEqual(['4 entry 1 listens on this address and port already']);
    expect(found('h323: { ras: [{ address: 127.0.0.1, port: 1720 }] }\n')).toEqual([]);
    expect(found('http:\n  port: 1720\n')).toEqual(['2 h323.signalling entry 1 listens on this address and port already']);
    expect(found('h323: { enabled: false }\nhttp: { port: 1720 }\n')).toEqual([]);
  });

  it('says nothing about what is switched off', () => {
    expect(read('{ enabled: false, ras: [], graceSeconds: 1 }').findings).toEqual([]);
  });
});
