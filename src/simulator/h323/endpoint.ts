import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.js';
import type { AliasAddress, RasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import type { H225Message } from '../../gatekeeper/h323/q931/h225-message.js';
import { MAX_CALL_REFERENCE } from '../../gatekeeper/h323/q931/q931-message.js';
import { aliasAddress, aliasText, dialledAlias, type EndpointAlias, type SocketAddress } from './addresses.js';
import { Call } from './call.js';
import { type Admission, askAdmission, askBandwidth, type BandwidthAnswer, disengage, reportResources } from './call-admission.js';
import type { CallHost, CallSettings } from './call-host.js';
import type { SetupBody } from './call-messages.js';
import type { CallEnd } from './call-progress.js';
import { Credentials } from './credentials.js';
import type { CallOptions, H323EndpointOptions } from './endpoint-options.js';
import { type Identity, makeIdentity } from './identity.js';
import { answerGatekeeper } from './ras-answers.js';
import { type RasAnswer, RasClient, type RasUser } from './ras-client.js';
import { type RegisterResult, Registration } from './registration.js';
import { SignallingConnection, SignallingListener, type TlsIdentity } from './signalling.js';
import { SignallingChannel } from './signalling-channel.js';

/** 768 kbit/s each way. */
const DEFAULT_BANDWIDTH = 15_360;
const MAX_CALLS = 10_000;
/** Nothing listens there. */
const RTP_PORT = 5000;

/**
 * An H.323 endpoint over real sockets: terminal, gateway or MCU. It registers, keeps alive, calls, answers and hangs up as the stacks in the
 * field do; it sends no media.
 *
 *   const anna = await H323Endpoint.start({ address: '127.0.0.2', aliases: [{ e164: '461010001' }], gatekeeper });
 *   await anna.register();
 *   const call = anna.call('461020001');
 *   await call.mediaReady;
 *   call.hangUp();
 */
export class H323Endpoint implements CallHost, RasUser {
  readonly identity: Identity;
  /** Where it takes calls. */
  readonly signalAddress: SocketAddress;
  readonly clock: Clock;
  readonly rtp: SocketAddress;
  readonly ras: RasClient;
  /** Calls that came, the last of them last; bounded. */
  readonly incoming: Call[] = [];
  /** How often the gatekeeper asked (IRQ). */
  irqs = 0;
  readonly #options: H323EndpointOptions;
  readonly #settings: CallSettings;
  readonly #listener: SignallingListener | undefined;
  readonly #tlsListener: SignallingListener | undefined;
  readonly #registration: Registration | undefined;
  readonly #detach: () => void;
  readonly #calls = new Map<string, Call>();
  /** Signalling and H.245 that no listener of ours holds. */
  readonly #connections = new Set<SignallingConnection>();
  readonly #admitted = new WeakSet<Call>();
  #onIncoming: (call: Call) => void;
  #callReference: number;
  #closed = false;

  /** @throws {Error} a port is taken, or the address is not ours. */
  static async start(options: H323EndpointOptions): Promise<H323Endpoint> {
    const { address, signallingPort = 0, rasPort = 0, tls, clock = systemClock } = options;
    const onConnection = (connection: SignallingConnection) => void endpoint?.accept(connection);
    let endpoint: H323Endpoint | undefined;
    const opened: { close(): Promise<void> }[] = [];
    const listen = async (port: number, identity: TlsIdentity | undefined) => {
      const listener = await SignallingListener.open({ address, port, tls: identity, onConnection });
      opened.push(listener);
      return listener;
    };
    try {
      const listener = options.signalAddress ? undefined : await listen(signallingPort, undefined);
      const tlsListener = tls && (await listen(0, tls));
      const timers = options.rasTimers ? { timers: options.rasTimers } : {};
      const ras = options.ras ?? (await RasClient.open({ address, port: rasPort, clock, ...timers }));
      endpoint = new H323Endpoint(options, listener, tlsListener, ras, clock);
      return endpoint;
    } catch (error) {
      await Promise.all(opened.map((listener) => listener.close()));
      throw error;
    }
  }

  private constructor(
    options: H323EndpointOptions,
    listener: SignallingListener | undefined,
    tlsListener: SignallingListener | undefined,
    ras: RasClient,
    clock: Clock,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#tlsListener = tlsListener;
    this.ras = ras;
    this.signalAddress = options.signalAddress ?? listener?.local ?? { address: options.address, port: 0 };
    this.clock = clock;
    this.identity = makeIdentity(options.type ?? 'terminal', options.aliases, options.prefixes);
    this.rtp = { address: options.address, port: RTP_PORT };
    this.#callReference = Math.floor(Math.random() * MAX_CALL_REFERENCE);
    this.#settings = {
      h245: options.h245 ?? 'tunnelled',
      encryption: options.encryption ?? 'aes128',
      requireEncryption: options.requireEncryption ?? false,
      media: options.media ?? ['audio', 'video'],
      followTransfers: options.followTransfers ?? true,
      setupTimeoutMs: options.setupTimeoutMs ?? 15_000,
      alertingTimeoutMs: options.alertingTimeoutMs ?? 180_000,
    };
    this.#onIncoming = options.onIncoming ?? answerAtOnce;
    this.#registration = this.#newRegistration(options);
    this.#detach = ras.attach(this);
  }

  #newRegistration({
    gatekeeper,
    gatekeeperId,
    discovery = false,
    timeToLive,
    password,
    automatic = true,
    retryMs = 10_000,
  }: H323EndpointOptions) {
    if (!gatekeeper) return undefined;
    const [first] = this.identity.aliases;
    return new Registration({
      client: this.ras,
      clock: this.clock,
      gatekeeper,
      gatekeeperId,
      discovery,
      identity: this.identity,
      signalAddress: this.signalAddress,
      tlsAddress: this.tlsAddress,
      timeToLive,
      credentials: password && new Credentials(password, (first && aliasText(first)) ?? '', this.clock),
      automatic,
      retryMs,
    });
  }

  get tlsAddress(): SocketAddress | undefined {
    return this.#tlsListener?.local;
  }

  /** @throws {Error} it was started without a gatekeeper. */
  get registration(): Registration {
    if (!this.#registration) throw new Error('This endpoint was started without a gatekeeper');
    return this.#registration;
  }

  get registered(): boolean {
    return this.#registration?.registered ?? false;
  }

  get endpointIdentifier(): string | undefined {
    return this.#registration?.endpointIdentifier;
  }

  get confirmedAt(): number {
    return this.#registration?.confirmedAt ?? 0;
  }

  /** Calls that have not ended. */
  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  register(): Promise<RegisterResult> {
    return this.registration.register();
  }

  unregister() {
    return this.registration.unregister();
  }

  keepAlive(): Promise<RegisterResult> {
    return this.registration.keepAlive();
  }

  /** More aliases (additive registration). */
  addAliases(aliases: readonly EndpointAlias[]): Promise<RegisterResult> {
    return this.registration.add(aliases.map(aliasAddress));
  }

  /** Tells the gatekeeper how full a gateway is (RAI, H.225.0 §7.18). */
  reportResources(almostOutOfResources: boolean): Promise<RasAnswer> {
    return reportResources(this.registration, almostOutOfResources);
  }

  /** From now on this is done with calls that come. */
  onIncoming(listener: (call: Call) => void): void {
    this.#onIncoming = listener;
  }

  /** Calls: what becomes of it is told by the call. `dialled`: digits, `user@domain`, a name; empty with an `address` alone. */
  call(dialled: string, options: CallOptions = {}): Call {
    return this.#place(dialled === '' ? [] : [dialledAlias(dialled)], options);
  }

  /** Ends every call without a word to anybody, and closes every socket: as a machine that is switched off. */
  async die(): Promise<void> {
    this.#closed = true;
    for (const call of this.calls) call.drop();
    await this.#closeSockets();
  }

  /** Hangs up, tells the gatekeeper once, and closes. It stays registered until its time to live ends. */
  async close(): Promise<void> {
    for (const call of this.calls) call.hangUp();
    this.#closed = true;
    await this.#closeSockets();
  }

  async #closeSockets(): Promise<void> {
    for (const connection of this.#connections) connection.finish();
    this.#registration?.close();
    this.#detach();
    if (!this.#options.ras) await this.ras.close();
    await Promise.all([this.#listener?.close(), this.#tlsListener?.close()]);
  }

  #place(destination: readonly AliasAddress[], options: CallOptions): Call {
    const { h245 = this.#settings.h245, encryption = this.#settings.encryption } = options;
    const call = new Call({
      host: this,
      settings: { ...this.#settings, h245, encryption },
      callReference: this.#nextCallReference(),
      callIdentifier: options.callIdentifier ?? randomBytes(16),
      conferenceId: randomBytes(16),
      setup: undefined,
    });
    if (this.#closed || this.#calls.size >= MAX_CALLS) {
      call.fail({ by: 'us', reason: this.#closed ? 'this endpoint is closed' : 'too many calls', cause: undefined });
      return call;
    }
    this.#calls.set(idOf(call), call);
    this.#route(call, destination, options).catch((error: unknown) => {
      call.fail({ by: 'network', reason: error instanceof Error ? error.message : String(error), cause: undefined });
    });
    return call;
  }

  async #route(call: Call, dialled: readonly AliasAddress[], options: CallOptions): Promise<void> {
    let destination = dialled;
    let to = options.address;
    let tlsTo: SocketAddress | undefined;
    if (options.sendArq ?? this.#registration !== undefined) {
      const admission = await this.#admit(call, dialled, this.identity.aliases, options.address, undefined, options.bandwidth);
      if (!admission.admitted) {
        call.fail({ by: 'gatekeeper', reason: admission.reason, cause: undefined });
        return;
      }
      destination = admission.destination ?? dialled;
      to = options.address ?? admission.to;
      // A gatekeeper that routes calls has said where it takes them over TLS when it confirmed the registration.
      const ofGatekeeper = admission.gatekeeperRouted ? this.registration.gatekeeperTlsAddress : undefined;
      tlsTo = this.#options.tls && !options.address ? (admission.tlsTo ?? ofGatekeeper) : undefined;
    }
    if (call.ended) return;
    if (options.over?.signalling) {
      call.start(options.over.signalling, destination, options.setup ?? {});
      return;
    }
    const secure = options.secure ?? tlsTo !== undefined;
    const where = secure ? (tlsTo ?? to) : to;
    if (!where) throw new Error('There is neither a gatekeeper to ask nor an address to call');
    const connection = await this.connect(where, secure);
    const channel = new SignallingChannel(connection, true, (message, on) => this.#setup(message, on));
    if (call.ended) connection.destroy();
    else call.start(channel, destination, options.setup ?? {});
  }

  async #admit(
    call: Call,
    destination: readonly AliasAddress[],
    source: readonly AliasAddress[],
    destinationAddress: SocketAddress | undefined,
    sourceAddress: SocketAddress | undefined,
    bandwidth = DEFAULT_BANDWIDTH,
  ): Promise<Admission> {
    const { callReference, callIdentifier, conferenceId } = call;
    const admission = await askAdmission(this.registration, {
      callReference,
      callIdentifier,
      conferenceId,
      answer: !call.originated,
      destination,
      source,
      sourceAddress,
      destinationAddress,
      bandwidth,
      tlsAddress: this.tlsAddress,
    });
    if (admission.admitted) this.#admitted.add(call);
    // The call ended while we asked: what was given is given back.
    if (admission.admitted && call.ended) this.#disengage(call);
    return admission;
  }

  accept(connection: SignallingConnection): void {
    new SignallingChannel(connection, false, (message, channel) => this.#setup(message, channel));
  }

  #setup({ q931, uuie }: H225Message, channel: SignallingChannel): void {
    const pdu = uuie?.['h323-uu-pdu'];
    const body = pdu?.['h323-message-body'];
    if (body?.type !== 'setup' || this.#calls.size >= MAX_CALLS) {
      channel.strays++;
      return;
    }
    const call = new Call({
      host: this,
      settings: this.#settings,
      callReference: q931.callReference,
      callIdentifier: Buffer.from(body.value.callIdentifier?.guid ?? randomBytes(16)),
      conferenceId: Buffer.from(body.value.conferenceID),
      setup: { body: body.value, tunnelling: pdu?.h245Tunneling ?? false },
    });
    this.#calls.set(idOf(call), call);
    this.incoming.push(call);
    if (this.incoming.length > 100) this.incoming.shift();
    call.attach(channel);
    call.sendProceeding();
    this.#take(call, body.value, channel).catch((error: unknown) => {
      call.fail({ by: 'us', reason: error instanceof Error ? error.message : String(error), cause: undefined });
    });
  }

  async #take(call: Call, setup: SetupBody, channel: SignallingChannel): Promise<void> {
    if (this.registered) {
      const source = setup.sourceAddress ?? [];
      const admission = await this.#admit(call, this.identity.aliases, source, this.signalAddress, channel.connection.remote);
      if (!admission.admitted) {
        // What a caller hears of an ARJ, or of no answer to ARQ, at the called side (H.225.0 §7.3.5).
        call.hangUp({ type: admission.reason === 'silent' ? 'unreachableGatekeeper' : 'noPermission', value: null });
        return;
      }
    }
    if (!call.ended) this.#onIncoming(call);
  }

  connect(to: SocketAddress, secure: boolean): Promise<SignallingConnection> {
    const { address, tls, connectTimeoutMs = 5000 } = this.#options;
    if (secure && !tls) return Promise.reject(new Error('This endpoint was started without TLS'));
    return this.#opened(SignallingConnection.connect({ to, from: address, tls: secure ? tls : undefined, timeoutMs: connectTimeoutMs }));
  }

  listenForH245(onConnection: (connection: SignallingConnection) => void): Promise<SignallingListener> {
    const taken = (connection: SignallingConnection) => {
      this.#keep(connection);
      onConnection(connection);
    };
    return SignallingListener.open({ address: this.#options.address, port: 0, onConnection: taken });
  }

  async #opened(opening: Promise<SignallingConnection>): Promise<SignallingConnection> {
    const connection = await opening;
    if (this.#closed) connection.destroy();
    else this.#keep(connection);
    return connection;
  }

  /** So that `close` can close it. */
  #keep(connection: SignallingConnection): void {
    this.#connections.add(connection);
    connection.whenClosed(() => this.#connections.delete(connection));
  }

  random(size: number): Buffer {
    return randomBytes(size);
  }

  askBandwidth(call: Call, bandwidth: number): Promise<BandwidthAnswer> {
    const { callReference, callIdentifier, conferenceId } = call;
    return askBandwidth(this.registration, { callReference, callIdentifier, conferenceId, answer: !call.originated }, bandwidth);
  }

  redirect(_call: Call, aliases: readonly AliasAddress[], address: SocketAddress | undefined): Call {
    return this.#place(aliases, address ? { address } : {});
  }

  ended(call: Call, end: CallEnd): void {
    if (this.#calls.get(idOf(call)) === call) this.#calls.delete(idOf(call));
    // A gatekeeper that ended the call by DRQ knows.
    if (this.#admitted.has(call) && end.by !== 'gatekeeper') this.#disengage(call);
  }

  #disengage(call: Call): void {
    this.#admitted.delete(call);
    if (!this.#registration || this.#closed) return;
    const { callReference, callIdentifier, conferenceId } = call;
    const asked = disengage(this.#registration, { callReference, callIdentifier, conferenceId, answer: !call.originated });
    // Whether it was heard makes no difference to us.
    asked.catch(() => undefined);
  }

  hasCall(callIdentifier: Uint8Array): boolean {
    return this.callWith(callIdentifier) !== undefined;
  }

  /** The call with this identifier; of two (it calls itself) the one that came. */
  callWith(callIdentifier: Uint8Array): Call | undefined {
    const hex = Buffer.from(callIdentifier).toString('hex');
    return this.#calls.get(`${hex} in`) ?? this.#calls.get(`${hex} out`);
  }

  /** What the gatekeeper asks of us. */
  asked(message: RasMessage, from: SocketAddress): void {
    if (message.type === 'infoRequest') this.irqs++;
    if (message.type === 'infoRequest' && this.#options.respondToIrq === false) return;
    answerGatekeeper(this, message, from);
  }

  #nextCallReference(): number {
    this.#callReference = (this.#callReference % MAX_CALL_REFERENCE) + 1;
    return this.#callReference;
  }
}

function answerAtOnce(call: Call): void {
  call.alert();
  call.answer().catch((error: unknown) => call.fail({ by: 'us', reason: String(error), cause: undefined }));
}

function idOf(call: Call): string {
  return `${call.callIdentifier.toString('hex')} ${call.originated ? 'out' : 'in'}`;
}
