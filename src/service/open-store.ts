import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { Logger } from '../monitoring/log.js';
import type { Metrics } from '../monitoring/metrics.js';
import { MemoryStore } from '../state/memory.js';
import { RedisStore } from '../state/redis.js';
import type { StateStore } from '../state/store.js';
import { version } from '../version.js';

/** Where `state` says: in this process, or on Redis. Rejects with a sentence when Redis cannot be used. */
export async function openStore(
  { state, instance, sip }: ServiceConfig,
  clock: Clock,
  metrics: Metrics,
  logger: Logger,
): Promise<StateStore> {
  const nonces = { clock, nonceLifetimeSeconds: sip.registrar.nonceSeconds };
  if (state === 'memory') return new MemoryStore(nonces);
  const { servers, username, password, tls, ca, keyPrefix } = state.redis;
  const authorities = ca === undefined ? undefined : await readFile(ca, 'utf8');
  return RedisStore.open({
    ...nonces,
    instance,
    version,
    connection: { servers, username, password, tls: tls ? { ca: authorities } : undefined },
    keyPrefix,
    observer: {
      command: (seconds) => metrics.stateCommands.add(seconds),
      followed: (seconds) => metrics.stateStaleness.add(seconds),
      changed: (reason) => {
        if (reason === undefined) logger.info('Redis is connected: state is shared with the other instances');
        else logger.error({ reason }, 'Redis is away: this instance goes on alone');
      },
      fault: (error) => logger.error({ err: error }, 'Something that is shared by Redis could not be read or used'),
    },
  });
}

/** Why calls can't be served properly now, as far as the shared state is concerned; empty: all is well. */
export function stateProblems(store: StateStore): string[] {
  if (!(store instanceof RedisStore) || store.status.state === 'connected') return [];
  const { since, reason } = store.status;
  const why = reason === undefined ? '' : ` (${reason})`;
  return [`Redis is away since ${new Date(since).toISOString()}${why}: this instance goes on alone, with its share of the licences`];
}
