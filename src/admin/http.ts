import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { deny } from './guard.js';
import { type MeetingSource, meetingRoutes } from './meeting-routes.js';
import { problem } from './problem.js';
import { LIMIT_WRONG, limitOf, parameter } from './query.js';
import { STATUS_PAGE_POLICY, statusPage } from './status-page.js';

export interface AdminOptions {
  /** An IP address or host name to listen on. */
  readonly address: string;
  /** 0: any free one; see `Admin.port`. */
  readonly port: number;
  /** Opens the API to other machines; absent: this machine only. */
  readonly token?: string;
  readonly version: string;
  readonly instance: string;
}

/** Where the answers come from: the composition root gives one function for each. None may throw for what a caller sends. */
export interface AdminSources {
  /** Why calls can't be served properly now, in sentences; empty: ready. */
  problems(): readonly string[];
  /** Where the service listens: `sip:127.0.0.1:5060;transport=udp`. */
  listeners(): readonly string[];
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Newest first: those that live, then the last that ended. JSON values. */
  calls(limit: number): readonly object[];
  /** Of one organisation or of all, at most `limit`. JSON values. */
  registrations(organisation: string | undefined, limit: number): readonly object[];
  /** Is there an organisation of this name in the plan in force? */
  hasOrganisation(id: string): boolean;
  /** Those that share the state, this one first. JSON values. */
  instances(): readonly object[];
  plan(): object;
  reloadPlan(): Promise<ReloadResult>;
  /** Absent: this instance has no meeting service. */
  readonly meetings?: MeetingSource;
}

export interface ReloadResult {
  /** False: the old plan stays in force. */
  readonly applied: boolean;
  /** Of the plan in force now. */
  readonly revision: string;
  /** Every finding, errors and warnings. */
  readonly findings: readonly object[];
}

export interface Admin {
  readonly address: string;
  /** The real one, also where 0 was asked for. */
  readonly port: number;
  /** Answers what was asked, then closes; what is not done after 2 s is cut off. */
  close(): Promise<void>;
}

const LIMITS = {
  bodyBytes: 16 * 1024,
  connections: 256,
  requestMs: 10_000,
  idleMs: 10_000,
  closeMs: 2000,
} as const;

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Health, metrics and the API over HTTP, and a page for newcomers. Rejects with an Error when the address can't be listened on. */
export async function openAdmin(options: AdminOptions, sources: AdminSources): Promise<Admin> {
  const app = fastify({
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.requestMs,
    keepAliveTimeout: LIMITS.idleMs,
    forceCloseConnections: 'idle',
    // A request id is a number we count: nothing a client sends gets into it.
    requestIdHeader: false,
    // A path that can't be decoded is refused before any hook runs.
    frameworkErrors: (error, _request, reply) => {
      void problem(reply.headers(HEADERS), error.statusCode ?? 400, error.message);
    },
  });
  app.server.maxConnections = LIMITS.connections;
  app.server.headersTimeout = LIMITS.requestMs;
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await problem(reply, 404, 'There is nothing here: see / for what there is');
  });
  app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
    const status = error.statusCode ?? 500;
    // The text of our own faults stays inside.
    await problem(reply, status, status < 500 ? error.message : 'A fault in the service: see its log');
  });
  openRoutes(app, options, sources);
  guardedRoutes(app, options, sources);
  await app.listen({ host: options.address, port: options.port });
  const { address, port } = app.server.address() as AddressInfo;
  return { address, port, close: () => close(app) };
}

/** For load balancers, Prometheus and newcomers: nothing here tells of persons. */
function openRoutes(app: FastifyInstance, { version, instance }: AdminOptions, sources: AdminSources): void {
  app.get('/', async (_request, reply) => {
    const { port } = app.server.address() as AddressInfo;
    const page = statusPage({
      url: `http://localhost:${port}`,
      version,
      instance,
      listeners: sources.listeners(),
      problems: sources.problems(),
    });
    return reply.header('content-security-policy', STATUS_PAGE_POLICY).type('text/html; charset=utf-8').send(page);
  });
  app.get('/healthz', async () => ({ status: 'alive', version, instance }));
  app.get('/readyz', async (_request, reply) => {
    const problems = sources.problems();
    const ready = problems.length === 0;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', problems });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await sources.metrics();
    return reply.type(contentType).send(text);
  });
}

function guardedRoutes(app: FastifyInstance, { token }: AdminOptions, sources: AdminSources): void {
  void app.register(
    async (api) => {
      api.addHook('onRequest', async (request, reply) => {
        const denial = deny({ address: request.socket.remoteAddress, headers: request.headers }, token);
        if (!denial) return undefined;
        if (denial.status === 401) reply.header('www-authenticate', 'Bearer realm="portvakt"');
        return problem(reply, denial.status, denial.message);
      });
      api.get('/calls', async (request, reply) => {
        const limit = limitOf(request);
        if (limit === undefined) return problem(reply, 400, LIMIT_WRONG);
        return reply.send({ calls: sources.calls(limit) });
      });
      api.get('/registrations', async (request, reply) => {
        const limit = limitOf(request);
        if (limit === undefined) return problem(reply, 400, LIMIT_WRONG);
        const organisation = parameter(request, 'organisation');
        if (organisation !== undefined && !sources.hasOrganisation(organisation)) {
          return problem(reply, 404, 'The address plan has no organisation of this name');
        }
        return reply.send({ registrations: sources.registrations(organisation, limit) });
      });
      api.get('/instances', async (_request, reply) => reply.send({ instances: sources.instances() }));
      api.get('/plan', async (_request, reply) => reply.send(sources.plan()));
      api.post('/plan/reload', async (_request, reply) => {
        const result = await sources.reloadPlan();
        return reply.code(result.applied ? 200 : 422).send(result);
      });
      meetingRoutes(api, sources.meetings);
    },
    { prefix: '/api/v1' },
  );
}

async function close(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), LIMITS.closeMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
