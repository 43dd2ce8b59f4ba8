import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { readService } from '../../src/config/service-config.js';

const read = (bridge: string) => readService('portvakt.yaml', `bridge: ${bridge}\n`);

describe('bridge', () => {
  it('is on when nothing is written, on loopback, and needs no certificate there', () => {
    const { service, findings } = readService('portvakt.yaml', '');
    expect(findings).toEqual([]);
    expect(service?.bridge).toEqual({
      enabled: true,
      media: {
        addresses: [{ address: '127.0.0.1', advertised: undefined }],
        ports: { from: 40_000, to: 49_999 },
        workers: 0,
        maxLegsPerPart: 200,
        maxLegsPerNode: 500,
        linkPort: 0,
      },
      web: {
        address: '127.0.0.1',
        port: 8081,
        certificate: undefined,
        key: undefined,
        plain: true,
        trustProxy: false,
        url: undefined,
        iceServers: [],
      },
      limits: { connections: 5000, connectionsPerSource: 200, messagesPerSecond: 50, messageBytes: 65_536 },
    });
  });

  it('reads every kind of value', () => {
    const { service, findings } = readService(
      '/etc/portvakt/portvakt.yaml',
      `
bridge:
  media:
    addresses: [{ address: 0.0.0.0, advertised: 192.0.2.5 }, { address: '[2001:db8::5]' }]
    ports: { from: 50000, to: 50999 }
    workers: 4
    linkPort: 8082
  web:
    address: 10.0.0.5
    port: 443
    certificate: tls/meetings.pem
    key: tls/meetings.key
    url: HTTPS://Mote.portvakt.example/
    iceServers:
      - { urls: 'stun:stun.portvakt.example' }
      - { urls: 'turns:[2001:db8::7]:5349?transport=tcp', username: portvakt, credential: a password }
`,
    );
    expect(findings).toEqual([]);
    expect(service?.bridge).toMatchObject({
      media: {
        addresses: [
          { address: '0.0.0.0', advertised: '192.0.2.5' },
          { address: '2001:db8::5', advertised: undefined },
        ],
        ports: { from: 50_000, to: 50_999 },
        workers: 4,
        linkPort: 8082,
      },
      web: {
        port: 443,
        certificate: '/etc/portvakt/tls/meetings.pem',
        key: '/etc/portvakt/tls/meetings.key',
        plain: false,
        url: 'https://mote.portvakt.example',
        iceServers: [
          { urls: 'stun:stun.portvakt.example' },
          { urls: 'turns:[2001:db8::7]:5349?transport=tcp', username: 'portvakt', credential: 'a password' },
        ],
      },
    });
    expect(read('{ media: { ports: { from: 0, to: 0 } } }').findings).toEqual([]);
  });

  it('speaks TLS wherever a certificate or a word says so', () => {
    const plain = (text: string) => readService('portvakt.yaml', text).service?.bridge.web.plain;
    expect(plain('bridge: { web: { certificate: a.pem, key: a.key } }')).toBe(false);
    expect(plain('bridge: { web: { plain: false } }')).toBe(false);
    expect(plain('bridge: { web: { plain: true, url: "https://mote.portvakt.example" } }')).toBe(true);
    expect(plain('sip: { tls: { certificate: a.pem, key: a.key } }\nbridge: { web: { address: 10.0.0.5 } }')).toBe(false);
  });

  it.each([
    ['{ media: { addresses: [] } }', '1:31: error: no sound and no pictures would be received anywhere'],
    ['{ media: { addresses: [{ address: 0.0.0.0 }] } }', '1:32: error: participants are told an address to send to, and 0.0.0.0 is none'],
    ['{ media: { addresses: [{ address: ::1 }, { address: ::1 }] } }', '1:50: error: entry 1 is this address already'],
    ['{ media: { ports: { from: 50000, to: 40000 } } }', '1:35: error: the first port (50000) comes after the last (40000)'],
    ['{ media: { ports: { from: 50000, to: 50010 } } }', '1:27: error: there are 11 ports, which is too few'],
    ['{ media: { ports: { from: 80, to: 1000 } } }', '1:35: error: ports below 1024 are kept'],
    ['{ media: { maxLegsPerNode: 100 } }', '1:18: error: one worker may have more legs of a meeting (200) than the whole node (100)'],
    ['{ limits: { connections: 10 } }', '1:19: error: one source may have more connections (200) than all together (10)'],
    ['{ web: { key: a.key } }', '1:23: error: there is a key but no certificate'],
    ['{ web: { certificate: a.pem, key: a.key, plain: true } }', '1:57: error: there is a certificate, and pages without TLS'],
    ['{ web: { address: 10.0.0.5, plain: true } }', '1:44: error: browsers give no camera to pages without TLS'],
    ['{ web: { address: 10.0.0.5 } }', '1:27: error: browsers believe no certificate that the service makes'],
    ['{ web: { url: "http://mote.example" } }', '1:23: error: browsers give no camera to pages without TLS'],
    ['{ web: { url: "ftp://mote.example" } }', "1:23: error: 'url' is 'ftp://mote.example'; write a web address"],
    [
      '{ web: { url: "https://mote.example/video" } }',
      "1:23: error: 'url' is 'https://mote.example/video'; write a web address without a path",
    ],
    ['{ web: { trustProxy: true } }', '1:30: error: only the proxy knows where participants reach the pages'],
    [
      '{ web: { trustProxy: true, plain: false, url: "https://mote.example" } }',
      '1:30: error: anybody can say who he is to pages that are reached without a proxy',
    ],
    ['{ web: { address: 0.0.0.0, certificate: a.pem, key: a.key } }', '1:27: error: nobody can go to 0.0.0.0, and links would begin so'],
    ['{ web: { iceServers: [{ urls: turn:a.example }] } }', '1:31: error: browsers use no TURN server without a user name'],
    ['{ web: { iceServers: [{ urls: "http://a.example" }] } }', "1:39: error: 'urls' is 'http://a.example'; write a STUN or TURN address"],
  ])('finds what is wrong in %s', (text, expected) => {
    const { service, findings } = read(text);
    expect(service).toBeUndefined();
    expect(findings.map((finding) => formatFinding(finding).replace(/^portvakt\.yaml:/, ''))).toEqual([expect.stringContaining(expected)]);
  });

  it('never shows a credential', () => {
    const findings = read('{ web: { iceServers: [{ urls: turn:a.example, credential: sesam }] } }').findings.map(formatFinding);
    expect(findings.join()).toContain('TURN server');
    expect(findings.join()).not.toContain('sesam');
  });

  it('says where media and signalling would want one port', () => {
    const found = (text: string) => readService('portvakt.yaml', text).findings.map(({ message }) => message);
    expect(found('sip: { listen: [{ transport: udp, address: 127.0.0.1, port: 40100 }] }\n')).toEqual([
      'port 40100 is one of bridge.media.ports, 40000 to 49999',
    ]);
    expect(found('sip: { listen: [{ transport: tcp, address: 127.0.0.1, port: 40100 }] }\n')).toEqual([]);
    expect(found('bridge: { media: { linkPort: 8080 } }\n')).toEqual(['http.port listens on this address and port already']);
    expect(found('http:\n  port: 8081\n')).toEqual(['http.port listens on this address and port already']);
  });

  it('says nothing about what is switched off', () => {
    expect(read('{ enabled: false, media: { addresses: [] }, web: { address: 10.0.0.5 } }').findings).toEqual([]);
  });
});
