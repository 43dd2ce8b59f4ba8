import { isIP } from 'node:net';
import { z } from 'zod';
import { bridge } from './bridge-schema.js';
import { h323 } from './h323-schema.js';
import { block, choice, flag, leaf, list, secret, text, whole } from './schema.js';
import { state } from './state-schema.js';

/* The shape of config/portvakt.yaml, with every default. What each key means stands in the file and in `service-config.ts`. */

const DAY = 86_400;

const ipAddress = leaf({ what: 'an IP address', example: '127.0.0.1' }, (written) => {
  const bare = written.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
});
const anyPort = whole(0, 65_535, 5060);
const path = text('the path of a file or folder', './data', /^[^\0]{1,1000}$/);

const advertised = leaf({ what: 'a host name or address, with a port or without', example: 'sip.portvakt.example:5060' }, (written) => {
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?))(?::([0-9]{1,5}))?$/i.exec(written) ?? [];
  const host = v6 !== undefined && isIP(v6) === 6 ? v6 : name?.toLowerCase();
  const number = port === undefined ? undefined : Number(port);
  return host === undefined || (number !== undefined && (number < 1 || number > 65_535)) ? undefined : { host, port: number };
});

const dnsServer = leaf({ what: 'an IP address, with a port or without', example: '192.0.2.53' }, (written) => {
  const bare = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(written);
  const host = bare?.[1] ?? bare?.[2] ?? written;
  const port = Number(bare?.[3] ?? 53);
  return isIP(host) === 0 || port < 1 || port > 65_535 ? undefined : written;
});

const listener = block(
  { transport: choice('udp', 'tcp', 'tls'), address: ipAddress, port: anyPort, advertised: z.optional(advertised) },
  '{ transport: udp, address: 127.0.0.1, port: 5060 }',
).transform(({ advertised, ...rest }) => ({ ...rest, advertised }));

const tls = block({
  certificate: z.optional(path),
  key: z.optional(path),
  ca: z.optional(path),
  minVersion: choice('TLSv1.2', 'TLSv1.3').default('TLSv1.2'),
}).transform(({ certificate, key, ca, minVersion }) => ({ certificate, key, ca, minVersion }));

const limits = block({
  messagesPerSecondPerSource: whole(1, 1_000_000, 2000).default(2000),
  burst: whole(1, 1_000_000, 4000).default(4000),
  connectionsPerSource: whole(1, 1_000_000, 200).default(200),
  connections: whole(1, 1_000_000, 20_000).default(20_000),
  // 65,535 is the most that UDP can carry; a REGISTER from the worst of endpoints stays below 8,000.
  messageBytes: whole(1_300, 1_048_576, 65_535).default(65_535),
  idleSeconds: whole(10, DAY, 3700).default(3700),
  halfOpenSeconds: whole(1, 300, 5).default(5),
});

const timers = block({
  t1Ms: whole(10, 5_000, 500).default(500),
  t2Ms: whole(10, 60_000, 4_000).default(4_000),
  t4Ms: whole(10, 60_000, 5_000).default(5_000),
  huntMs: whole(50, 32_000, 400).default(400),
  ringingSeconds: whole(1, 3_600, 180).default(180),
  connectMs: whole(50, 32_000, 400).default(400),
  drainSeconds: whole(0, 600, 5).default(5),
});

const registrar = block({
  minExpiresSeconds: whole(1, DAY, 60).default(60),
  maxExpiresSeconds: whole(1, DAY, 3_600).default(3_600),
  defaultExpiresSeconds: whole(1, DAY, 3_600).default(3_600),
  nonceSeconds: whole(10, DAY, 300).default(300),
});

const sip = block({
  listen: list(listener, 'a list of where to listen', '[{ transport: udp, address: 127.0.0.1, port: 5060 }]')
    .transform((all) => all.filter((one) => one !== null))
    .default([
      { transport: 'udp', address: '127.0.0.1', port: 5060, advertised: undefined },
      { transport: 'tcp', address: '127.0.0.1', port: 5060, advertised: undefined },
      { transport: 'tls', address: '127.0.0.1', port: 5061, advertised: undefined },
    ]),
  tls: tls.prefault({}),
  realm: text('the name of the realm, without quotes', 'portvakt.example', /^[^"\\\p{C}]{1,100}$/u).default('portvakt.example'),
  digestAlgorithms: list(choice('SHA-256', 'MD5'), 'a list of algorithms', '[SHA-256, MD5]')
    .transform((all) => all.filter((one) => one !== null))
    .default(['SHA-256', 'MD5']),
  limits: limits.prefault({}),
  timers: timers.prefault({}),
  registrar: registrar.prefault({}),
  sessions: block({ maxSilenceSeconds: whole(60, DAY, 3_600).default(3_600), probe: flag(true).default(true) }).prefault({}),
  dns: block({
    servers: list(dnsServer, 'a list of name servers', "['192.0.2.53']")
      .transform((all) => all.filter((one) => one !== null))
      .default([]),
    timeoutMs: whole(100, 10_000, 2_000).default(2_000),
    allowPrivateTargets: flag(false).default(false),
  }).prefault({}),
});

export const serviceSchema = block({
  instance: text('a name of letters, digits, dots and hyphens', 'portvakt-1', /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/).default('portvakt-1'),
  plan: path.default('e164-plan.yaml'),
  dataDirectory: path.default('data'),
  sip: sip.prefault({}),
  h323: h323.prefault({}),
  bridge: bridge.prefault({}),
  http: block({
    address: ipAddress.default('127.0.0.1'),
    port: whole(0, 65_535, 8080).default(8080),
    operatorToken: z.optional(secret('a token of 16 to 200 characters without spaces', /^[\x21-\x7e]{16,200}$/)),
  })
    .transform(({ address, port, operatorToken }) => ({ address, port, operatorToken }))
    .prefault({}),
  records: block({
    directory: z.optional(path),
    maxBytes: whole(10_000, 10_000_000_000, 100_000_000).default(100_000_000),
    keepFiles: whole(1, 100_000, 30).default(30),
  })
    .transform(({ directory, maxBytes, keepFiles }) => ({ directory, maxBytes, keepFiles }))
    .prefault({}),
  log: block({ level: choice('info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent').default('info') }).prefault({}),
  state: state.prefault('memory'),
});
