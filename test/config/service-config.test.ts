import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { readService } from '../../src/config/service-config.js';

const read = (text: string) => readService('portvakt.yaml', text);
const found = (text: string) => read(text).findings.map(formatFinding);

describe('readService', () => {
  it('reads every kind of value', () => {
    const { service, findings } = read(`instance: vast-2
sip:
  listen:
    - { transport: tls, address: '[2001:db8::5]', port: 0, advertised: 'Sip.Portvakt.example:5061' }
    - transport: udp
      address: 192.0.2.5
      port: 5060
      advertised: '[2001:db8::9]'
  dns: { servers: ['192.0.2.53', '[2001:db8::53]:5353'] }
http: { operatorToken: a-token-of-enough-characters }
records: { directory: /var/lib/portvakt/records }
`);
    expect(findings).toEqual([]);
    expect(service).toMatchObject({
      instance: 'vast-2',
      sip: {
        listen: [
          { transport: 'tls', address: '2001:db8::5', port: 0, advertised: { host: 'sip.portvakt.example', port: 5061 } },
          { transport: 'udp', address: '192.0.2.5', port: 5060, advertised: { host: '2001:db8::9', port: undefined } },
        ],
        timers: { huntMs: 400, ringingSeconds: 180 },
        registrar: { minExpiresSeconds: 60, maxExpiresSeconds: 3600 },
        dns: { servers: ['192.0.2.53', '[2001:db8::53]:5353'] },
      },
      http: { address: '127.0.0.1', port: 8080, operatorToken: 'a-token-of-enough-characters' },
      records: { directory: '/var/lib/portvakt/records' },
    });
  });

  it('says everything at once, each at its place', () => {
    expect(
      found(`instence: x
sip:
  listen:
    - { transport: ftp, address: localhost, port: 70000 }
    - { transport: udp, address: 127.0.0.1 }
  timers: { hunt_ms: 300, t1Ms: fast }
  registrar: [60]
  sessions:
    probe: yes
http:
  operatorToken: short
log:
`),
    ).toEqual([
      "portvakt.yaml:1:1: error: unknown key 'instence'; did you mean 'instance'?",
      "portvakt.yaml:4:20: error: 'transport' is 'ftp'; write one of udp, tcp, tls, for example 'transport: udp'",
      "portvakt.yaml:4:34: error: 'address' is 'localhost'; write an IP address, for example 'address: 127.0.0.1'",
      "portvakt.yaml:4:51: error: 'port' is '70000'; write a whole number from 0 to 65535, for example 'port: 5060'",
      "portvakt.yaml:5:7: error: 'port' is missing; write a whole number from 0 to 65535, for example 'port: 5060'",
      "portvakt.yaml:6:13: error: unknown key 'hunt_ms'; did you mean 'huntMs'?",
      "portvakt.yaml:6:33: error: 't1Ms' is 'fast'; write a whole number from 10 to 5000, for example 't1Ms: 500'",
      "portvakt.yaml:7:14: error: 'registrar' is a list; write a block of keys, for example 'registrar: { minExpiresSeconds: …, maxExpiresSeconds: …, defaultExpiresSeconds: … }'",
      "portvakt.yaml:9:12: error: 'probe' is 'yes'; write true or false, for example 'probe: true'",
      "portvakt.yaml:11:18: error: 'operatorToken' is an unusable value; write a token of 16 to 200 characters without spaces",
      "portvakt.yaml:12:1: error: 'log' has no value; write a block of keys, for example 'log: { level: … }'",
    ]);
  });

  it.each([
    [
      'sip: { registrar: { minExpiresSeconds: 900, maxExpiresSeconds: 600 } }',
      '1:40',
      'the shortest registration (900 s) is longer than the longest (600 s)',
    ],
    [
      'sip: { registrar: { defaultExpiresSeconds: 30 } }',
      '1:44',
      '30 s lies outside the shortest (60 s) and longest (3600 s) registration',
    ],
    ['sip: { tls: { key: a.key } }', '1:20', 'there is a key but no certificate'],
    [
      'sip: { limits: { connectionsPerSource: 9, connections: 5 } }',
      '1:40',
      'one source may have more connections (9) than all together (5)',
    ],
    [
      'sip: { listen: [{ transport: tcp, address: ::1, port: 5061 }, { transport: tls, address: ::1, port: 5061 }] }',
      '1:63',
      'entry 1 listens on this address and port already',
    ],
    [
      'sip: { timers: { t1Ms: 500, t2Ms: 400 } }',
      '1:35',
      'the longest time between retransmissions (400 ms) is shorter than the first (t1Ms, 500 ms)',
    ],
    ['sip: { digestAlgorithms: [] }', '1:26', 'without an algorithm nobody can log on'],
    ['sip: { digestAlgorithms: [MD5, SHA-256, MD5] }', '1:41', 'entry 1 is MD5 already'],
    ['sip: { listen: [] }', '1:16', 'the service would listen nowhere'],
    ['a: 1\na: 2\n', '2:1', "the key 'a' stands here twice"],
    ['sip:\n\tlisten: []\n', '2:1', 'a tab is used to indent'],
    ['instance: "x\n', '2:1', 'a character is missing'],
    ['- a\n', '1:1', 'the file is a list'],
    ['just words\n', '1:1', 'the file has no keys at its top'],
    ['log: &l { level: info }\nhttp: *l\n', '2:7', 'an alias stands for a whole block here'],
    ['instance: *nobody\n', '1:11', 'the alias *nobody cannot be resolved'],
    [`${'['.repeat(30)}${']'.repeat(30)}`, '1:22', 'this is nested more than 20 levels deep'],
    ['? [a]\n: b\n', '1:3', 'a key is not plain text'],
  ])('places %j', (text, place, message) => {
    const { service, findings } = read(text);
    expect(service).toBeUndefined();
    expect(findings.map(({ line, column, message }) => `${line}:${column} ${message}`)).toContainEqual(
      expect.stringContaining(`${place} ${message}`),
    );
  });

  it.each([
    '['.repeat(100_000),
    '{a: '.repeat(20_000),
    '\u0000',
    '%YAML 9.9\n---\na: b',
    '&a [*a]',
    'a: !!js/function x',
    '---\n---\n',
    '...',
  ])('survives %#', (text) => {
    const { findings } = read(text);
    for (const finding of findings) {
      expect(finding.line).toBeGreaterThan(0);
      expect(finding.column).toBeGreaterThan(0);
    }
  });

  it('is content with an empty file', () => {
    expect(read('').service?.instance).toBe('portvakt-1');
    expect(read('# nothing but a remark\n').findings).toEqual([]);
  });
});
