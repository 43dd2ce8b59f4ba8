import { isIP } from 'node:net';
import { z } from 'zod';
import { block, flag, leaf, list, secret, text, whole } from './schema.js';

/* The shape of the block `bridge` of config/portvakt.yaml, with every default. */

const ipAddress = leaf({ what: 'an IP address', example: '127.0.0.1' }, (written) => {
  const bare = written.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
});
const path = text('the path of a file', 'tls/meetings.pem', /^[^\0]{1,1000}$/);

const mediaAddress = block({ address: ipAddress, advertised: z.optional(ipAddress) }, '{ address: 127.0.0.1 }').transform(
  ({ address, advertised }) => ({ address, advertised }),
);

/** The page's files and its WebSocket are at the root: an address with a path would lead nowhere. */
const webUrl = leaf({ what: 'a web address without a path', example: 'https://mote.portvakt.example' }, (written) => {
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) return undefined;
  const { origin, pathname, search, hash, username } = new URL(written);
  return search + hash + username === '' && pathname === '/' ? origin : undefined;
});

/** RFC 7064 and RFC 7065. */
const iceUrl = leaf({ what: 'a STUN or TURN address', example: 'stun:stun.portvakt.example:3478' }, (written) =>
  /^(?:stuns?|turns?):(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?$/i.test(written) ? written : undefined,
);

const iceServer = block(
  { urls: iceUrl, username: z.optional(text('a user name', 'portvakt')), credential: z.optional(secret('a password', /^.{1,500}$/u)) },
  '{ urls: stun:stun.portvakt.example:3478 }',
).transform(({ urls, username, credential }) => ({
  urls,
  ...(username !== undefined && { username }),
  ...(credential !== undefined && { credential }),
}));

const media = block({
  addresses: list(mediaAddress, 'a list of addresses', '[{ address: 127.0.0.1 }]')
    .transform((all) => all.filter((one) => one !== null))
    .default([{ address: '127.0.0.1', advertised: undefined }]),
  ports: block({ from: whole(0, 65_535, 40_000), to: whole(0, 65_535, 49_999) }, '{ from: 40000, to: 49999 }').default({
    from: 40_000,
    to: 49_999,
  }),
  workers: whole(0, 64, 0).default(0),
  maxLegsPerPart: whole(2, 10_000, 200).default(200),
  maxLegsPerNode: whole(2, 100_000, 500).default(500),
  linkPort: whole(0, 65_535, 8082).default(0),
});

const web = block({
  address: ipAddress.default('127.0.0.1'),
  port: whole(0, 65_535, 8081).default(8081),
  certificate: z.optional(path),
  key: z.optional(path),
  plain: z.optional(flag(true)),
  trustProxy: flag(true).default(false),
  url: z.optional(webUrl),
  iceServers: list(iceServer, 'a list of STUN and TURN servers', "[{ urls: 'stun:stun.portvakt.example:3478' }]")
    .transform((all) => all.filter((one) => one !== null))
    .default([]),
}).transform(({ address, port, certificate, key, plain, trustProxy, url, iceServers }) => ({
  address,
  port,
  certificate,
  key,
  plain,
  trustProxy,
  url,
  iceServers,
}));

const limits = block({
  connections: whole(1, 1_000_000, 5000).default(5000),
  connectionsPerSource: whole(1, 1_000_000, 200).default(200),
  messagesPerSecond: whole(1, 10_000, 50).default(50),
  messageBytes: whole(4096, 1_048_576, 65_536).default(65_536),
});

export const bridge = block({
  enabled: flag(false).default(true),
  media: media.prefault({}),
  web: web.prefault({}),
  limits: limits.prefault({}),
});
