import { dirname, resolve } from 'node:path';
import { type BridgeConfig, type BridgeShape, bridgeConfig, checkBridge } from './bridge-config.js';
import type { Finding } from './finding.js';
import { hasErrors, sortFindings } from './finding.js';
import { checkH323, type H323Config } from './h323-config.js';
import { readShape } from './schema.js';
import { serviceSchema } from './service-schema.js';
import { checkState, type StateConfig, type StateShape, stateConfig } from './state-config.js';
import { readYaml, type YamlSource } from './yaml-source.js';

export type * from './bridge-config.js';
export type * from './h323-config.js';
export type { RedisConfig, StateConfig } from './state-config.js';

/** `config/portvakt.yaml` as the service uses it: every default filled in, every path absolute. */
export interface ServiceConfig {
  /** This process among those that share state: in records, metrics and logs. */
  readonly instance: string;
  /** The address plan's file. */
  readonly plan: string;
  /** What the service writes: records, and the certificate it makes for itself. */
  readonly dataDirectory: string;
  readonly sip: SipConfig;
  readonly h323: H323Config;
  readonly bridge: BridgeConfig;
  readonly http: HttpConfig;
  readonly records: RecordsConfig;
  readonly log: { readonly level: LogLevel };
  /** Where registrations, calls and licences are kept. */
  readonly state: StateConfig;
}

export interface SipConfig {
  readonly listen: readonly SipListener[];
  readonly tls: SipTlsConfig;
  /** The digest realm (RFC 7616 §3.3). Changing it makes every stored digest useless. */
  readonly realm: string;
  /** What passwords may be proved with (RFC 8760), in the order they are offered. */
  readonly digestAlgorithms: readonly ('SHA-256' | 'MD5')[];
  readonly limits: SipLimits;
  readonly timers: SipTimers;
  readonly registrar: RegistrarConfig;
  readonly sessions: SessionsConfig;
  readonly dns: DnsConfig;
}

export interface SipListener {
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** An IP literal, without brackets. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** What stands in Via, Record-Route and Path instead of the address: for who reaches us behind NAT or by name. */
  readonly advertised: { readonly host: string; readonly port: number | undefined } | undefined;
}

/** Files in PEM. Without certificate and key the service makes a certificate of its own, for loopback only. */
export interface SipTlsConfig {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Authorities whose certificates peers may have. Absent: the system's. */
  readonly ca: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What one source address may do, and how many connections there may be in all. What is above is dropped or closed, not answered. */
export interface SipLimits {
  readonly messagesPerSecondPerSource: number;
  /** So many at once above the rate. */
  readonly burst: number;
  readonly connectionsPerSource: number;
  readonly connections: number;
  /** Longest message, headers and body. */
  readonly messageBytes: number;
  /** A connection on which nothing came for so long is closed. Keep-alives count. */
  readonly idleSeconds: number;
  /** A connection must finish its TLS handshake, and a message that was begun, in so long. */
  readonly halfOpenSeconds: number;
}

export interface SipTimers {
  /** RFC 3261 §17.1.1.1. */
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
  /** A peer from which nothing at all came for so long is left for the next route. */
  readonly huntMs: number;
  /** An INVITE that rings so long is cancelled: timer C (RFC 3261 §16.6 step 11; more than 3 minutes there). */
  readonly ringingSeconds: number;
  /** To open a TCP or TLS connection. */
  readonly connectMs: number;
  /** A stop waits so long for calls to end; what is left then is hung up. */
  readonly drainSeconds: number;
}

/** RFC 3261 §10.3. */
export interface RegistrarConfig {
  readonly minExpiresSeconds: number;
  readonly maxExpiresSeconds: number;
  readonly defaultExpiresSeconds: number;
  readonly nonceSeconds: number;
}

export interface SessionsConfig {
  /** A call in which neither end sent anything for so long is probed, or ended where it cannot be. */
  readonly maxSilenceSeconds: number;
  /** Whether to ask both ends with OPTIONS before a silent call is ended. */
  readonly probe: boolean;
}

export interface DnsConfig {
  /** `address` or `address:port`. Empty: the system's. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
  /** Whether the internet zone may be led to loopback, private and link-local addresses. For tests. */
  readonly allowPrivateTargets: boolean;
}

export interface HttpConfig {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Lets those in who are not on loopback, where the API changes anything. Absent: loopback only. */
  readonly operatorToken: string | undefined;
}

export interface RecordsConfig {
  readonly directory: string;
  readonly maxBytes: number;
  readonly keepFiles: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface ReadService {
  /** Absent when any finding is an error. */
  readonly service: ServiceConfig | undefined;
  /** Where the address plan is, as far as the file can be read: the plan can be checked all the same. */
  readonly plan: string | undefined;
  readonly findings: readonly Finding[];
  readonly source: YamlSource;
}

/**
 * Reads the service's configuration. Pure but for the working directory, against which a relative `file` is taken; never throws. Paths in
 * the file are relative to the file's own folder.
 */
export function readService(file: string, text: string): ReadService {
  const source = readYaml(file, text);
  const shaped = readShape(serviceSchema, source);
  const own = shaped.value === undefined ? [] : checkService(shaped.value, shaped.complete, source);
  const findings = sortFindings([...source.findings, ...shaped.findings, ...own]);
  const from = dirname(resolve(file));
  const at = <T extends string | undefined>(path: T) => (path === undefined ? path : resolve(from, path)) as T;
  const plan = at(shaped.value?.plan);
  if (shaped.value === undefined || plan === undefined || hasErrors(findings)) return { service: undefined, plan, findings, source };
  const { sip, records } = shaped.value;
  const dataDirectory = at(shaped.value.dataDirectory);
  const service: ServiceConfig = {
    ...shaped.value,
    plan,
    dataDirectory,
    sip: { ...sip, tls: { ...sip.tls, certificate: at(sip.tls.certificate), key: at(sip.tls.key), ca: at(sip.tls.ca) } },
    records: { ...records, directory: at(records.directory) ?? resolve(dataDirectory, 'records') },
    bridge: bridgeConfig(shaped.value.bridge, at),
    state: stateConfig(shaped.value.state, at),
  };
  return { service, plan, findings, source };
}

/** `complete`: nothing was left out because of its shape, so that a list without entries is empty in the file, too. */
function checkService(config: Shape, complete: boolean, source: YamlSource): Finding[] {
  const findings: Finding[] = [];
  const error = (path: readonly (string | number)[], message: string, hint: string): void => {
    findings.push(source.finding('error', path, message, hint));
  };
  const { registrar, tls, limits, timers, listen, digestAlgorithms } = config.sip;
  const { minExpiresSeconds: min, defaultExpiresSeconds: usual, maxExpiresSeconds: max } = registrar;
  if (min > max) {
    error(
      ['sip', 'registrar', 'minExpiresSeconds'],
      `the shortest registration (${min} s) is longer than the longest (${max} s)`,
      `write at most ${max}, or raise maxExpiresSeconds`,
    );
  } else if (usual < min || usual > max) {
    error(
      ['sip', 'registrar', 'defaultExpiresSeconds'],
      `${usual} s lies outside the shortest (${min} s) and longest (${max} s) registration`,
      `write a number from ${min} to ${max}`,
    );
  }
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    error(['sip', 'tls', there], `there is a ${there} but no ${missing}`, `write '${missing}: FILE.pem' besides, or take both away`);
  }
  if (limits.connectionsPerSource > limits.connections) {
    error(
      ['sip', 'limits', 'connectionsPerSource'],
      `one source may have more connections (${limits.connectionsPerSource}) than all together (${limits.connections})`,
      `write at most ${limits.connections}`,
    );
  }
  if (timers.t2Ms < timers.t1Ms) {
    error(
      ['sip', 'timers', 't2Ms'],
      `the longest time between retransmissions (${timers.t2Ms} ms) is shorter than the first (t1Ms, ${timers.t1Ms} ms)`,
      `write at least ${timers.t1Ms}`,
    );
  }
  if (complete && digestAlgorithms.length === 0) {
    error(['sip', 'digestAlgorithms'], 'without an algorithm nobody can log on', "write '[SHA-256, MD5]', or one of the two");
  }
  for (const [index, algorithm] of digestAlgorithms.entries()) {
    const first = digestAlgorithms.indexOf(algorithm);
    if (first < index) error(['sip', 'digestAlgorithms', index], `entry ${first + 1} is ${algorithm} already`, 'keep one of the two');
  }
  if (complete && listen.length === 0) {
    const hint = "write at least one, for example '- { transport: udp, address: 127.0.0.1, port: 5060 }'";
    error(['sip', 'listen'], 'the service would listen nowhere', hint);
  }
  checkH323(config.h323, complete, error);
  checkBridge(config.bridge, complete, tls.certificate !== undefined, error);
  checkMediaPorts(config, error);
  checkState(config.state, complete, error);
  const seen = new Map<string, Socket>();
  for (const socket of socketsOf(config)) {
    if (socket.port === 0) continue;
    const key = `${socket.kind} ${socket.address} ${socket.port}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, socket);
    else error(socket.path, `${nameOf(earlier, socket)} listens on this address and port already`, 'write another port');
  }
  return findings;
}

/** What the service opens. */
interface Socket {
  /** TCP and TLS are one kind of socket. */
  readonly kind: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly path: readonly (string | number)[];
}

/** Media take every port of their range, one day or another. */
function checkMediaPorts(config: Shape, error: (path: Socket['path'], message: string, hint: string) => void): void {
  const { enabled, media } = config.bridge;
  if (!enabled) return;
  const { from, to } = media.ports;
  for (const { kind, address, port, path } of socketsOf(config)) {
    if (kind !== 'udp' || port === 0 || port < from || port > to) continue;
    const both = media.addresses.some((one) => one.address === address || isWildcard(one.address) || isWildcard(address));
    if (both) error(path, `port ${port} is one of bridge.media.ports, ${from} to ${to}`, 'write a port outside these');
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function* socketsOf({ sip, h323, bridge, http }: Shape): Generator<Socket> {
  for (const [index, { transport, address, port }] of sip.listen.entries()) {
    yield { kind: transport === 'udp' ? 'udp' : 'tcp', address, port, path: ['sip', 'listen', index] };
  }
  if (h323.enabled) {
    for (const [index, { address, port }] of h323.ras.entries()) yield { kind: 'udp', address, port, path: ['h323', 'ras', index] };
    for (const [index, { address, port }] of h323.signalling.entries()) {
      yield { kind: 'tcp', address, port, path: ['h323', 'signalling', index] };
    }
  }
  yield { kind: 'tcp', address: http.address, port: http.port, path: ['http', 'port'] };
  if (!bridge.enabled) return;
  yield { kind: 'tcp', address: bridge.web.address, port: bridge.web.port, path: ['bridge', 'web', 'port'] };
  const [first] = bridge.media.addresses;
  if (first) yield { kind: 'tcp', address: first.address, port: bridge.media.linkPort, path: ['bridge', 'media', 'linkPort'] };
}

/** `entry 1`, or `sip.listen entry 1` where `here` is another list. */
function nameOf({ path }: Socket, here: Socket): string {
  const list = path.slice(0, -1).join('.');
  const entry = path.at(-1);
  if (typeof entry !== 'number') return path.join('.');
  return list === here.path.slice(0, -1).join('.') ? `entry ${entry + 1}` : `${list} entry ${entry + 1}`;
}

type Shape = Omit<ServiceConfig, 'records' | 'state' | 'bridge'> & {
  readonly bridge: BridgeShape;
  readonly state: StateShape;
  readonly records: Omit<RecordsConfig, 'directory'> & { readonly directory: string | undefined };
};
