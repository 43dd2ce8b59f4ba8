/** RFC 3403 §4.1, as RFC 3263 §4.1 uses it. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  /** A domain name without a trailing dot. */
  readonly replacement: string;
}

/** RFC 2782. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** A domain name without a trailing dot; empty or `.`: the service is decidedly not offered here. */
  readonly target: string;
}

export interface DnsAnswer<R> {
  /** Empty: the name, or records of this type, do not exist. */
  readonly records: readonly R[];
  /** Absent where the resolver does not tell it. */
  readonly ttlSeconds?: number;
}

/** What RFC 3263 asks of DNS. Each method rejects when there was no answer to go by (no server, a server's failure), which is not the same as an empty one. */
export interface DnsResolver {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  /** IPv4 literals. */
  a(name: string): Promise<DnsAnswer<string>>;
  /** IPv6 literals. */
  aaaa(name: string): Promise<DnsAnswer<string>>;
}
