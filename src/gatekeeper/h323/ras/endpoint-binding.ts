import { formatSocketAddress } from '../../net/address.js';
import { prefixOfKey } from '../../plan/normalise.js';
import type { Binding, Registration } from '../../registry/registration.js';
import { aliasAddressOf } from '../alias-address.js';
import type { Endpoint, Proof, ProofMethod } from './endpoint.js';
import type { EndpointState } from './endpoint-json.js';
import type { SocketAddress } from './transport-address.js';

/** What a binding in the registry, which every instance has, says of the endpoint: enough to call it, and to know it again. */
export type Reached = Pick<Endpoint, 'signalAddress' | 'tlsAddress' | 'source' | 'proof' | 'tokenTime'>;

/** Where the endpoint is reached by RAS stands in the endpoint itself, where one instance has them all. */
export const OWN_FLOW = 'udp ras';
const SCHEME = 'h323:';
const TLS = ';tls=';
const CONTACT = /^h323:([^;]+)(?:;tls=([^;]+))?$/;
const SOURCE = /^udp ras (\S+)(?: (h235\.1|md5|cat) ([0-9]+) (.+))?$/;
const SOCKET = /^(\[[^\]]+\]|[0-9.]+):([0-9]{1,5})$/;

/** `h323:192.0.2.5:1720`, and where it takes TLS `h323:192.0.2.5:1720;tls=192.0.2.5:1300`. */
export function contactOf({ signalAddress, tlsAddress }: Pick<Reached, 'signalAddress' | 'tlsAddress'>): string {
  const contact = SCHEME + formatSocketAddress(signalAddress);
  return tlsAddress ? contact + TLS + formatSocketAddress(tlsAddress) : contact;
}

/** `udp ras 192.0.2.5:1719`, of one that proved a password `udp ras 192.0.2.5:1719 h235.1 1768478400 461010001`: how, by a token of when, and as whom. */
export function flowOf({ source, proof, tokenTime }: Pick<Reached, 'source' | 'proof' | 'tokenTime'>): string {
  const flow = `${OWN_FLOW} ${formatSocketAddress(source)}`;
  return proof ? `${flow} ${proof.method} ${tokenTime} ${proof.user}` : flow;
}

/** The IP addresses that a binding names: where its calls go, and where its RRQ came from. */
export function hostsOf({ contact, flow }: Binding): readonly string[] {
  const called = hostAt(contact, SCHEME.length, contact.indexOf(TLS));
  const source = flow.length > OWN_FLOW.length ? hostAt(flow, OWN_FLOW.length + 1, flow.indexOf(' ', OWN_FLOW.length + 1)) : called;
  return called === source ? [called] : [called, source];
}

/**
 * The endpoint that an alias leads to, as far as its binding tells: with that alias alone. Undefined: the contact cannot be read. Where the
 * rest cannot, it is an endpoint that nobody is taken for.
 */
export function boundEndpoint(registration: Registration, binding: Binding, graceSeconds: number): EndpointState | undefined {
  const { alias, zone, organisation } = registration;
  const [, called = '', secure] = CONTACT.exec(binding.contact) ?? [];
  const signalAddress = socketIn(called);
  const tlsAddress = secure === undefined ? undefined : socketIn(secure);
  if (!signalAddress || (secure !== undefined && !tlsAddress)) return undefined;
  const [, from = '', method, time, user] = SOURCE.exec(binding.flow) ?? [];
  const source = socketIn(from);
  const prefix = prefixOfKey(alias);
  return {
    id: binding.instance,
    zone,
    organisation,
    kind: prefix === undefined ? 'terminal' : 'gateway',
    aliases: prefix === undefined ? [alias] : [],
    written: prefix === undefined ? [aliasAddressOf(alias)] : [],
    prefixes: prefix === undefined ? [] : [prefix],
    rasAddress: source ?? signalAddress,
    signalAddress,
    tlsAddress,
    source: source ?? signalAddress,
    proof: source ? proofOf(user, method) : NOBODY,
    tokenTime: Number(time ?? 0),
    timeToLive: 0,
    expiresAt: binding.expiresAt - graceSeconds * 1000,
    almostOutOfResources: false,
    supportsAltGk: false,
    vendor: '',
  };
}

/** The same endpoint by several of its aliases. */
export function together(one: EndpointState, other: EndpointState): EndpointState {
  return {
    ...one,
    kind: one.kind === 'gateway' ? one.kind : other.kind,
    aliases: [...one.aliases, ...other.aliases],
    written: [...one.written, ...other.written],
    prefixes: [...one.prefixes, ...other.prefixes],
  };
}

/** No user of any plan has this name. */
const NOBODY: Proof = Object.freeze({ user: '', method: 'h235.1' });

function proofOf(user: string | undefined, method: string | undefined): Proof | undefined {
  return user !== undefined && isMethod(method) ? { user, method } : undefined;
}

function isMethod(method: string | undefined): method is ProofMethod {
  return method === 'h235.1' || method === 'md5' || method === 'cat';
}

function socketIn(text: string): SocketAddress | undefined {
  const [, host = '', port = ''] = SOCKET.exec(text) ?? [];
  return host === '' ? undefined : { address: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(port) };
}

/** The host of `host:port` that begins at `from` and ends before `to`; below 0: with the text. */
function hostAt(text: string, from: number, to: number): string {
  const colon = text.lastIndexOf(':', to < 0 ? text.length : to - 1);
  return text.charCodeAt(from) === BRACKET ? text.slice(from + 1, colon - 1) : text.slice(from, colon);
}

const BRACKET = 0x5b;
