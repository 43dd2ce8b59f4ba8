import { stringify } from 'yaml';

/** The password of every hosted endpoint in test plans. */
export const password = 'password-of-the-tests';

export interface TestPeer {
  readonly port: number;
  readonly host?: string;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  readonly priority?: number;
  readonly weight?: number;
}

export interface TestZone {
  kind: 'hosted' | 'sip-trunk' | 'h323-neighbour' | 'h323-gateway';
  encryption?: 'required' | 'preferred';
  signalling?: 'secure' | 'any';
  accounts?: { sharedPassword?: string; users?: Record<string, string> };
  sources?: { addresses?: string[]; certificateNames?: string[] };
  peers?: TestPeer[];
  ping?: { intervalSeconds?: number; missesUntilDown?: number; answersUntilUp?: number };
  bandwidth?: { call?: number; total?: number };
  unregistered?: boolean;
  search?: 'parallel' | 'in-order';
  hopCount?: number;
}

export interface TestOrganisation {
  name: string;
  contact: { role: string; address: string };
  licences: { registrations: number; calls: number };
  series: { prefix: number; digits: number }[];
  domains: string[];
  zones: Record<string, TestZone>;
}

export interface TestPlan {
  network: { prefix: number };
  licences: { registrations: number; calls: number };
  meetings: { prefix: number; digits: number; domain: string };
  internet?: { inbound?: boolean; outbound?: boolean; encryption?: 'required' | 'preferred'; signalling?: 'secure' | 'any' };
  transforms: { regex: string; replace: string }[];
  organisations: { norr: TestOrganisation; syd: TestOrganisation; [id: string]: TestOrganisation };
}

function hosted(id: string, prefix: number): TestOrganisation {
  return {
    name: id,
    contact: { role: 'Video service desk', address: `video@${id}.example` },
    licences: { registrations: 100, calls: 100 },
    series: [{ prefix, digits: 4 }],
    domains: [`${id}.example`],
    zones: { [id]: { kind: 'hosted', signalling: 'any', accounts: { sharedPassword: password } } },
  };
}

/** The shipped plan in short: norr (46101, norr.example) and syd (46102, syd.example), hosted, keys in clear signalling allowed. */
export function testPlan(change: (plan: TestPlan) => void = () => undefined): TestPlan {
  const plan: TestPlan = {
    network: { prefix: 46 },
    licences: { registrations: 100, calls: 100 },
    meetings: { prefix: 46900, digits: 5, domain: 'mote.example' },
    transforms: [{ regex: '0([1-9][0-9]{6,})', replace: '46$1' }],
    organisations: { norr: hosted('norr', 46101), syd: hosted('syd', 46102) },
  };
  change(plan);
  return plan;
}

/** An organisation `trunk` (46301, trunk.example) behind these peers on loopback. Pings are off unless asked for. */
export function trunk(peers: readonly TestPeer[], zone: Partial<TestZone> = {}): TestOrganisation {
  return {
    name: 'Trunk',
    contact: { role: 'Network operations', address: 'noc@trunk.example' },
    licences: { registrations: 0, calls: 100 },
    series: [{ prefix: 46301, digits: 4 }],
    domains: ['trunk.example'],
    zones: {
      trunk: {
        kind: 'sip-trunk',
        signalling: 'any',
        peers: peers.map((peer) => ({ host: '127.0.0.1', transport: 'udp', ...peer })),
        ping: { intervalSeconds: 0 },
        ...zone,
      },
    },
  };
}

/** An organisation `vik` (46201, vik.example) with a gateway that registers here as user `gw-vik`. */
export function gateway(zone: Partial<TestZone> = {}): TestOrganisation {
  return {
    ...hosted('vik', 46201),
    zones: { vik: { kind: 'h323-gateway', accounts: { users: { 'gw-vik': password } }, ...zone } },
  };
}

/** An organisation `ost` (46401, ost.example) behind these gatekeepers, which are asked by LRQ. */
export function neighbour(peers: readonly TestPeer[], zone: Partial<TestZone> = {}): TestOrganisation {
  return {
    ...hosted('ost', 46401),
    zones: { ost: { kind: 'h323-neighbour', peers: peers.map((peer) => ({ host: '127.0.0.2', ...peer })), ...zone } },
  };
}

export function planText(plan: TestPlan): string {
  return stringify(plan);
}
