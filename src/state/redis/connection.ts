import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** Where Redis is, and how it knows us. */
export interface RedisConnection {
  readonly servers:
    | { readonly kind: 'single'; readonly host: string; readonly port: number; readonly db: number }
    | { readonly kind: 'sentinel'; readonly sentinels: readonly RedisAddress[]; readonly name: string }
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] };
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Absent: without TLS. PEM: authorities that the servers' certificates must be from; absent: the system's. */
  readonly tls?: { readonly ca?: string | undefined } | undefined;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

type Arguments = readonly (string | number)[];

/** The scripts beside this file as commands: keys first, then arguments. What they take and give stands in their first lines. */
export interface Scripts {
  applyRegistrations(...args: Arguments): Promise<unknown>;
  sweepRegistrations(...args: Arguments): Promise<unknown>;
  exchangeLicences(...args: Arguments): Promise<unknown>;
  settleLicences(...args: Arguments): Promise<unknown>;
  rejoin(...args: Arguments): Promise<unknown>;
  beat(...args: Arguments): Promise<unknown>;
  bury(...args: Arguments): Promise<unknown>;
  writeCalls(...args: Arguments): Promise<unknown>;
  takeCalls(...args: Arguments): Promise<unknown>;
  handOverCalls(...args: Arguments): Promise<unknown>;
  settleCalls(...args: Arguments): Promise<unknown>;
  putEndpoints(...args: Arguments): Promise<unknown>;
  moveEndpoint(...args: Arguments): Promise<unknown>;
  putMeeting(...args: Arguments): Promise<unknown>;
  holdMeeting(...args: Arguments): Promise<unknown>;
  reholdMeetings(...args: Arguments): Promise<unknown>;
  letGoMeeting(...args: Arguments): Promise<unknown>;
  noteMeetings(...args: Arguments): Promise<unknown>;
  meetingBeat(...args: Arguments): Promise<unknown>;
  sweepMeetings(...args: Arguments): Promise<unknown>;
  wrongPin(...args: Arguments): Promise<unknown>;
}

export type Client = (Redis | Cluster) & Scripts;

const lua = (...names: string[]) => names.map((name) => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8')).join('\n');

const scripts = {
  applyRegistrations: { lua: lua('registrations', 'apply-registrations'), numberOfKeys: 5 },
  sweepRegistrations: { lua: lua('registrations', 'sweep-registrations'), numberOfKeys: 5 },
  exchangeLicences: { lua: lua('exchange-licences'), numberOfKeys: 2 },
  settleLicences: { lua: lua('licences', 'settle-licences'), numberOfKeys: 3 },
  rejoin: { lua: lua('licences', 'rejoin'), numberOfKeys: 3 },
  beat: { lua: lua('licences', 'beat'), numberOfKeys: 4 },
  bury: { lua: lua('licences', 'bury'), numberOfKeys: 5 },
  writeCalls: { lua: lua('licences', 'calls', 'write-calls'), numberOfKeys: 6 },
  takeCalls: { lua: lua('licences', 'calls', 'take-calls'), numberOfKeys: 7 },
  handOverCalls: { lua: lua('licences', 'calls', 'hand-over-calls'), numberOfKeys: 7 },
  settleCalls: { lua: lua('licences', 'calls', 'settle-calls'), numberOfKeys: 4 },
  putEndpoints: { lua: lua('put-endpoints'), numberOfKeys: 2 },
  moveEndpoint: { lua: lua('move-endpoint'), numberOfKeys: 2 },
  putMeeting: { lua: lua('licences', 'put-meeting'), numberOfKeys: 2 },
  holdMeeting: { lua: lua('licences', 'meetings', 'hold-meeting'), numberOfKeys: 3 },
  reholdMeetings: { lua: lua('licences', 'meetings', 'rehold-meetings'), numberOfKeys: 3 },
  letGoMeeting: { lua: lua('licences', 'meetings', 'let-go-meeting'), numberOfKeys: 4 },
  noteMeetings: { lua: lua('licences', 'meetings', 'note-meetings'), numberOfKeys: 2 },
  meetingBeat: { lua: lua('licences', 'meeting-beat'), numberOfKeys: 5 },
  sweepMeetings: { lua: lua('licences', 'meetings', 'sweep-meetings'), numberOfKeys: 8 },
  wrongPin: { lua: lua('licences', 'wrong-pin'), numberOfKeys: 1 },
};

/** From one attempt to connect to the next. */
const RETRY_MS = 100;

/** Gathers its changes itself: a pipeline around each call would only add to it. */
const UNGATHERED = ['applyRegistrations'];

/**
 * A client that connects at once and again whenever it must, but never keeps or repeats a command: whoever gave it hears that it failed and
 * goes on without. A repeated command might be done twice.
 */
export function connect({ servers, username, password, tls }: RedisConnection, name: string, onError: (error: Error) => void): Client {
  const secure: { tls?: ConnectionOptions } = tls ? { tls: tls.ca === undefined ? {} : { ca: tls.ca } } : {};
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...secure,
    connectionName: name,
    protocol: 2 as const,
    connectTimeout: 2000,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    autoPipeliningIgnoredCommands: UNGATHERED,
    retryStrategy: () => RETRY_MS,
    // A master that became a replica says so: then Sentinel is asked again who the master is.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
  const client = open();
  client.on('error', onError);
  for (const [script, definition] of Object.entries(scripts)) client.defineCommand(script, definition);
  // `defineCommand` adds the methods without telling the compiler.
  return client as Client;

  function open(): Redis | Cluster {
    switch (servers.kind) {
      case 'single':
        return new Redis({ ...common, host: servers.host, port: servers.port, db: servers.db });
      case 'sentinel':
        return new Redis({
          ...common,
          sentinels: servers.sentinels.map(({ host, port }) => ({ host, port })),
          name: servers.name,
          enableTLSForSentinelMode: tls !== undefined,
          ...(secure.tls ? { sentinelTLS: secure.tls } : {}),
          sentinelRetryStrategy: () => RETRY_MS,
        });
      case 'cluster':
        return new Cluster(
          servers.nodes.map(({ host, port }) => ({ host, port })),
          {
            redisOptions: common,
            enableOfflineQueue: false,
            enableAutoPipelining: true,
            autoPipeliningIgnoredCommands: UNGATHERED,
            clusterRetryStrategy: () => RETRY_MS,
            // Otherwise a command whose connection broke is given again, though it may have been done.
            retryDelayOnFailover: 0,
            retryDelayOnClusterDown: 0,
          },
        );
    }
  }
}

/** How much has come so far: whether anything comes at all. */
export function bytesRead(client: Client): number {
  return nodesOf(client).reduce((sum, { stream }) => sum + (stream?.bytesRead ?? 0), 0);
}

/** Closes at once, whatever the other side does: it may hang. */
export function cut(client: Client): void {
  for (const { stream } of nodesOf(client)) {
    // What still lies in the kernel is not to be delivered when the network heals; over TLS there is no way to say so. Before the client ends
    // the stream itself: Node does not let go of a socket that is ended first and reset then.
    if (stream instanceof Socket && !(stream instanceof TLSSocket) && !stream.connecting) stream.resetAndDestroy();
    else stream?.destroy();
  }
  client.disconnect();
}

function nodesOf(client: Client): readonly Redis[] {
  return client instanceof Cluster ? client.nodes() : [client];
}
