import { isIP } from 'node:net';
import { z } from 'zod';
import { block, flag, leaf, list, secret, text } from './schema.js';

/* The shape of `state` in config/portvakt.yaml: where what instances share is kept. */

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

const server = (usualPort: number) =>
  leaf({ what: 'a host name or address, with a port or without', example: `redis-1.portvakt.example:${usualPort}` }, (written) =>
    address(written, usualPort),
  );

function address(written: string, usualPort: number) {
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?))(?::([0-9]{1,5}))?$/i.exec(written) ?? [];
  const host = v6 !== undefined && isIP(v6) === 6 ? v6 : name;
  const number = Number(port ?? usualPort);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

// Secret: who writes a password into it in spite of that does not find it in a log.
const url = leaf(
  { what: 'redis://host:port/database, or rediss:// with TLS; user and password have keys of their own', example: '', secret: true },
  (written) => {
    const [, scheme, at, database] = /^(rediss?):\/\/([^/@]+)(?:\/([0-9]{1,4})?)?$/.exec(written) ?? [];
    const found = address(at ?? '', REDIS_PORT);
    return found && { ...found, db: Number(database ?? 0), tls: scheme === 'rediss' };
  },
);

const servers = (usualPort: number) =>
  list(server(usualPort), 'a list of hosts', '[redis-1.portvakt.example, redis-2.portvakt.example]').transform((all) =>
    all.filter((one) => one !== null),
  );

const redis = block(
  {
    url: z.optional(url),
    sentinels: z.optional(servers(SENTINEL_PORT)),
    name: z.optional(text("the name of Sentinel's master", 'portvakt', /^[^\s\0]{1,100}$/)),
    cluster: z.optional(servers(REDIS_PORT)),
    username: z.optional(text('a user name without spaces', 'portvakt', /^\S{1,100}$/)),
    password: z.optional(secret('a password of 1 to 500 characters', /^.{1,500}$/u)),
    tls: flag(true).default(false),
    ca: z.optional(text('the path of a PEM file', 'redis-ca.pem', /^[^\0]{1,1000}$/)),
    keyPrefix: text('letters, digits, dots and hyphens', 'portvakt', /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/).default('portvakt'),
  },
  "{ url: 'redis://127.0.0.1:6379' }",
).transform(({ url, sentinels, name, cluster, username, password, tls, ca, keyPrefix }) => ({
  ...{ url, sentinels, name, cluster, username, password, ca, keyPrefix },
  tls: tls || url?.tls === true,
}));

const memory = leaf({ what: "memory, or 'redis' with its servers below", example: 'memory' }, (written) =>
  written === 'memory' ? ('memory' as const) : undefined,
);

/** A word stands for memory; a block says where Redis is. */
export const state = z.preprocess(
  (written) => (typeof written === 'string' ? { memory: written } : written),
  block({ memory: z.optional(memory), redis: z.optional(redis) }, "{ redis: { url: 'redis://127.0.0.1:6379' } }").transform(({ redis }) =>
    redis === undefined ? ('memory' as const) : { redis },
  ),
);
