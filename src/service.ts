import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Admin, openAdmin, type ReloadResult } from './admin/http.js';
import { Bridge } from './bridge/bridge.js';
import { MeetingOperator } from './bridge/meetings/operator.js';
import { type Clock, systemClock, type Timer } from './clock.js';
import type { Finding } from './config/finding.js';
import { loadPlan } from './config/load.js';
import type { ServiceConfig } from './config/service-config.js';
import { ensureCertificate } from './config/tls-certificate.js';
import { readTlsFiles } from './config/tls-files.js';
import { ensureWritable } from './config/writable-folder.js';
import { CallLedger } from './gatekeeper/calls/calls.js';
import { liveCall, RecentCalls } from './gatekeeper/calls/recent-calls.js';
import { RecordWriter } from './gatekeeper/calls/record-writer.js';
import { H323Edge } from './gatekeeper/h323/edge.js';
import type { TlsOptions } from './gatekeeper/net/tls.js';
import type { Plan } from './gatekeeper/plan/plan.js';
import { SipEdge } from './gatekeeper/sip/edge.js';
import { formatHostPort } from './gatekeeper/sip/message/host.js';
import type { TransportStats } from './gatekeeper/sip/transport/transports.js';
import { BridgeReports } from './monitoring/bridge-reports.js';
import { EdgeReports } from './monitoring/edge-reports.js';
import { H323Reports } from './monitoring/h323-reports.js';
import { licenceUse } from './monitoring/licence-use.js';
import { CallLog, type Logger } from './monitoring/log.js';
import { Metrics } from './monitoring/metrics.js';
import { openStore, stateProblems } from './service/open-store.js';
import { TakeOver } from './service/take-over.js';
import { RedisStore } from './state/redis.js';
import type { StateStore } from './state/store.js';
import { version } from './version.js';

export interface ServiceOptions {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The compiled media thread, where this runs from sources. */
  readonly mediaThread?: URL;
  /** The built meeting page. Default: beside the compiled service. */
  readonly pageDirectory?: string;
}

interface Parts {
  readonly store: StateStore;
  readonly metrics: Metrics;
  readonly records: RecordWriter;
  readonly recent: RecentCalls;
  readonly calls: CallLedger;
  readonly edge: SipEdge;
  /** Absent: `h323.enabled` is false. */
  readonly h323: H323Edge | undefined;
  /** Absent: `bridge.enabled` is false. */
  readonly bridge: Bridge | undefined;
  readonly takeOver: TakeOver;
  /** The plan in force. The parts ask for it each time, so a reload reaches them without being told. */
  readonly current: { plan: Plan };
}

/** The composition root: builds every part from the configuration, starts them in order and stops them in the reverse order. */
export class Service {
  readonly #config: ServiceConfig;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #parts: Parts;
  #admin: Admin | undefined;
  #draining = false;
  #renewal: Timer | undefined;
  #closing: Promise<void> | undefined;
  #reloading: Promise<ReloadResult> | undefined;

  /** Starts everything, or nothing: the Error says what could not be opened and what to do. */
  static async start(options: ServiceOptions): Promise<Service> {
    const { config, logger } = options;
    const clock = options.clock ?? systemClock;
    const opened: { close(): unknown }[] = [];
    const keep = <T extends { close(): unknown }>(part: T): T => {
      opened.unshift(part);
      return part;
    };
    try {
      await ensureWritable(config.dataDirectory, 'The data directory', 'dataDirectory');
      await ensureWritable(config.records.directory, "The records' directory", 'records.directory');
      const tls = await tlsOf(config);
      const metrics = keep(new Metrics(version));
      const store = keep(await openStore(config, clock, metrics, logger));
      const onProblem = (sentence: string) => logger.error(sentence);
      const onRecovered = (sentence: string) => logger.info(sentence);
      const records = keep(
        await RecordWriter.open({
          ...config.records,
          clock,
          onProblem,
          onRecovered,
          settle: (open, ended) => store.calls.settle(open, ended),
        }),
      );
      const recent = new RecentCalls();
      const current = { plan: options.plan };
      const plan = () => current.plan;
      const calls = new CallLedger({
        store,
        plan,
        records,
        clock,
        instance: config.instance,
        observers: [metrics, recent, new CallLog(logger)],
      });
      const observer = new EdgeReports(metrics, logger);
      const storeStatus = () => (store instanceof RedisStore ? store.status : undefined);
      const bridge = config.bridge.enabled
        ? keep(
            await Bridge.open({
              config: config.bridge,
              plan,
              store,
              calls,
              clock,
              observer: new BridgeReports(metrics, logger),
              tls: await webTlsOf(config, tls),
              shared: store instanceof RedisStore,
              version,
              pageDirectory: options.pageDirectory ?? fileURLToPath(new URL('./web', import.meta.url)),
              mediaThread: options.mediaThread,
            }),
          )
        : undefined;
      const meetings = bridge?.door;
      const edge = keep(await SipEdge.open({ settings: config.sip, tls, plan, store, storeStatus, calls, meetings, clock, observer }));
      bridge?.connect((message, flow) => edge.receive(message, flow));
      const h323 = config.h323.enabled
        ? keep(
            await H323Edge.open({
              settings: config.h323,
              tls,
              plan,
              store,
              calls,
              clock,
              observer: new H323Reports(metrics, logger),
              names: [config.sip.realm, 'localhost'],
              allowPrivateTargets: config.sip.dns.allowPrivateTargets,
            }),
          )
        : undefined;
      const takeOver = new TakeOver({ store, calls, sip: edge, h323, bridge, instance: config.instance, logger });
      const service = new Service(config, logger, clock, { store, metrics, records, recent, calls, edge, h323, bridge, takeOver, current });
      await service.#openAdmin();
      service.#renewDaily();
      return service;
    } catch (error) {
      for (const part of opened) await part.close();
      throw error;
    }
  }

  private constructor(config: ServiceConfig, logger: Logger, clock: Clock, parts: Parts) {
    this.#config = config;
    this.#logger = logger;
    this.#clock = clock;
    this.#parts = parts;
    const { metrics, calls, store, current, edge, h323, bridge, records } = parts;
    if (bridge) metrics.meetings.observe(bridge.sources);
    metrics.observe({
      activeCalls: () => calls.active,
      licences: () => licenceUse(current.plan, store),
      peers: () => [...edge.health, ...(h323 ? neighbours(current.plan, h323) : [])].map(peerState),
      transactions: () => edge.transactionCounts,
      messages: () => messageCounts(edge.transportStats),
      connections: () => {
        const { inboundConnections, outboundConnections } = edge.transportStats;
        return [{ direction: 'in', open: inboundConnections } as const, { direction: 'out', open: outboundConnections } as const];
      },
      ...(h323 && {
        h323: () => {
          const { endpoints, signalling } = h323.stats;
          return { endpoints, in: signalling.inboundConnections, out: signalling.outboundConnections };
        },
      }),
      records: () => ({
        pending: records.pending,
        written: records.written,
        lost: records.lost,
        degraded: records.degraded !== undefined,
      }),
      plan: () => current.plan,
      ...(store instanceof RedisStore ? { stateUp: () => store.status.state === 'connected', instances: () => store.instances } : {}),
    });
  }

  /** Where SIP is spoken, as URIs: `sip:127.0.0.1:5060;transport=udp`. */
  get listeners(): string[] {
    return this.#parts.edge.listeners.map(({ transport, address, port }) => `sip:${formatHostPort(address, port)};transport=${transport}`);
  }

  /** Where H.323 is spoken: `ras:127.0.0.1:1719`, `h323:127.0.0.1:1720;transport=tcp`. Empty when it is off. */
  get h323Listeners(): string[] {
    const { h323 } = this.#parts;
    if (!h323) return [];
    return [
      ...h323.rasListeners.map(({ address, port }) => `ras:${formatHostPort(address, port)}`),
      ...h323.signallingListeners.map(({ transport, address, port }) => `h323:${formatHostPort(address, port)};transport=${transport}`),
    ];
  }

  /** Where browsers meet: `https://mote.portvakt.example`. Undefined: without a meeting service. */
  get meetingUrl(): string | undefined {
    return this.#parts.bridge?.url;
  }

  /** Where the pages, the API and the metrics are. */
  get url(): string {
    return this.#admin ? `http://${formatHostPort(this.#admin.address, this.#admin.port)}` : '';
  }

  get plan(): Plan {
    return this.#parts.current.plan;
  }

  /** Calls in progress. */
  get activeCalls(): number {
    return this.#parts.calls.active;
  }

  /** Why calls can't be served properly now; empty: ready. */
  get problems(): string[] {
    const { degraded } = this.#parts.records;
    return [
      ...(this.#draining ? ['This instance is being stopped: it takes no new calls'] : []),
      ...(degraded === undefined ? [] : [degraded]),
      ...stateProblems(this.#parts.store),
    ];
  }

  /** Reads the address plan again. A plan with an error changes nothing; calls in progress go on either way. */
  reloadPlan(): Promise<ReloadResult> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** Reads the TLS files again, and makes our own certificate anew before it runs out. Connections that stand go on; bad files change nothing. */
  async renewTls(): Promise<void> {
    try {
      const tls = await tlsOf(this.#config);
      const web = this.#parts.bridge && (await webTlsOf(this.#config, tls));
      if (!tls && !web) return;
      if (tls) {
        this.#parts.edge.tlsChanged(tls);
        this.#parts.h323?.tlsChanged(tls);
      }
      if (web) this.#parts.bridge?.tlsChanged(web);
      this.#parts.takeOver.announce();
      this.#logger.info('The TLS certificates were read again and are in force');
    } catch (error) {
      this.#logger.error({ err: error }, 'The TLS certificates could not be read again: the old ones stay in force');
    }
  }

  async #reload(): Promise<ReloadResult> {
    const { current, edge, h323, metrics } = this.#parts;
    const { plan, findings } = await loadPlan(this.#config.plan, this.#config);
    metrics.planReloads.of(plan ? 'applied' : 'refused').add();
    if (plan) {
      current.plan = plan;
      edge.planChanged(plan);
      h323?.planChanged(plan);
      this.#logger.info({ revision: plan.revision, warnings: findings.length }, 'The address plan was read again and is in force');
    } else {
      this.#logger.error(
        { revision: current.plan.revision, findings: findings.map(oneLine) },
        'The address plan has errors: the old one stays in force',
      );
    }
    return { applied: plan !== undefined, revision: current.plan.revision, findings };
  }

  /** No new calls; waits until those in progress have ended, at most `ms`. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    this.#parts.takeOver.drain();
    this.#parts.bridge?.drain();
    this.#parts.edge.drain();
    this.#parts.h323?.drain();
    const until = this.#clock.now() + ms;
    while (this.#parts.calls.active + this.#parts.edge.underWay > 0 && this.#clock.now() < until) {
      await new Promise<void>((resolve) => this.#clock.after(50, resolve));
    }
  }

  /**
   * Hands the calls that are left over to the other instances, ends those that nobody can take, with their records, and closes everything.
   * May be called twice.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { edge, h323, bridge, calls, records, metrics, store, takeOver } = this.#parts;
    this.#draining = true;
    this.#renewal?.cancel();
    await takeOver.handOver();
    // Its calls cannot go on without it: they are ended, by way of the edge.
    await bridge?.close();
    await Promise.all([edge.close(), h323?.close()]);
    calls.endAll('instanceStopped');
    await this.#admin?.close();
    // First the store: what it has not decided by then, the journal keeps for the next start.
    await store.close();
    await records.close();
    metrics.close();
  }

  /** Nobody needs to restart because a certificate runs out. */
  #renewDaily(): void {
    this.#renewal = this.#clock.after(dayMs, () => {
      void this.renewTls();
      this.#renewDaily();
    });
  }

  async #openAdmin(): Promise<void> {
    const { calls, recent, store, current, metrics, takeOver, bridge } = this.#parts;
    const { http, instance } = this.#config;
    const url = () => bridge?.url ?? '';
    const operator =
      bridge && new MeetingOperator({ service: bridge.meetings, store, plan: () => current.plan, clock: this.#clock, instance, url });
    this.#admin = await openAdmin(
      {
        address: http.address,
        port: http.port,
        version,
        instance,
        ...(http.operatorToken === undefined ? {} : { token: http.operatorToken }),
      },
      {
        problems: () => this.problems,
        listeners: () => [...this.listeners, ...this.h323Listeners, ...(this.meetingUrl === undefined ? [] : [this.meetingUrl])],
        metrics: () => metrics.scrape(),
        calls: (limit) => {
          const live = [...calls.live()].slice(-limit).reverse().map(liveCall);
          return [...live, ...recent.last(limit - live.length)];
        },
        registrations: (organisation, limit) => {
          const list: object[] = [];
          for (const registration of store.registrations.all()) {
            if (organisation !== undefined && registration.organisation !== organisation) continue;
            if (list.push(registration) >= limit) break;
          }
          return list;
        },
        hasOrganisation: (id) => current.plan.organisations.has(id),
        instances: () => takeOver.instances,
        ...(operator ? { meetings: operator } : {}),
        plan: () => ({ revision: current.plan.revision, organisations: [...current.plan.organisations.keys()], file: this.#config.plan }),
        reloadPlan: () => this.reloadPlan(),
      },
    );
  }
}

const dayMs = 24 * 60 * 60 * 1000;

/** The certificate that the configuration names, or one that we make for loopback. */
async function tlsOf(config: ServiceConfig): Promise<TlsOptions | undefined> {
  const { files, problems } = await readTlsFiles(config.sip.tls);
  const [problem] = problems.filter(({ severity }) => severity === 'error');
  if (problem) throw new Error(`sip.tls.${problem.key}: ${problem.message}; ${problem.hint}`);
  const { certificate, key, ca } = files;
  const { minVersion } = config.sip.tls;
  const authorities = ca === undefined ? {} : { ca };
  if (certificate !== undefined && key !== undefined) return { certificate, key, minVersion, ...authorities };
  const listeners = [...config.sip.listen, ...(config.h323.enabled ? config.h323.signalling : [])];
  if (!listeners.some(({ transport }) => transport === 'tls')) return undefined;
  const hosts = listeners.map(({ address, advertised }) => advertised?.host ?? address);
  const made = await ensureCertificate(join(config.dataDirectory, 'tls'), hosts);
  return { certificate: made.certificate, key: made.key, minVersion, ...authorities };
}

/** For browsers: files of their own, what SIP has, or one that we make for loopback. Undefined: plain HTTP, which only `plain` allows. */
async function webTlsOf({ bridge: { web }, dataDirectory }: ServiceConfig, sip: TlsOptions | undefined) {
  if (web.plain) return undefined;
  const { files, problems } = await readTlsFiles({ certificate: web.certificate, key: web.key, ca: undefined });
  const [problem] = problems.filter(({ severity }) => severity === 'error');
  if (problem) throw new Error(`bridge.web.${problem.key}: ${problem.message}; ${problem.hint}`);
  if (files.certificate !== undefined && files.key !== undefined) return { certificate: files.certificate, key: files.key };
  if (sip) return { certificate: String(sip.certificate), key: String(sip.key) };
  // Beside that of SIP, which others may have been told to believe: neither makes the other anew.
  return ensureCertificate(join(dataDirectory, 'tls', 'web'), [web.address]);
}

function* messageCounts({ received, sent }: TransportStats) {
  for (const transport of ['udp', 'tcp', 'tls'] as const) {
    yield { transport, direction: 'in', count: received[transport] } as const;
    yield { transport, direction: 'out', count: sent[transport] } as const;
  }
}

function* neighbours({ zones }: Plan, { health }: H323Edge) {
  for (const zone of zones.values()) {
    if (zone.kind === 'h323-neighbour') for (const { id } of zone.peers) yield { peerId: id, up: health.isUp(id) };
  }
}

function peerState({ peerId, up }: { readonly peerId: string; readonly up: boolean }) {
  return { zone: zoneOf(peerId), peer: peerId.slice(zoneOf(peerId).length + 1), up };
}

function zoneOf(peerId: string): string {
  return peerId.slice(0, Math.max(0, peerId.indexOf('/')));
}

function oneLine({ file, line, column, message, hint }: Finding): string {
  return `${file}:${line}:${column}: ${message}; ${hint}`;
}
