import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { CallRecord } from '../../../../src/gatekeeper/calls/call.js';
import type { SipRequest, SipResponse } from '../../../../src/gatekeeper/sip/message/message.js';
import { type InProcess, type ServiceSettings, startService } from '../../../support/service.js';
import { answering, type Behaviour, type ClientOptions, SipClient, TestDialog } from '../../../support/sip-client.js';

/** A call that stands, as both ends see it. */
export interface Talk {
  readonly invite: SipRequest;
  readonly ok: SipResponse;
  /** The INVITE as it arrived. */
  readonly arrived: SipRequest;
  readonly caller: TestDialog;
  readonly callee: TestDialog;
}

/** A running service and the clients around it, for the tests of one file. */
export class World {
  #service: InProcess | undefined;
  readonly #clients: SipClient[] = [];

  get service(): InProcess {
    if (!this.#service) throw new Error('not started yet');
    return this.#service;
  }

  async start(settings: ServiceSettings): Promise<void> {
    this.#service = await startService(settings);
  }

  async client(user: string, options: ClientOptions = {}): Promise<SipClient> {
    const transport = options.transport ?? 'udp';
    const domain = /^46102|@syd/.test(user) ? 'syd.example' : 'norr.example';
    const client = await SipClient.open({ transport, port: this.service.ports[transport], user, domain, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client that has registered. */
  async phone(user: string, behaviour?: Behaviour, options: ClientOptions & { q?: number } = {}): Promise<SipClient> {
    const phone = await this.client(user, options);
    phone.behaviour = behaviour;
    const contact = `<${phone.contact}>${options.q === undefined ? '' : `;q=${options.q}`}`;
    expect((await phone.register({ headers: { Contact: contact } })).status).toBe(200);
    return phone;
  }

  /** A trunk peer: it listens, and sends from there. */
  async peer(port: number, behaviour?: Behaviour, options: ClientOptions = {}): Promise<SipClient> {
    const peer = await SipClient.open({ localPort: port, user: 'peer', domain: 'trunk.example', ...options });
    this.#clients.push(peer);
    peer.behaviour = behaviour;
    return peer;
  }

  async talk(
    caller: SipClient,
    callee: SipClient,
    to = `${callee.user}@${caller.domain}`,
    options: Parameters<SipClient['invite']>[1] = {},
  ): Promise<Talk> {
    callee.behaviour ??= answering();
    const invite = await caller.invite(to, options);
    const arrived = await callee.request('INVITE');
    const ok = await caller.response(invite, 200);
    const dialog = TestDialog.ofCaller(caller, invite, ok);
    dialog.send('ACK');
    await callee.request('ACK');
    return { invite, ok, arrived, caller: dialog, callee: TestDialog.ofCallee(callee, arrived, ok) };
  }

  async hangUp(dialog: TestDialog): Promise<void> {
    const bye = dialog.send('BYE');
    await dialog.client.response(bye, 200);
  }

  record(invite: SipRequest): Promise<CallRecord> {
    return this.service.recordOf(invite.callId);
  }

  async closeClients(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }

  async stop(): Promise<void> {
    await this.closeClients();
    await this.#service?.stop();
  }
}

/** A world for the tests of this file: clients go after each test, the service after the last. */
export function useWorld(settings: () => ServiceSettings | Promise<ServiceSettings> = () => ({})): World {
  const world = new World();
  beforeAll(async () => world.start(await settings()));
  afterEach(() => world.closeClients());
  afterAll(() => world.stop());
  return world;
}

let numbers = 0;

/** A number that no other test of this file has used: `46101` or `46102` and four digits. */
export function number(organisation: 'norr' | 'syd'): string {
  numbers += 1;
  return `${organisation === 'norr' ? 46101 : 46102}${String(numbers).padStart(4, '0')}`;
}
