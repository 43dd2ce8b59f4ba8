import { expect } from 'vitest';
import { systemClock } from '../../../../src/clock.js';
import { readService, type SipConfig } from '../../../../src/config/service-config.js';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../../src/gatekeeper/calls/calls.js';
import { buildPlan } from '../../../../src/gatekeeper/plan/build-plan.js';
import { type EdgeObserver, SipEdge } from '../../../../src/gatekeeper/sip/edge.js';
import type { MeetingDoor, MeetingPlace } from '../../../../src/gatekeeper/sip/meeting-door.js';
import type { StoreStatus } from '../../../../src/gatekeeper/sip/store-status.js';
import { meetingsFlow } from '../../../../src/gatekeeper/sip/transport/flow-id.js';
import { memoryFlows } from '../../../../src/gatekeeper/sip/transport/memory-flow.js';
import type { MemberAddresses, MemberId } from '../../../../src/state/member-store.js';
import { RedisStore } from '../../../../src/state/redis.js';
import { type Issued, makeCertificateAuthority } from '../../../support/certificates.js';
import { planText, type TestPlan, testPlan } from '../../../support/plan.js';
import { RedisServer } from '../../../support/redis.js';
import { type Behaviour, type ClientOptions, SipClient, type Transport } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';

export interface InstanceOptions {
  readonly transports?: readonly Transport[];
  /** What it tells the others, in place of the truth. */
  readonly announce?: (addresses: Pick<MemberAddresses, 'sip' | 'flows'>) => Pick<MemberAddresses, 'sip' | 'flows'>;
  readonly plan?: TestPlan;
  readonly sessions?: Partial<SipConfig['sessions']>;
  /** What it believes of the store, in place of the truth. */
  readonly storeStatus?: () => StoreStatus;
  readonly meetings?: TestMeetings;
}

/** A meeting service that is no more than a user agent, and knows of meetings what the test says. */
export class TestMeetings {
  /** Where the meeting is, by how often it was looked for; undefined: nobody knows it. */
  place: (meeting: string, finds: number) => MeetingPlace | undefined = () => undefined;
  /** Whose a meeting is that is held here. */
  readonly organisations = new Map<string, string>();
  finds = 0;
  #agent: SipClient | undefined;

  get agent(): SipClient {
    if (!this.#agent) throw new Error('not open yet');
    return this.#agent;
  }

  /** The door, and what is to be done once the edge is open. */
  async open(self: MemberId): Promise<{ door: MeetingDoor; connect: (edge: SipEdge) => void }> {
    const [edgeEnd, ownEnd] = memoryFlows({ ids: [meetingsFlow(self), `${meetingsFlow(self)}own`] });
    this.#agent = await SipClient.open({ transport: 'tls', flow: ownEnd, user: '4690012345', domain: 'mote.example' });
    const door: MeetingDoor = {
      flow: edgeEnd,
      find: async (meeting) => {
        this.finds += 1;
        return this.place(meeting, this.finds) ?? { refusal: 'meetingUnknown' };
      },
      organisationOf: (meeting) => this.organisations.get(meeting),
    };
    const connect = (edge: SipEdge) => {
      edgeEnd.onMessage = (message, flow) => edge.receive(message, flow);
    };
    return { door, connect };
  }
}

/** SIP edges that share a real Redis, each with a certificate of its own that no other trusts. */
export class SipCluster {
  readonly redis: RedisServer;
  readonly #instances: Instance[] = [];
  readonly #clients: SipClient[] = [];

  static async start(): Promise<SipCluster> {
    return new SipCluster(await RedisServer.start());
  }

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  /** Settles when every instance knows of every other one. */
  async join(name: string, options: InstanceOptions = {}): Promise<Instance> {
    const instance = await Instance.start(name, this.redis, options);
    this.#instances.push(instance);
    const living = () => this.#instances.filter(({ alive }) => alive);
    await until(
      () => living().every(({ store }) => store.members.others().filter(({ sip }) => sip.length > 0).length === living().length - 1),
      () => 'every instance to know of the others',
    );
    return instance;
  }

  async client(instance: Instance, user: string, transport: Transport, options: ClientOptions = {}): Promise<SipClient> {
    const domain = user.startsWith('46102') ? 'syd.example' : 'norr.example';
    const tls = { ca: instance.authority };
    const client = await SipClient.open({ transport, port: instance.port(transport), user, domain, tls, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client that has registered, and that every instance knows of. `headers`: of its REGISTER. */
  async phone(
    instance: Instance,
    user: string,
    transport: Transport,
    behaviour?: Behaviour,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<SipClient> {
    const phone = await this.client(instance, user, transport);
    phone.behaviour = behaviour;
    await this.register(phone, headers);
    return phone;
  }

  async register(phone: SipClient, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const contact = headers.Contact ?? `<${phone.contact}>`;
    expect((await phone.register({ headers: { ...headers, Contact: contact } })).status).toBe(200);
    const uri = /<([^>]*)>/.exec(contact)?.[1];
    await until(
      () =>
        this.#instances
          .filter(({ alive }) => alive)
          .every(({ store }) => store.registrations.index.find(phone.user)?.bindings.some((binding) => binding.contact === uri)),
      () => `every instance to know that ${phone.user} is at ${uri}`,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    for (const instance of this.#instances.splice(0)) await instance.stop();
    await this.redis.remove();
  }
}

/** One instance. */
export class Instance {
  readonly name: string;
  readonly edge: SipEdge;
  readonly store: RedisStore;
  /** PEM: what its clients trust. */
  readonly authority: string;
  readonly records: CallRecord[];
  readonly faults: unknown[];
  alive = true;

  static async start(name: string, redis: RedisServer, options: InstanceOptions): Promise<Instance> {
    const clock = systemClock;
    const store = await RedisStore.open({
      clock,
      instance: name,
      connection: redis.connection,
      keyPrefix: 'cluster',
      nonceLifetimeSeconds: 300,
      beatMs: 50,
    });
    const listen = (options.transports ?? ['udp', 'tcp', 'tls']).map(
      (transport) => `{ transport: ${transport}, address: 127.0.0.1, port: 0 }`,
    );
    const text = `instance: ${name}\nplan: plan.yaml\nsip: { realm: test.example, listen: [${listen.join(', ')}] }\n`;
    const { service, findings } = readService('portvakt.yaml', text);
    const { plan } = buildPlan({ file: 'plan.yaml', text: planText(options.plan ?? testPlan()) });
    if (!service || !plan) throw new Error(JSON.stringify(findings));
    const authority = await makeCertificateAuthority(`${name}'s own`);
    const issued: Issued = await authority.issue({ dns: ['test.example'], addresses: ['127.0.0.1'] });
    const records: CallRecord[] = [];
    const faults: unknown[] = [];
    const calls = new CallLedger({
      store,
      plan: () => plan,
      clock,
      instance: name,
      records: { begun: () => undefined, answered: () => undefined, ended: () => undefined, recordedElsewhere: () => undefined },
      observers: [{ recorded: (record) => void records.push(record) }],
    });
    const meetings = await options.meetings?.open(store.members.self);
    const edge = await SipEdge.open({
      meetings: meetings?.door,
      settings: { ...service.sip, sessions: { ...service.sip.sessions, ...options.sessions } },
      tls: { certificate: issued.certificate, key: issued.key },
      plan: () => plan,
      store,
      storeStatus: options.storeStatus ?? (() => store.status),
      calls,
      clock,
      observer: observer(faults),
    });
    meetings?.connect(edge);
    store.calls.onTaken((taken) => {
      const call = calls.resume(taken);
      if (taken.dialog === undefined || !edge.resume(call, taken.dialog)) call.end('instanceLost');
    });
    store.calls.onOver((id) => edge.over(id));
    store.calls.onLost((id, recorded) => calls.lost(id, recorded));
    const addresses = edge.memberAddresses;
    store.members.announce({ ...(options.announce?.(addresses) ?? addresses), ras: [], gatekeeperId: undefined });
    return new Instance(name, edge, store, authority.certificate, records, faults);
  }

  private constructor(name: string, edge: SipEdge, store: RedisStore, authority: string, records: CallRecord[], faults: unknown[]) {
    this.name = name;
    this.edge = edge;
    this.store = store;
    this.authority = authority;
    this.records = records;
    this.faults = faults;
  }

  port(transport: Transport): number {
    return this.edge.listeners.find((listener) => listener.transport === transport)?.port ?? 0;
  }

  recordOf(callId: string): Promise<CallRecord> {
    return until(
      () => this.records.find(({ signallingId }) => signallingId === callId),
      () => `the record of ${callId} at ${this.name}; there are ${JSON.stringify(this.records)}`,
    );
  }

  /** Takes its sockets and its place among the instances away. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.alive = false;
    await this.edge.close();
    await this.store.close();
  }
}

function observer(faults: unknown[]): EdgeObserver {
  const nothing = () => undefined;
  return {
    refused: nothing,
    forwarded: nothing,
    fault: (error) => void faults.push(error),
    received: nothing,
    malformed: nothing,
    dropped: nothing,
    peerChanged: nothing,
    registered: nothing,
    unlocated: nothing,
  };
}
