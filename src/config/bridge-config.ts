import { isLoopback } from '../gatekeeper/plan/source-address.js';

/** The meeting service: what carries sound and pictures, and what browsers come in by. */
export interface BridgeConfig {
  /** False: nothing of it is opened, and calls to meetings are refused. */
  readonly enabled: boolean;
  readonly media: BridgeMediaConfig;
  readonly web: BridgeWebConfig;
  readonly limits: BridgeLimits;
}

export interface BridgeMediaConfig {
  /** Where RTP is received; at least one. The first of each address family is the one that room systems are told. */
  readonly addresses: readonly BridgeMediaAddress[];
  /** UDP ports, both included. Both 0: any free ones. */
  readonly ports: { readonly from: number; readonly to: number };
  /** mediasoup workers; 0: one a core. */
  readonly workers: number;
  /** A meeting with more legs is spread over several workers. */
  readonly maxLegsPerPart: number;
  /** More are placed on another node. */
  readonly maxLegsPerNode: number;
  /** TCP, where the other nodes link up for parts of meetings; 0: any free one. Opened only where state is shared. */
  readonly linkPort: number;
}

export interface BridgeMediaAddress {
  /** An IP literal, without brackets. */
  readonly address: string;
  /** What others are told instead: an IP literal, for who reaches us behind NAT. Always there where `address` is 0.0.0.0 or `::`. */
  readonly advertised: string | undefined;
}

export interface BridgeWebConfig {
  /** An IP literal. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Paths of PEM files, both or neither. Neither: the certificate of `sip.tls`, or, without one, the one that the service makes for loopback. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** HTTP without TLS: on loopback only, or behind a proxy on this machine that speaks TLS. Browsers give cameras to pages from localhost too. */
  readonly plain: boolean;
  /** The proxy on this machine is believed who a page comes from: the last entry of its X-Forwarded-For. */
  readonly trustProxy: boolean;
  /** As participants reach it, without a path; links to meetings begin with it. Absent: made of address and port. */
  readonly url: string | undefined;
  /** Told to browsers: STUN and TURN servers. */
  readonly iceServers: readonly IceServer[];
}

/** As RTCPeerConnection takes it. */
export interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** What browsers may do. */
export interface BridgeLimits {
  /** WebSockets, from all sources together. */
  readonly connections: number;
  /** As many seats in meetings, those too whose page may still come back. */
  readonly connectionsPerSource: number;
  /** On one WebSocket, and four seconds' worth at once. What is more is read later; who never waits for answers is cut off. */
  readonly messagesPerSecond: number;
  /** Longest message. */
  readonly messageBytes: number;
}

/** As the file has it. */
export interface BridgeShape extends Omit<BridgeConfig, 'web'> {
  readonly web: Omit<BridgeWebConfig, 'plain'> & { readonly plain: boolean | undefined };
}

/** Says what is wrong: where, what, and what to write instead. */
type Tell = (path: readonly (string | number)[], message: string, hint: string) => void;

/** Without a word on it: on loopback, where no certificate is written, and browsers would believe none that the service makes. */
function isPlain({ plain, certificate, address }: BridgeShape['web']): boolean {
  return plain ?? (certificate === undefined && isLoopback(address));
}

/**
 * What the keys mean together. Pure.
 * @param complete nothing was left out because of its shape, so that a list without entries is empty in the file, too
 * @param sharedCertificate whether `sip.tls` has a certificate, which is used where the pages have none of their own
 */
export function checkBridge(config: BridgeShape, complete: boolean, sharedCertificate: boolean, error: Tell): void {
  if (!config.enabled) return;
  const { media, web, limits } = config;
  const { addresses, ports } = media;
  if (complete && addresses.length === 0) {
    const hint = "write at least one, for example '- { address: 127.0.0.1 }', or 'enabled: false'";
    error(['bridge', 'media', 'addresses'], 'no sound and no pictures would be received anywhere', hint);
  }
  for (const [index, { address, advertised }] of addresses.entries()) {
    const told = advertised ?? address;
    if (isAny(told)) {
      const hint = "write 'advertised:' with the address that they reach this machine at, or that address alone";
      error(['bridge', 'media', 'addresses', index], `participants are told an address to send to, and ${told} is none`, hint);
    }
    const earlier = addresses.findIndex((other) => other.address === address);
    if (earlier < index)
      error(['bridge', 'media', 'addresses', index], `entry ${earlier + 1} is this address already`, 'keep one of the two');
  }
  if (ports.from > ports.to) {
    const { from, to } = ports;
    error(['bridge', 'media', 'ports', 'from'], `the first port (${from}) comes after the last (${to})`, `write at most ${to}`);
  } else if (ports.to > 0 && ports.from < firstPort) {
    const hint = `write at least ${firstPort}, or 0 for both: any free ones`;
    error(['bridge', 'media', 'ports', 'from'], `ports below ${firstPort} are kept for services with a name`, hint);
  } else if (ports.to > 0 && ports.to - ports.from + 1 < minPorts) {
    const hint = `write at least ${minPorts}: one to six for each room system`;
    error(['bridge', 'media', 'ports'], `there are ${ports.to - ports.from + 1} ports, which is too few for a meeting`, hint);
  }
  if (media.maxLegsPerPart > media.maxLegsPerNode) {
    error(
      ['bridge', 'media', 'maxLegsPerPart'],
      `one worker may have more legs of a meeting (${media.maxLegsPerPart}) than the whole node (${media.maxLegsPerNode})`,
      `write at most ${media.maxLegsPerNode}`,
    );
  }
  if (limits.connectionsPerSource > limits.connections) {
    error(
      ['bridge', 'limits', 'connectionsPerSource'],
      `one source may have more connections (${limits.connectionsPerSource}) than all together (${limits.connections})`,
      `write at most ${limits.connections}`,
    );
  }
  checkWeb(web, sharedCertificate, error);
}

function checkWeb(web: BridgeShape['web'], sharedCertificate: boolean, error: Tell): void {
  const { address, certificate, key, trustProxy, url, iceServers } = web;
  if ((certificate === undefined) !== (key === undefined)) {
    const [there, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    error(['bridge', 'web', there], `there is a ${there} but no ${missing}`, `write '${missing}: FILE.pem' besides, or take both away`);
  } else if (web.plain === true && certificate !== undefined) {
    error(['bridge', 'web', 'plain'], 'there is a certificate, and pages without TLS', 'keep one of the two');
  }
  const open = !isLoopback(address);
  if (open && isPlain(web)) {
    const hint = "write 'plain: false' with certificate and key, or 'address: 127.0.0.1' behind a proxy that speaks TLS";
    error(['bridge', 'web', 'plain'], `browsers give no camera to pages without TLS, and these are on ${address}`, hint);
  } else if (open && certificate === undefined && key === undefined && !sharedCertificate) {
    const hint = "write certificate and key below bridge.web, or below sip.tls, or 'address: 127.0.0.1'";
    error(['bridge', 'web', 'address'], `browsers believe no certificate that the service makes, and the pages are on ${address}`, hint);
  }
  if (trustProxy && !(isPlain(web) && !open)) {
    const hint = "write 'plain: true' and 'address: 127.0.0.1', and let the proxy speak TLS; or take trustProxy away";
    error(['bridge', 'web', 'trustProxy'], 'anybody can say who he is to pages that are reached without a proxy on this machine', hint);
  }
  if (url === undefined && (trustProxy || isAny(address))) {
    const why = trustProxy
      ? 'only the proxy knows where participants reach the pages'
      : `nobody can go to ${address}, and links would begin so`;
    error(['bridge', 'web', trustProxy ? 'trustProxy' : 'address'], why, "write 'url: https://NAME' besides");
  }
  if (url?.startsWith('http:') && !/^http:\/\/(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$)/.test(url)) {
    error(
      ['bridge', 'web', 'url'],
      `browsers give no camera to pages without TLS, as ${url} is one`,
      'write an address that begins with https',
    );
  }
  for (const [index, { urls, username, credential }] of iceServers.entries()) {
    const path = ['bridge', 'web', 'iceServers', index];
    const turn = urls.toLowerCase().startsWith('turn');
    if (turn && (username === undefined || credential === undefined))
      error(path, 'browsers use no TURN server without a user name and a credential', 'write username and credential besides');
    else if ((username === undefined) !== (credential === undefined))
      error(path, 'there is one of username and credential, not both', 'write both, or neither');
  }
}

/** `checkBridge` found nothing wrong. `at` makes a path absolute. */
export function bridgeConfig(shape: BridgeShape, at: (path: string | undefined) => string | undefined): BridgeConfig {
  const { web } = shape;
  return { ...shape, web: { ...web, certificate: at(web.certificate), key: at(web.key), plain: isPlain(web) } };
}

/** RFC 6335 §6: what is below are system ports. */
const firstPort = 1024;
/** A room system takes one to six. */
const minPorts = 100;

/** 0.0.0.0 and `::` in any writing. */
function isAny(address: string): boolean {
  return /^[0:.]+$/.test(address);
}
