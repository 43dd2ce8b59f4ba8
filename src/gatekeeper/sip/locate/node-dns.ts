import { NODATA, NOTFOUND } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { DnsAnswer, DnsResolver } from './dns.js';

/** One try of one server; the whole search has its own limit in `locate`. */
const TIMEOUT_MS = 700;
const TRIES = 2;

export interface NodeDnsOptions {
  /** `192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:5353`. Absent or empty: the system's. */
  readonly servers?: readonly string[];
}

/** DNS by node:dns. */
export class NodeDns implements DnsResolver {
  readonly #resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });

  /** Throws if a server's address cannot be read. */
  constructor(options: NodeDnsOptions = {}) {
    if (options.servers && options.servers.length > 0) this.#resolver.setServers(options.servers);
  }

  naptr(name: string) {
    return answer(this.#resolver.resolveNaptr(name));
  }

  async srv(name: string) {
    const { records } = await answer(this.#resolver.resolveSrv(name));
    return { records: records.map(({ priority, weight, port, name: target }) => ({ priority, weight, port, target })) };
  }

  async a(name: string) {
    return addresses(await answer(this.#resolver.resolve4(name, { ttl: true })));
  }

  async aaaa(name: string) {
    return addresses(await answer(this.#resolver.resolve6(name, { ttl: true })));
  }

  /** Whoever still waits is refused. */
  close(): void {
    this.#resolver.cancel();
  }
}

async function answer<R>(query: Promise<R[]>): Promise<DnsAnswer<R>> {
  try {
    return { records: await query };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === NOTFOUND || code === NODATA) return { records: [] };
    throw error;
  }
}

function addresses({ records }: DnsAnswer<{ address: string; ttl: number }>): DnsAnswer<string> {
  const [first] = records;
  if (!first) return { records: [] };
  const ttlSeconds = records.reduce((least, { ttl }) => Math.min(least, ttl), first.ttl);
  return { records: records.map(({ address }) => address), ttlSeconds };
}
