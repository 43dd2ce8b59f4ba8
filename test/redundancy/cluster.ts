import { join } from 'node:path';
import { expect } from 'vitest';
import type { CallRecord } from '../../src/gatekeeper/calls/call.js';
import { allRecords } from '../support/calls.js';
import { type TestPlan, testPlan } from '../support/plan.js';
import { RedisServer } from '../support/redis.js';
import { type AsChild, metric, type ServiceSettings, startChild } from '../support/service.js';
import { answering, SipClient, TestDialog } from '../support/sip-client.js';
import { until } from '../support/until.js';

/** Several instances as operators run them, each a process of its own, on one real Redis; and phones around them. */
export class Cluster {
  readonly instances: AsChild[] = [];
  /** Where the state is: `state.redis` of portvakt.yaml. */
  readonly redis: Readonly<Record<string, unknown>>;
  readonly #ends: (() => Promise<unknown>)[];
  readonly #directories: string[] = [];

  /** On a Redis of its own. */
  static async start(names: readonly string[], settings: ServiceSettings = {}): Promise<Cluster & { readonly server: RedisServer }> {
    const server = await RedisServer.start();
    const cluster = await Cluster.on({ url: `redis://127.0.0.1:${server.port}` }, names, settings, [() => server.remove()]);
    return Object.assign(cluster, { server });
  }

  static async on(
    redis: Readonly<Record<string, unknown>>,
    names: readonly string[],
    settings: ServiceSettings = {},
    ends: (() => Promise<unknown>)[] = [],
  ): Promise<Cluster> {
    const cluster = new Cluster(redis, ends);
    for (const name of names) await cluster.#add(name, settings);
    const known = async ({ url }: AsChild) => {
      const { instances } = (await (await fetch(`${url}/api/v1/instances`)).json()) as { instances: readonly object[] };
      return instances.length;
    };
    await until(
      async () => (await Promise.all(cluster.instances.map(known))).every((count) => count === names.length),
      () => 'the instances to know each other',
    );
    return cluster;
  }

  private constructor(redis: Readonly<Record<string, unknown>>, ends: (() => Promise<unknown>)[]) {
    this.redis = redis;
    this.#ends = ends;
  }

  at(index: number): AsChild {
    const instance = this.instances[index];
    if (!instance) throw new Error(`there is no instance ${index}`);
    return instance;
  }

  async phone(index: number, user: string): Promise<SipClient> {
    const domain = user.startsWith('46102') ? 'syd.example' : 'norr.example';
    const client = await SipClient.open({ port: this.at(index).ports.udp, user, domain });
    this.#ends.push(() => client.close());
    client.behaviour = answering();
    expect((await client.register()).status).toBe(200);
    return client;
  }

  /** SIGKILL: it does not get to say anything. */
  async kill(index: number): Promise<void> {
    const { program } = this.at(index);
    program.signal('SIGKILL');
    await program.exit;
  }

  async restart(index: number): Promise<void> {
    this.instances[index] = await this.at(index).restart();
  }

  /** Records of all instances. Waits until there are so many, and fails when there are more or one is there twice. */
  async records(count: number, ms = 20_000): Promise<CallRecord[]> {
    let records: CallRecord[] = [];
    await until(
      async () => {
        records = (await Promise.all(this.#directories.map((directory) => allRecords(directory)))).flat();
        return records.length >= count;
      },
      () => `${count} call records; there are ${records.length}`,
      ms,
    );
    const ids = new Set(records.map(({ id }) => id));
    expect({ records: records.length, calls: ids.size }).toEqual({ records: count, calls: count });
    return records;
  }

  /** Nobody holds a licence any more, as every living instance sees it. */
  async idle(ms = 20_000): Promise<void> {
    const living = this.instances.filter(({ program }) => !program.ended);
    const used = (one: AsChild) => metric(one, 'portvakt_service_licences_used{licence="calls"}');
    let seen: number[] = [];
    await until(
      async () => {
        seen = await Promise.all(living.map(used));
        return seen.every((count) => count === 0);
      },
      () => `all licences to be given back; in use: ${seen.join(', ')}`,
      ms,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  async #add(name: string, settings: ServiceSettings): Promise<void> {
    const instance = await startChild({ plan: bigPlan(), ...settings, instance: name, state: { redis: this.redis } });
    this.instances.push(instance);
    this.#directories.push(join(instance.directory, 'data', 'records'));
  }
}

/** The test plan with room for thousands. */
export function bigPlan(change: (plan: TestPlan) => void = () => undefined): TestPlan {
  return testPlan((plan) => {
    plan.licences = { registrations: 10_000, calls: 5000 };
    for (const id of ['norr', 'syd'] as const) plan.organisations[id].licences = { registrations: 5000, calls: 5000 };
    change(plan);
  });
}

/** A call that stands, as its caller sees it. */
export async function call(caller: SipClient, callee: SipClient): Promise<TestDialog> {
  const invite = await caller.invite(`${callee.user}@${callee.domain}`);
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  return dialog;
}

/** Hangs up, and says again what is not answered, as a phone does over UDP (RFC 3261 §17.1.2.2). Milliseconds until the 200. */
export async function hangUp(dialog: TestDialog, ms = 16_000): Promise<number> {
  const { client } = dialog;
  const began = performance.now();
  const bye = dialog.send('BYE');
  let last = began;
  let pause = 500;
  const answer = await until(
    () => {
      if (performance.now() - last >= pause) {
        client.send(bye);
        last = performance.now();
        pause = Math.min(2 * pause, 4000);
      }
      return client.received.find((message) => 'status' in message && message.callId === bye.callId && message.cseq.method === 'BYE');
    },
    () => `an answer to the BYE of ${bye.callId} (${client.received.filter(({ callId }) => callId === bye.callId).length} messages)`,
    ms,
  );
  expect('status' in answer && answer.status).toBe(200);
  return performance.now() - began;
}

/** Runs `task` for each of so many, at most `width` at once. */
export async function each<T>(count: number, width: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await task(index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
