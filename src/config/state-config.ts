/** Where registrations, licences and what else instances must agree on are kept. */
export type StateConfig = 'memory' | { readonly redis: RedisConfig };

export interface RedisConfig {
  readonly servers:
    | { readonly kind: 'single'; readonly host: string; readonly port: number; readonly db: number }
    | { readonly kind: 'sentinel'; readonly sentinels: readonly RedisHost[]; readonly name: string }
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisHost[] };
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
  /** PEM file with the authorities of the servers' certificates. Absent: the system's. */
  readonly ca: string | undefined;
  /** Services with the same prefix on the same Redis share their state. */
  readonly keyPrefix: string;
}

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** As the file has it. */
export type StateShape = 'memory' | { readonly redis: RedisShape };

interface RedisShape extends Omit<RedisConfig, 'servers'> {
  readonly url: (RedisHost & { readonly db: number }) | undefined;
  readonly sentinels: readonly RedisHost[] | undefined;
  readonly name: string | undefined;
  readonly cluster: readonly RedisHost[] | undefined;
}

type Report = (path: readonly (string | number)[], message: string, hint: string) => void;

/** What the shape alone does not say. `complete`: nothing was left out because of its shape. */
export function checkState(state: StateShape, complete: boolean, error: Report): void {
  if (state === 'memory') return;
  const { url, sentinels, name, cluster, tls, ca, username, password } = state.redis;
  const named = [url && 'url', sentinels && 'sentinels', cluster && 'cluster'].filter((key) => key !== undefined);
  const at = (key: string) => ['state', 'redis', key];
  if (complete && named.length === 0) {
    error(['state', 'redis'], 'nothing says where Redis is', "write 'url: redis://127.0.0.1:6379', or sentinels and name, or cluster");
  }
  for (const key of named.slice(1)) error(at(key), `Redis is named by ${named[0]} already`, 'keep one of the two');
  if (complete && sentinels && name === undefined) {
    error(at('sentinels'), 'Sentinel is not told which master it is about', "write 'name: portvakt' besides, as in its 'sentinel monitor'");
  }
  if (name !== undefined && complete && !sentinels)
    error(at('name'), 'a name is for Sentinel alone', 'write sentinels besides, or take it away');
  for (const [key, list] of [
    ['sentinels', sentinels],
    ['cluster', cluster],
  ] as const) {
    if (complete && list?.length === 0) error(at(key), 'the list is empty', 'write at least one host');
  }
  if (ca !== undefined && complete && !tls)
    error(at('ca'), 'there are authorities but no TLS', "write 'tls: true' besides, or take it away");
  if (username !== undefined && complete && password === undefined) {
    error(at('username'), 'there is a user but no password', "write 'password: …' besides, or take it away");
  }
}

/** `checkState` found nothing wrong. `at` makes a path absolute. */
export function stateConfig(state: StateShape, at: (path: string | undefined) => string | undefined): StateConfig {
  if (state === 'memory') return state;
  const { url, sentinels, name, cluster, username, password, tls, ca, keyPrefix } = state.redis;
  const servers: RedisConfig['servers'] | undefined = url
    ? { kind: 'single', host: url.host, port: url.port, db: url.db }
    : sentinels && name !== undefined
      ? { kind: 'sentinel', sentinels, name }
      : cluster && { kind: 'cluster', nodes: cluster };
  return servers ? { redis: { servers, username, password, tls, ca: at(ca), keyPrefix } } : 'memory';
}
