import { isIP } from 'node:net';
import { z } from 'zod';
import { block, choice, flag, leaf, list, text, whole } from './schema.js';

/* The shape of the block `h323` of config/portvakt.yaml, with every default. */

const DAY = 86_400;
/** H.225.0 §7.2 and H.323 Appendix IV: RAS, discovery, call signalling, and the same over TLS (H.460.22). */
const RAS_PORT = 1719;
const DISCOVERY_PORT = 1718;
const SIGNALLING_PORTS = { tcp: 1720, tls: 1300 } as const;

const ipAddress = leaf({ what: 'an IP address', example: '127.0.0.1' }, (written) => {
  const bare = written.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
});

/** A TransportAddress (H.225.0 §7.1.11) holds an IP address and no name, so neither does what is told to others. */
function addressAndPort(example: string) {
  return leaf({ what: 'an IP address, with a port or without', example }, (written) => {
    const [, v6, v4, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(written) ?? [];
    const host = v6 ?? v4 ?? written;
    const port = digits === undefined ? undefined : Number(digits);
    return isIP(host) === 0 || (port !== undefined && (port < 1 || port > 65_535)) ? undefined : { host, port };
  });
}

const advertised = z.optional(addressAndPort('192.0.2.1:1720'));

const rasListener = block(
  { address: ipAddress, port: whole(0, 65_535, RAS_PORT).default(RAS_PORT), advertised },
  '{ address: 127.0.0.1, port: 1719 }',
).transform(({ address, port, advertised }) => ({ address, port, advertised }));

const signallingListener = block(
  { transport: choice('tcp', 'tls'), address: ipAddress, port: z.optional(whole(0, 65_535, 1720)), advertised },
  '{ transport: tcp, address: 127.0.0.1, port: 1720 }',
).transform(({ transport, address, port, advertised }) => ({
  transport,
  address,
  port: port ?? SIGNALLING_PORTS[transport],
  advertised,
}));

const gatekeeperId = text('a name of 1 to 128 characters', 'portvakt', /^[^\p{C}]{1,128}$/u);

const alternate = block(
  { gatekeeperId, ras: addressAndPort('192.0.2.2:1719'), priority: whole(0, 127, 1).default(0) },
  '{ gatekeeperId: portvakt-2, ras: 192.0.2.2:1719 }',
).transform(({ gatekeeperId, ras, priority }) => ({ gatekeeperId, ras: { host: ras.host, port: ras.port ?? RAS_PORT }, priority }));

const limits = block({
  messagesPerSecondPerSource: whole(1, 1_000_000, 2000).default(2000),
  burst: whole(1, 1_000_000, 4000).default(4000),
  connectionsPerSource: whole(1, 1_000_000, 200).default(200),
  connections: whole(1, 1_000_000, 20_000).default(20_000),
  // A TPKT can be no longer than 65,535 (RFC 1006 §6).
  messageBytes: whole(1_300, 65_535, 65_535).default(65_535),
  callsPerConnection: whole(1, 100_000, 500).default(500),
  idleSeconds: whole(10, DAY, 300).default(300),
  halfOpenSeconds: whole(1, 300, 5).default(5),
});

const timers = block({
  setupMs: whole(100, 60_000, 4_000).default(4_000),
  establishmentSeconds: whole(1, 600, 30).default(30),
  alertingSeconds: whole(1, 3_600, 180).default(180),
  huntMs: whole(50, 32_000, 400).default(400),
  connectMs: whole(50, 32_000, 400).default(400),
  keepAliveSeconds: whole(0, 3_600, 60).default(0),
});

export const h323 = block({
  enabled: flag(false).default(true),
  gatekeeperId: gatekeeperId.default('portvakt'),
  ras: list(rasListener, 'a list of where to listen', '[{ address: 127.0.0.1, port: 1719 }]')
    .transform((all) => all.filter((one) => one !== null))
    .default([{ address: '127.0.0.1', port: RAS_PORT, advertised: undefined }]),
  discovery: block({
    multicast: flag(true).default(false),
    port: whole(1, 65_535, DISCOVERY_PORT).default(DISCOVERY_PORT),
  }).prefault({}),
  signalling: list(signallingListener, 'a list of where to listen', '[{ transport: tcp, address: 127.0.0.1, port: 1720 }]')
    .transform((all) => all.filter((one) => one !== null))
    .default([{ transport: 'tcp', address: '127.0.0.1', port: SIGNALLING_PORTS.tcp, advertised: undefined }]),
  alternates: list(alternate, 'a list of gatekeepers', '[{ gatekeeperId: portvakt-2, ras: 192.0.2.2:1719 }]')
    .transform((all) => all.filter((one) => one !== null))
    .default([]),
  timeToLiveSeconds: block({
    min: whole(10, DAY, 30).default(30),
    default: whole(10, DAY, 300).default(300),
    max: whole(10, DAY, 3_600).default(3_600),
  }).prefault({}),
  graceSeconds: whole(1, 3_600, 30).default(30),
  irq: block({ attempts: whole(1, 10, 3).default(3), intervalMs: whole(100, 60_000, 3_000).default(3_000) }).prefault({}),
  limits: limits.prefault({}),
  timers: timers.prefault({}),
  h245: block({
    mode: choice('route', 'pass').default('route'),
    ports: z.optional(block({ from: whole(1, 65_535, 30_000), to: whole(1, 65_535, 30_999) }, '{ from: 30000, to: 30999 }')),
  })
    .transform(({ mode, ports }) => ({ mode, ports }))
    .prefault({}),
  lrq: block({
    timeoutMs: whole(50, 32_000, 400).default(400),
    cacheSeconds: whole(0, 3_600, 30).default(30),
    retries: whole(0, 10, 1).default(1),
  }).prefault({}),
  password: block({ windowSeconds: whole(1, 3_600, 60).default(60) }).prefault({}),
});
