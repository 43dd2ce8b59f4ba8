import { VirtualClock } from '../../../src/clock.js';
import type { HostedZone, NumberSeries, Organisation, Plan, PlanZone } from '../../../src/gatekeeper/plan/plan.js';
import { SeriesTrie } from '../../../src/gatekeeper/plan/series-trie.js';
import { Transforms } from '../../../src/gatekeeper/plan/transforms.js';
import { Authenticator } from '../../../src/gatekeeper/sip/authenticator.js';
import { type DigestAlgorithm, digestResponse } from '../../../src/gatekeeper/sip/digest.js';
import { parseChallenge } from '../../../src/gatekeeper/sip/message/auth-header.js';
import type { SipRequest, SipResponse } from '../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../src/gatekeeper/sip/message/parse.js';
import { Nonces } from '../../../src/gatekeeper/sip/nonces.js';
import { type RegisterOutcome, Registrar, type RegistrarSettings } from '../../../src/gatekeeper/sip/registrar.js';
import type { Flow } from '../../../src/gatekeeper/sip/transport/flow.js';
import { MemoryStore } from '../../../src/state/memory.js';

export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
export const REALM = 'portvakt.example';
const UNLIMITED = { callKbps: undefined, totalKbps: undefined };

export const PASSWORD = 'portvakt-demo';

interface OrganisationShape {
  readonly id: string;
  readonly prefix: string;
  readonly domains: readonly string[];
  readonly kind?: 'hosted' | 'sip-trunk';
  readonly registrations?: number;
  readonly addresses?: readonly string[];
  readonly certificateNames?: readonly string[];
  readonly users?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** A plan made by hand: small, and without the reading of YAML. */
export function planOf(shapes: readonly OrganisationShape[]): Plan {
  const zones = new Map<string, PlanZone>();
  const organisations = new Map<string, Organisation>();
  const domains = new Map();
  const series: NumberSeries[] = [];
  for (const shape of shapes) {
    const organisation: Growing<Organisation> = {
      id: shape.id,
      name: shape.id,
      contact: { role: 'drift', address: `drift@${shape.id}.example` },
      licences: { registrations: shape.registrations ?? 1000, calls: 100 },
      zones: [],
      series: [],
      domains: shape.domains,
      transforms: new Transforms([]),
    };
    const base = {
      id: `${shape.id}-zone`,
      organisation,
      encryption: 'required' as const,
      signalling: 'any' as const,
      sources: { addresses: shape.addresses ?? [], certificateNames: shape.certificateNames ?? [] },
    };
    const users = new Map(Object.entries(shape.users ?? {}).map(([user, password]) => [user, { user, password }]));
    const sharedPassword = shape.shared === false ? undefined : PASSWORD;
    const peer = { id: `${shape.id}/peer`, host: '192.0.2.71', port: 5071, transport: 'udp' as const, priority: 10, weight: 1 };
    const zone: PlanZone =
      shape.kind === 'sip-trunk'
        ? { ...base, kind: 'sip-trunk', peers: [peer], ping: { intervalSeconds: 0, missesUntilDown: 2, answersUntilUp: 1 } }
        : ({
            ...base,
            kind: 'hosted',
            accounts: { sharedPassword, users },
            bandwidth: UNLIMITED,
            unregistered: false,
          } satisfies HostedZone);
    const numbers: NumberSeries = { prefix: shape.prefix, digits: 4, organisation, zone, meeting: false };
    organisation.zones = [zone];
    organisation.series = [numbers];
    series.push(numbers);
    zones.set(zone.id, zone);
    organisations.set(shape.id, organisation);
    for (const domain of shape.domains) domains.set(domain, { domain, organisation, zone, meeting: false });
  }
  return {
    revision: 'test',
    networkPrefix: '46',
    organisations,
    zones,
    series: SeriesTrie.build(series),
    domains,
    meetings: { prefix: '46900', digits: 5, domain: 'mote.portvakt.example', permanent: new Map(), names: new Map() },
    transforms: new Transforms([]),
    internet: undefined,
    licences: { registrations: 5000, calls: 500 },
  };
}

export const demoPlan = planOf([
  { id: 'norr', prefix: '46101', domains: ['norr.example'], users: { 'nils@norr.example': 'hemligt-åäö', '461019999': 'own-password' } },
  { id: 'syd', prefix: '46102', domains: ['syd.example'] },
  { id: 'vard', prefix: '46301', domains: ['vard.example'], kind: 'sip-trunk' },
]);

export class TestFlow implements Flow {
  readonly id: string;
  readonly reliable: boolean;
  readonly local = { address: '192.0.2.1', port: 5060 };
  readonly remote: { address: string; port: number };
  readonly certificateNames: readonly string[] = [];
  readonly sent: string[] = [];
  closed = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly transport: 'udp' | 'tcp' | 'tls' = 'udp',
    address = '198.51.100.7',
    port = 5060,
  ) {
    this.id = `${transport}:${address}:${port}`;
    this.reliable = transport !== 'udp';
    this.remote = { address, port };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  send(message: string): boolean {
    this.sent.push(message);
    return true;
  }

  onClose(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    for (const listener of this.#listeners) listener();
  }
}

export interface RegisterShape {
  readonly method?: string;
  readonly uri?: string;
  readonly to?: string;
  readonly from?: string;
  readonly contacts?: readonly string[];
  readonly headers?: readonly string[];
  readonly callId?: string;
  readonly cseq?: number;
  readonly vias?: readonly string[];
}

/** A request as it comes from the network. Default: 461010001 binds one contact, without credentials. */
export function register(shape: RegisterShape = {}): SipRequest {
  const method = shape.method ?? 'REGISTER';
  const to = shape.to ?? 'sip:461010001@norr.example';
  const lines = [
    `${method} ${shape.uri ?? 'sip:norr.example'} SIP/2.0`,
    ...(shape.vias ?? ['SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1']).map((via) => `Via: ${via}`),
    `From: <${shape.from ?? to}>;tag=1`,
    `To: <${to}>`,
    `Call-ID: ${shape.callId ?? 'call-1@198.51.100.7'}`,
    `CSeq: ${shape.cseq ?? 1} ${method}`,
    'Max-Forwards: 70',
    ...(shape.contacts ?? ['<sip:461010001@198.51.100.7:5060>']).map((contact) => `Contact: ${contact}`),
    ...(shape.headers ?? []),
    'Content-Length: 0',
  ];
  const result = parseMessage(`${lines.join('\r\n')}\r\n\r\n`);
  if (!result.ok || !('uri' in result.message)) throw new Error('The test wrote a request that does not parse');
  return result.message;
}

export interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly nc?: string;
  readonly uri?: string;
  readonly nonce?: string;
}

/** Adds the credentials that answer the challenge in `response`. */
export function answerChallenge(request: SipRequest, response: SipResponse, login: Login = {}): SipRequest {
  const proxy = response.status === 407;
  const wanted = login.algorithm ?? 'SHA-256';
  const base = wanted.replace('-sess', '');
  const challenges = response.getAll(proxy ? 'proxy-authenticate' : 'www-authenticate').map((line) => parseChallenge(line));
  const challenge = challenges.find((one) => one?.params.get('algorithm') === base);
  const nonce = login.nonce ?? challenge?.params.get('nonce');
  if (nonce === undefined) throw new Error(`No challenge for ${base} in ${response.toString()}`);
  const input = {
    algorithm: wanted,
    username: login.username ?? '461010001',
    realm: challenge?.params.get('realm') ?? REALM,
    nonce,
    uri: login.uri ?? request.uri,
    cnonce: 'c0ffee',
    nc: login.nc ?? '00000001',
  };
  const digest = digestResponse(input, request.method, login.password ?? PASSWORD);
  const copy = request.clone();
  copy.set(
    proxy ? 'proxy-authorization' : 'authorization',
    `Digest username="${input.username}", realm="${input.realm}", nonce="${nonce}", uri="${input.uri}", response="${digest}", ` +
      `algorithm=${wanted}, cnonce="${input.cnonce}", qop=auth, nc=${input.nc}`,
  );
  return copy;
}

export interface Desk {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly outcomes: RegisterOutcome[];
  plan: Plan;
  /** The whole exchange: challenge, then credentials. */
  log(request: SipRequest, login?: Login, flow?: Flow): Promise<SipResponse>;
}

export function desk(options: { plan?: Plan; settings?: Partial<RegistrarSettings> } = {}): Desk {
  const clock = new VirtualClock(NOW);
  const store = new MemoryStore({ clock });
  const outcomes: RegisterOutcome[] = [];
  const authenticator = new Authenticator({ plan: () => made.plan, nonces: new Nonces(store.nonces), realm: REALM, clock });
  const registrar = new Registrar({
    store,
    plan: () => made.plan,
    authenticator,
    here: { is: (host) => host === '192.0.2.1' },
    clock,
    settings: { minExpires: 60, maxExpires: 3600, defaultExpires: 600, ...options.settings },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const made: Desk = {
    clock,
    store,
    registrar,
    authenticator,
    outcomes,
    plan: options.plan ?? demoPlan,
    async log(request, login = {}, flow = new TestFlow()) {
      const challenge = await registrar.register(request, flow);
      return challenge.status === 401 ? registrar.register(answerChallenge(request, challenge, login), flow) : challenge;
    },
  };
  return made;
}
