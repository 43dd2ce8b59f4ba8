import { Counter, Gauge, Registry } from 'prom-client';
import type { Call, CallRecord } from '../gatekeeper/calls/call.js';
import type { CallObserver } from '../gatekeeper/calls/calls.js';
import { metricOf } from '../gatekeeper/calls/reasons.js';
import type { LicenceUse } from './licence-use.js';
import { MeetingMetrics } from './meeting-metrics.js';
import { watchRuntime } from './runtime-metrics.js';
import { Spread, TallyFamily } from './tallies.js';

/** What gauges show, read at scrape. A part that is not running is left out. */
export interface MetricSources {
  readonly activeCalls?: () => number;
  readonly licences?: () => Iterable<LicenceUse>;
  readonly peers?: () => Iterable<{ readonly zone: string; readonly peer: string; readonly up: boolean }>;
  /** Messages since the start, as they crossed a socket. */
  readonly messages?: () => Iterable<{ readonly transport: string; readonly direction: 'in' | 'out'; readonly count: number }>;
  /** Open TCP and TLS connections, by who opened them. */
  readonly connections?: () => Iterable<{ readonly direction: 'in' | 'out'; readonly open: number }>;
  /** Registered H.323 endpoints, and open call-signalling connections by who opened them. */
  readonly h323?: () => { readonly endpoints: number; readonly in: number; readonly out: number };
  readonly transactions?: () => { readonly client: number; readonly server: number };
  readonly records?: () => { readonly pending: number; readonly written: number; readonly lost: number; readonly degraded: boolean };
  readonly plan?: () => { readonly revision: string };
  /** Whether the shared store answers. Left out: state is kept in memory. */
  readonly stateUp?: () => boolean;
  /** Instances that share the state, this one among them. Left out: state is kept in memory. */
  readonly instances?: () => number;
}

const METHODS = new Set('INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE'.split(' '));
const NO_ORGANISATION = 'none';

/**
 * Every number of the service, under `portvakt_…`. Labels come from bounded sets only: organisations and zones of the plan, transports,
 * methods, statuses and our own reasons; never an alias, an address or a call.
 */
export class Metrics implements CallObserver {
  readonly #registry = new Registry();
  readonly #stop: () => void;
  #sources: MetricSources = {};

  readonly #tallies = (name: string, help: string, ...labels: string[]) => new TallyFamily(this.#registry, { name, help, labels });

  /** transport, reason: `rate`, `size`, `syntax`, `connections`, `stray`, `send`, … */
  readonly sipDrops = this.#tallies('portvakt_sip_drops_total', 'SIP messages or connections dropped, by reason', 'transport', 'reason');
  readonly #sipRequests = this.#tallies('portvakt_sip_requests_total', 'SIP requests received, retransmissions left out', 'method');
  /** zone (`none`: not known), reason: refusals that no call record speaks of */
  readonly sipRefusals = this.#tallies('portvakt_sip_refusals_total', 'SIP requests refused before a call began', 'zone', 'reason');
  /** Seconds from the arrival of a message to its sending on. */
  readonly sipDelay = new Spread(this.#registry, {
    name: 'portvakt_sip_added_delay_seconds',
    help: 'What the gatekeeper itself adds to the delay of a message it passes on',
    bounds: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  });
  /** organisation, outcome: `registered`, `removed`, `query`, `challenged`, or a refusal's metric name */
  readonly registrations = this.#tallies(
    'portvakt_registration_attempts_total',
    'REGISTER and RRQ requests by outcome',
    'organisation',
    'outcome',
  );
  /** what: `ras`, `signalling`, `any`; reason: `rate`, `syntax`, `connections`, … */
  readonly h323Drops = this.#tallies('portvakt_h323_drops_total', 'H.323 messages or connections dropped, by reason', 'what', 'reason');
  /** request: `registrationRequest`, …: the names of H.225.0 */
  readonly rasRequests = this.#tallies('portvakt_ras_messages_total', 'RAS messages received, repetitions left out', 'message');
  /** result: `confirmed`, `rejected`, `inProgress`; reason: of H.225.0, with a rejection */
  readonly rasAnswers = this.#tallies('portvakt_ras_answers_total', 'RAS requests answered', 'message', 'result', 'reason');
  /** outcome: `found`, `rejected`, `silent`, `cached` */
  readonly locations = this.#tallies(
    'portvakt_h323_locations_total',
    'Questions to neighbour gatekeepers (LRQ), by outcome',
    'zone',
    'outcome',
  );
  readonly h225Messages = this.#tallies('portvakt_h323_messages_total', 'Call signalling messages received', 'message');
  /** reason: Setups that no call record speaks of are among them */
  readonly h323Refusals = this.#tallies('portvakt_h323_refusals_total', 'Setups refused before a call began', 'reason');
  /** Seconds from the arrival of a Setup to its sending on, LRQ included. */
  readonly h323Delay = new Spread(this.#registry, {
    name: 'portvakt_h323_added_delay_seconds',
    help: 'What the gatekeeper itself adds to the delay of a Setup that it passes on',
    bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  });
  readonly #attempts = this.#tallies('portvakt_call_attempts_total', 'Calls begun', 'organisation', 'protocol');
  readonly #ended = this.#tallies('portvakt_calls_ended_total', 'Calls ended or refused, by reason', 'organisation', 'protocol', 'reason');
  /** direction: `in`, from an instance that was lost or stopped; `out`, to another one. */
  readonly #moved = this.#tallies('portvakt_calls_moved_total', 'Calls that went over between instances', 'direction');
  readonly #received = this.#tallies('portvakt_calls_received_total', 'Answered calls by called organisation', 'organisation', 'protocol');
  readonly #talked = this.#tallies('portvakt_call_talk_seconds_total', 'Seconds between answer and end', 'organisation', 'direction');
  readonly #unencrypted = this.#tallies(
    'portvakt_calls_unencrypted_total',
    'Answered calls without encryption: zones exempt by the plan',
    'zone',
  );
  readonly #setup = new Spread(this.#registry, {
    name: 'portvakt_call_setup_seconds',
    help: 'From the first request to the answer',
    bounds: [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 180],
  });
  readonly #duration = new Spread(this.#registry, {
    name: 'portvakt_call_duration_seconds',
    help: 'From the answer to the end',
    bounds: [10, 30, 60, 300, 600, 1200, 1800, 2700, 3600, 5400, 7200, 14400, 28800],
  });
  /** state: `up` or `down`; how often peers changed to it. */
  readonly peerChanges = this.#tallies('portvakt_peer_changes_total', 'Trunk peers going up or down', 'zone', 'state');
  /** Seconds until the shared store has answered a command. */
  readonly stateCommands = new Spread(this.#registry, {
    name: 'portvakt_state_commands_seconds',
    help: 'Commands to the shared store, until they were answered',
    bounds: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
  });
  /** Seconds until a change made by another instance shows here. */
  readonly stateStaleness = new Spread(this.#registry, {
    name: 'portvakt_state_staleness_seconds',
    help: 'From a change of a registration at another instance until it shows here, by the clocks of both',
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  });
  /** result: `applied`, `refused` */
  readonly planReloads = this.#tallies('portvakt_plan_reloads_total', 'Attempts to read the address plan again', 'result');

  /** Of the meeting service. */
  readonly meetings = new MeetingMetrics(this.#registry);

  constructor(version: string) {
    this.#stop = watchRuntime(this.#registry);
    this.#gauge('portvakt_build_info', 'Always 1: the version is in the labels', ['version', 'node'], (gauge) => {
      gauge.set({ version, node: process.version }, 1);
    });
    this.#gauges();
  }

  /** Where gauges get their values from now on. May be called again: given sources replace those of the same name. */
  observe(sources: MetricSources): void {
    this.#sources = { ...this.#sources, ...sources };
  }

  /** In Prometheus' text format. */
  async scrape(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** `method` as the network wrote it; unknown ones are counted together. */
  sipRequest(method: string): void {
    this.#sipRequests.of(METHODS.has(method) ? method : 'other').add();
  }

  began({ attempt: { caller } }: Call): void {
    this.#attempts.of(caller.organisation ?? NO_ORGANISATION, caller.protocol).add();
  }

  answered(_call: Call, setupMs: number): void {
    this.#setup.add(setupMs / 1000);
  }

  /** It came over from another instance, and is carried on here or ended for its record. */
  resumed(): void {
    this.#moved.of('in').add();
  }

  left(): void {
    this.#moved.of('out').add();
  }

  /** Not at `ended`: a call that another instance took over meanwhile would be counted by both. */
  recorded(record: CallRecord): void {
    const { caller, callee } = record;
    this.#ended.of(caller.organisation ?? NO_ORGANISATION, caller.protocol, metricOf(record.reason)).add();
    if (record.answer === null) return;
    this.#duration.add(record.durationSeconds);
    this.#talked.of(caller.organisation ?? NO_ORGANISATION, 'out').add(record.durationSeconds);
    if (callee) {
      this.#received.of(callee.organisation ?? NO_ORGANISATION, callee.protocol).add();
      this.#talked.of(callee.organisation ?? NO_ORGANISATION, 'in').add(record.durationSeconds);
    }
    if (record.cipher === 'none') {
      this.#unencrypted.of(caller.zone).add();
      if (callee && callee.zone !== caller.zone) this.#unencrypted.of(callee.zone).add();
    }
  }

  close(): void {
    this.#stop();
    this.#sources = {};
    this.#registry.clear();
  }

  #gauge(name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  }

  #counter(name: string, help: string, value: () => number | undefined): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(value() ?? 0);
      },
    });
  }

  #gauges(): void {
    const single = (name: string, help: string, value: () => number | undefined) =>
      this.#gauge(name, help, [], (gauge) => gauge.set(value() ?? 0));
    single('portvakt_calls_active', 'Calls begun and not ended in this instance', () => this.#sources.activeCalls?.());
    single(
      'portvakt_call_records_pending',
      'Call records that wait for the disk, or for the shared state to say whose they are',
      () => this.#sources.records?.().pending,
    );
    this.#counter('portvakt_call_records_written_total', 'Call records written', () => this.#sources.records?.().written);
    this.#counter('portvakt_call_records_lost_total', 'Call records given up', () => this.#sources.records?.().lost);
    single('portvakt_call_records_degraded', '1 while call records cannot be written', () =>
      Number(this.#sources.records?.().degraded ?? false),
    );

    this.#gauge('portvakt_state_up', '1 while the shared store answers; absent when state is kept in memory', [], (gauge) => {
      const { stateUp } = this.#sources;
      if (stateUp) gauge.set(Number(stateUp()));
    });
    this.#gauge(
      'portvakt_instances',
      'Instances that share the state, this one among them; absent where it is kept in memory',
      [],
      (gauge) => {
        const { instances } = this.#sources;
        if (instances) gauge.set(instances());
      },
    );

    const licences = (name: string, help: string, pick: (use: LicenceUse) => number, service: boolean) =>
      this.#gauge(name, help, service ? ['licence'] : ['organisation', 'licence'], (gauge) => {
        for (const use of this.#sources.licences?.() ?? []) {
          const { organisation, licence } = use;
          const value = pick(use);
          if (service !== (organisation === undefined) || !Number.isFinite(value)) continue;
          gauge.set(organisation === undefined ? { licence } : { organisation, licence }, value);
        }
      });
    licences('portvakt_licences_used', 'Licences in use by an organisation', (use) => use.used, false);
    licences('portvakt_licences_limit', 'Licences an organisation has', (use) => use.limit, false);
    licences('portvakt_service_licences_used', 'Licences in use in the whole service', (use) => use.used, true);
    licences('portvakt_service_licences_limit', 'Licences of the whole service', (use) => use.limit, true);

    this.#gauge('portvakt_peer_up', '1 while the trunk peer answers', ['zone', 'peer'], (gauge) => {
      for (const { zone, peer, up } of this.#sources.peers?.() ?? []) gauge.set({ zone, peer }, Number(up));
    });
    this.#gauge('portvakt_sip_connections', 'Open TCP and TLS connections, by who opened them', ['direction'], (gauge) => {
      for (const { direction, open } of this.#sources.connections?.() ?? []) gauge.set({ direction }, open);
    });
    const messages = () => this.#sources.messages?.() ?? [];
    new Counter({
      name: 'portvakt_sip_messages_total',
      help: 'SIP messages, as they crossed a socket',
      labelNames: ['transport', 'direction'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const { transport, direction, count } of messages()) this.inc({ transport, direction }, count);
      },
    });
    this.#gauge('portvakt_sip_transactions', 'SIP transactions that live now', ['side'], (gauge) => {
      for (const [side, open] of Object.entries(this.#sources.transactions?.() ?? {})) gauge.set({ side }, open);
    });
    this.#gauge('portvakt_h323_endpoints', 'H.323 endpoints registered now', [], (gauge) => {
      const h323 = this.#sources.h323?.();
      if (h323) gauge.set(h323.endpoints);
    });
    this.#gauge('portvakt_h323_connections', 'Open call-signalling connections, by who opened them', ['direction'], (gauge) => {
      const h323 = this.#sources.h323?.();
      if (!h323) return;
      gauge.set({ direction: 'in' }, h323.in);
      gauge.set({ direction: 'out' }, h323.out);
    });
    this.#gauge('portvakt_plan_info', 'Always 1: the revision of the address plan in force is in the label', ['revision'], (gauge) => {
      const plan = this.#sources.plan?.();
      if (plan) gauge.set({ revision: plan.revision }, 1);
    });
  }
}
