import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import { allRecords } from '../../../support/calls.js';
import { RedisServer } from '../../../support/redis.js';
import { type AsChild, type RunningService, type ServiceSettings, startChild } from '../../../support/service.js';
import { answering, type ClientOptions, SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { number } from './world.js';

/** A call that stands at one instance, and a way to talk about it to another. */
export interface SharedTalk {
  readonly callId: string;
  readonly caller: SipClient;
  readonly callee: SipClient;
  readonly callerDialog: TestDialog;
  readonly calleeDialog: TestDialog;
}

/** Several instances, each a process of its own, on one Redis. Each test has instances of its own; the Redis is the file's. */
export class Instances {
  readonly #settings: ServiceSettings;
  #redis: RedisServer | undefined;
  readonly #running: AsChild[] = [];
  readonly #clients: SipClient[] = [];
  #prefix = 0;

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
  }

  get redis(): RedisServer {
    if (!this.#redis) throw new Error('not started yet');
    return this.#redis;
  }

  async open(): Promise<void> {
    this.#redis = await RedisServer.start();
  }

  /** So many instances that know of each other, and of nobody else. */
  async start(count: number): Promise<AsChild[]> {
    this.#prefix += 1;
    const redis = { url: `redis://127.0.0.1:${this.redis.port}`, keyPrefix: `test-${this.#prefix}` };
    const names = Array.from({ length: count }, (_, index) => `${'abc'[index]}${this.#prefix}`);
    const started = await Promise.all(names.map((instance) => startChild({ ...this.#settings, instance, state: { redis } })));
    this.#running.push(...started);
    for (const one of started) {
      await until(
        () => names.every((name) => one.log().includes(`"other":"${name}"`) || one.log().includes(`"instance":"${name}"`)),
        () => `each instance to know the others; one logged ${one.log()}`,
      );
    }
    return started;
  }

  /** A phone that has registered at this instance. */
  async phone(at: RunningService, user: string, options: ClientOptions = {}): Promise<SipClient> {
    const domain = user.startsWith('46102') ? 'syd.example' : 'norr.example';
    const transport = options.transport ?? 'udp';
    const client = await SipClient.open({ transport, port: at.ports[transport], user, domain, ...options });
    this.#clients.push(client);
    expect((await client.register()).status).toBe(200);
    return client;
  }

  /** A call that was made and answered at this instance. */
  async talk(at: RunningService, options: ClientOptions = {}): Promise<SharedTalk> {
    const caller = await this.phone(at, number('norr'), options);
    const callee = await this.phone(at, number('syd'), options);
    callee.behaviour = answering();
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    const ok = await caller.response(invite, 200);
    const callerDialog = TestDialog.ofCaller(caller, invite, ok);
    callerDialog.send('ACK');
    await callee.request('ACK');
    const calleeDialog = TestDialog.ofCallee(callee, arrived, ok);
    await this.told(invite.callId);
    return { callId: invite.callId, caller, callee, callerDialog, calleeDialog };
  }

  /** What an instance says of a call is sent with others, a few milliseconds later: a call that it was killed too soon for cannot go on. */
  async told(callId: string): Promise<void> {
    const client = new Redis({ host: '127.0.0.1', port: this.redis.port });
    const stored = () => client.hvals(`{test-${this.#prefix}}:calls`);
    await until(
      async () => (await stored()).some((value) => value.includes(callId) && /acknowledged\\*":true/.test(value)),
      () => 'the call to be told of',
    );
    client.disconnect();
  }

  /** Every record of this call, of whichever instance. */
  async records(callId: string): Promise<CallRecord[]> {
    const all = await Promise.all(this.#running.map(({ directory }) => allRecords(join(directory, 'data', 'records'))));
    return all.flat().filter(({ signallingId }) => signallingId === callId);
  }

  async record(callId: string): Promise<CallRecord> {
    const [record, ...more] = await until(
      async () => {
        const found = await this.records(callId);
        return found.length > 0 && found;
      },
      () => `the record of ${callId}`,
      20_000,
    );
    if (!record || more.length > 0) throw new Error(`${more.length + 1} records of one call`);
    return record;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await Promise.all(this.#running.map(kill));
    await Promise.all(this.#running.splice(0).map((one) => one.stop()));
  }

  async close(): Promise<void> {
    await this.#redis?.remove();
  }
}

/** As a power cut ends it. */
export async function kill({ program }: AsChild): Promise<void> {
  program.signal('SIGKILL');
  await program.exit;
}

export function useInstances(settings: ServiceSettings = {}): Instances {
  const instances = new Instances(settings);
  beforeAll(() => instances.open());
  afterEach(() => instances.stop());
  afterAll(() => instances.close());
  return instances;
}
