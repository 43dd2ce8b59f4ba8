import type { Clock } from '../../clock.js';
import { canonicalAddress } from '../net/address.js';
import { isPublicTarget } from '../net/public-address.js';
import type { SipTransport } from '../plan/plan.js';
import { CachedDns } from './locate/cache.js';
import type { DnsAnswer, DnsResolver, SrvRecord } from './locate/dns.js';
import { NodeDns } from './locate/node-dns.js';
import { defaultPort, LocateError, type LocateUri, namedTransport, naptrServices, plainTransport, srvName } from './locate/services.js';
import { srvOrder } from './locate/srv-order.js';
import type { Target } from './transport/flow.js';

export { LocateError, type LocateUri } from './locate/services.js';

/** Whoever runs a domain could list a thousand servers: a caller does not wait for so many. */
const MAX_TARGETS = 16;
const MAX_SERVICES = 4;
const DEFAULT_TIME_LIMIT_MS = 2000;

export interface LocateOptions {
  readonly clock: Clock;
  /** What is switched on here, the most liked first: decides where DNS says nothing (RFC 3263 §4.1). */
  readonly transports: readonly SipTransport[];
  /** The address families we can send by, the most liked first. */
  readonly families: readonly (4 | 6)[];
  /** [0, 1), for SRV weights. */
  readonly random: () => number;
  /** The URI comes from the address plan: private addresses are what it means. Else only public ones are targets. */
  readonly allowPrivate: boolean;
  /** Whether we listen there ourselves: then it is no target. */
  readonly isOwn?: (address: string, port: number) => boolean;
  /** For the whole search. */
  readonly timeLimitMs?: number;
}

/** A host still to be looked up. */
interface Hop {
  readonly transport: SipTransport;
  readonly host: string;
  readonly port: number;
}

/**
 * Where a SIP URI leads (RFC 3263 §4): addresses in the order in which they are to be tried, at most 16. Pure but for `dns`.
 * Rejects with a LocateError whose message says why the URI leads nowhere.
 */
export async function locate(uri: LocateUri, dns: DnsResolver, options: LocateOptions): Promise<readonly Target[]> {
  const limit = options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS;
  return new Promise((resolve, reject) => {
    const timer = options.clock.after(limit, () =>
      reject(new LocateError('dns', `DNS did not say within ${limit} ms where ${uri.host} is`)),
    );
    new Search(uri, dns, options)
      .targets()
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

class Search {
  readonly #uri: LocateUri;
  readonly #dns: DnsResolver;
  readonly #options: LocateOptions;
  readonly #host: string;
  /** A DNS server's failure: the reason given if nothing was found elsewhere. */
  #failure: unknown;

  constructor(uri: LocateUri, dns: DnsResolver, options: LocateOptions) {
    this.#uri = uri;
    this.#dns = dns;
    this.#options = options;
    // RFC 3263 §4: the target is the maddr parameter where there is one.
    const maddr = uri.params.get('maddr');
    const host = typeof maddr === 'string' ? maddr.replace(/^\[(.*)\]$/, '$1') : uri.host;
    this.#host = host.toLowerCase().replace(/\.$/, '');
  }

  async targets(): Promise<Target[]> {
    const uri = this.#uri;
    const { transports } = this.#options;
    const named = namedTransport(uri, transports);
    const address = canonicalAddress(this.#host);
    if (address !== undefined) {
      const transport = named ?? plainTransport(transports);
      return this.#allowed([{ transport, address, port: uri.port ?? defaultPort(transport) }]);
    }
    if (!isDomainName(this.#host))
      throw new LocateError('nowhere', `${this.#host.slice(0, 80)} is neither a domain name nor an IP address`);
    const hops = await this.#hops(named);
    const found = this.#allowed(await this.#resolve(hops));
    if (found.length > 0) return found;
    if (this.#failure !== undefined) throw new LocateError('dns', `DNS could not say where ${this.#host} is: ${reason(this.#failure)}`);
    throw new LocateError('nowhere', `DNS knows no SIP server for ${this.#host}`);
  }

  /** RFC 3263 §4.1 and §4.2: which hosts, by which transport, on which port. */
  async #hops(named: SipTransport | undefined): Promise<Hop[]> {
    const host = this.#host;
    const { transports } = this.#options;
    if (this.#uri.port !== undefined) {
      const transport = named ?? plainTransport(transports);
      return [{ transport, host, port: this.#uri.port }];
    }
    let services = named ? [{ transport: named, name: srvName(named, host) }] : await this.#naptr();
    if (services.length === 0) services = transports.map((transport) => ({ transport, name: srvName(transport, host) }));
    const found = await Promise.all(services.map(async ({ transport, name }) => ({ transport, records: await this.#srv(name) })));
    const hops: Hop[] = [];
    let refused = false;
    for (const { transport, records } of found) {
      for (const { target, port } of records) {
        // RFC 2782: `.` says that the service is decidedly not here.
        if (target === '' || target === '.') refused = true;
        else if (port > 0 && isDomainName(target.replace(/\.$/, ''))) hops.push({ transport, host: target.replace(/\.$/, ''), port });
      }
    }
    if (hops.length > 0 || refused) return hops.slice(0, MAX_TARGETS);
    const transport = named ?? plainTransport(transports);
    return [{ transport, host, port: defaultPort(transport) }];
  }

  async #naptr() {
    const { records } = await this.#try(this.#dns.naptr(this.#host));
    return naptrServices(records, this.#options.transports).slice(0, MAX_SERVICES);
  }

  async #srv(name: string): Promise<SrvRecord[]> {
    const { records } = await this.#try(this.#dns.srv(name));
    return srvOrder(records.slice(0, MAX_TARGETS * 4), this.#options.random).slice(0, MAX_TARGETS);
  }

  async #resolve(hops: readonly Hop[]): Promise<Target[]> {
    const { families } = this.#options;
    const found = await Promise.all(
      hops.map(async (hop) => {
        const answers = await Promise.all(
          families.map((family) => this.#try(family === 4 ? this.#dns.a(hop.host) : this.#dns.aaaa(hop.host))),
        );
        return answers.flatMap(({ records }) => records).map((address) => ({ transport: hop.transport, address, port: hop.port }));
      }),
    );
    const targets = new Map<string, Target>();
    for (const { transport, address, port } of found.flat()) {
      const canonical = canonicalAddress(address);
      if (canonical === undefined) continue;
      // The certificate must be for the domain that was called, not for what DNS led to, which nobody has signed (RFC 5922 §4).
      const target = { transport, address: canonical, port, ...(transport === 'tls' ? { serverName: this.#host } : {}) };
      const key = `${transport}|${canonical}|${port}`;
      if (!targets.has(key)) targets.set(key, target);
    }
    return [...targets.values()];
  }

  /** Takes away what may not be called; throws if that was all there was. */
  #allowed(targets: readonly Target[]): Target[] {
    const { allowPrivate, isOwn } = this.#options;
    const allowed = targets.filter(({ address, port }) => (allowPrivate || isPublicTarget(address)) && !isOwn?.(address, port));
    if (allowed.length === 0 && targets.length > 0) {
      const [first] = targets;
      throw new LocateError('forbidden', `${this.#host} leads to ${first?.address}, which is private or our own, and not to the Internet`);
    }
    return allowed.slice(0, MAX_TARGETS);
  }

  /** A server's failure counts as an empty answer as long as another query leads somewhere. */
  async #try<R>(query: Promise<DnsAnswer<R>>): Promise<DnsAnswer<R>> {
    try {
      return await query;
    } catch (failure) {
      this.#failure = failure;
      return { records: [] };
    }
  }
}

/** Letters, digits, hyphens and underscores in labels (RFC 1123 §2.1, RFC 2782): what is worth a DNS query. */
function isDomainName(host: string): boolean {
  return host.length <= 253 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(host);
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code ?? (error instanceof Error ? error.message : String(error));
}

export interface LocatorOptions extends Pick<LocateOptions, 'clock' | 'isOwn' | 'timeLimitMs'> {
  readonly transports: readonly SipTransport[];
  readonly families: readonly (4 | 6)[];
  /** DNS servers, as `node:dns` wants them. Absent or empty: the system's. */
  readonly servers?: readonly string[] | undefined;
  readonly random?: () => number;
  /** Tests and closed networks: the Internet zone may call private addresses too. Never our own. */
  readonly allowPrivate?: boolean;
}

export interface Locator {
  /** `trusted`: the URI is named by the plan, or by an endpoint that registered, so private addresses are fine. Rejects with a LocateError. */
  locate(uri: LocateUri, trusted: boolean): Promise<readonly Target[]>;
  close(): void;
}

/** `locate` over the system's or the given DNS servers, with a cache. */
export function createLocator(options: LocatorOptions): Locator {
  const dns = new NodeDns(options.servers ? { servers: options.servers } : {});
  const cached = new CachedDns(dns, { clock: options.clock });
  const shared = {
    clock: options.clock,
    transports: options.transports,
    families: options.families,
    random: options.random ?? Math.random,
    ...(options.timeLimitMs === undefined ? {} : { timeLimitMs: options.timeLimitMs }),
  };
  const { isOwn } = options;
  // Where private addresses are let through, our own listeners still are not: a call to ourselves would come back, and again.
  const guarded = { ...shared, allowPrivate: options.allowPrivate ?? false, ...(isOwn ? { isOwn } : {}) };
  const trusting = { ...shared, allowPrivate: true, ...(isOwn ? { isOwn } : {}) };
  return {
    locate: (uri, trusted) => locate(uri, cached, trusted ? trusting : guarded),
    close: () => dns.close(),
  };
}
