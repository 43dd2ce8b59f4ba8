import { EventEmitter } from 'node:events';
import type { Timer } from '../../clock.js';
import type { AliasAddress, H323UUPDU } from '../../gatekeeper/h323/asn1/h225.js';
import type { MultimediaSystemControlMessage } from '../../gatekeeper/h323/asn1/h245.js';
import type { H225Message } from '../../gatekeeper/h323/q931/h225-message.js';
import { callStates, causeOf } from '../../gatekeeper/h323/q931/information-elements.js';
import { aliasText, type SocketAddress, socketAddress, transportAddress } from './addresses.js';
import type { BandwidthAnswer } from './call-admission.js';
import type { CallHost, CallSettings } from './call-host.js';
import { CallMedia } from './call-media.js';
import {
  type ConnectBody,
  type FacilityBody,
  facilityMessage,
  progressMessage,
  type ReleaseReason,
  releaseMessage,
  type SetupBody,
  setupMessage,
  statusMessage,
} from './call-messages.js';
import { type CallEnd, CallProgress, FORWARDED } from './call-progress.js';
import type { LogicalChannel } from './h245/logical-channels.js';
import { H225_VERSION } from './identity.js';
import type { SignallingChannel } from './signalling-channel.js';

export interface CallEvents {
  /** Every message of call signalling, in both directions. */
  message: [message: H225Message, direction: 'in' | 'out'];
  /** Every message of H.245, in both directions. */
  h245: [message: MultimediaSystemControlMessage, direction: 'in' | 'out'];
  channel: [channel: LogicalChannel];
  userInput: [text: string];
  /** A Facility with a body, or with supplementary services (H.450), each as its bytes. */
  facility: [body: FacilityBody | undefined, services: readonly Uint8Array[]];
}

export interface CallStart {
  readonly host: CallHost;
  readonly settings: CallSettings;
  readonly callReference: number;
  readonly callIdentifier: Buffer;
  readonly conferenceId: Buffer;
  /** The Setup that came, and whether its sender tunnels; undefined: we call. */
  readonly setup: { readonly body: SetupBody; readonly tunnelling: boolean } | undefined;
}

/** Of Q.850. */
const NORMAL_CLEARING = 16;
const NO_ANSWER = 19;
const INTERWORKING = 127;
const MAX_USER_INPUT = 1024;

/** One call of an endpoint, made or taken. Its milestones are promises that nobody has to wait for; `released` is always reached. */
export class Call extends EventEmitter<CallEvents> {
  readonly callReference: number;
  readonly callIdentifier: Buffer;
  readonly conferenceId: Buffer;
  /** Whether we made it. */
  readonly originated: boolean;
  /** The Setup that came. */
  readonly setup: SetupBody | undefined;
  /** What we received as user input. */
  userInput = '';
  readonly #host: CallHost;
  readonly #settings: CallSettings;
  readonly #progress = new CallProgress();
  readonly #media: CallMedia;
  #channel: SignallingChannel | undefined;
  #timer: Timer | undefined;
  #end: CallEnd | undefined;
  #tunnelling: boolean;
  #answered = false;

  constructor({ host, settings, callReference, callIdentifier, conferenceId, setup }: CallStart) {
    super();
    this.#host = host;
    this.#settings = settings;
    this.callReference = callReference;
    this.callIdentifier = callIdentifier;
    this.conferenceId = conferenceId;
    this.originated = setup === undefined;
    this.setup = setup?.body;
    this.#tunnelling = settings.h245 !== 'separate' && (setup?.tunnelling ?? true);
    this.#media = new CallMedia(host, settings, this.#mediaUser());
  }

  /** CallProceeding, or anything later, came or was sent. */
  get proceeding(): Promise<void> {
    return this.#progress.proceeding.promise;
  }

  get alerting(): Promise<void> {
    return this.#progress.alerting.promise;
  }

  /** Connect came or was sent. */
  get connected(): Promise<ConnectBody> {
    return this.#progress.connected.promise;
  }

  /** Capabilities and roles are agreed (H.245). After fast start only once something needs H.245. */
  get h245Agreed(): Promise<void> {
    return this.#progress.agreed.promise;
  }

  /** Each medium that both have has an open channel each way. */
  get mediaReady(): Promise<void> {
    return this.#progress.mediaReady.promise;
  }

  get released(): Promise<CallEnd> {
    return this.#progress.released.promise;
  }

  /** The call that took this one's place, when the other side sent us elsewhere (Facility, callForwarded). */
  get transferred(): Promise<Call> {
    return this.#progress.transferred.promise;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** The Diffie-Hellman secret of both ends (H.235.6); undefined: the call is not encrypted. */
  get sharedSecret(): Buffer | undefined {
    return this.#media.secret;
  }

  get channels(): readonly LogicalChannel[] {
    return this.#media.channels;
  }

  /** Problems of H.245, as sentences. */
  get h245Problems(): readonly string[] {
    return this.#media.problems;
  }

  /** How H.245 went; undefined: not at all so far. */
  get h245Way(): 'tunnelled' | 'separate' | undefined {
    return this.#media.h245Way;
  }

  get signalling(): SignallingChannel | undefined {
    return this.#channel;
  }

  /** Who calls, as the Setup names him; our own aliases when it is we. */
  get callingAliases(): readonly string[] {
    const aliases = this.setup ? (this.setup.sourceAddress ?? []) : this.#host.identity.aliases;
    return aliases.flatMap((alias) => aliasText(alias) ?? []);
  }

  /** Sends the Setup of a call that we make. */
  start(channel: SignallingChannel, destination: readonly AliasAddress[], extra: Partial<SetupBody>): void {
    if (this.#end) return;
    this.#channel = channel;
    channel.add(this);
    const { identity, endpointIdentifier } = this.#host;
    const body: SetupBody = {
      protocolIdentifier: H225_VERSION,
      sourceAddress: identity.aliases,
      sourceInfo: identity.endpointType,
      destinationAddress: destination.length > 0 ? destination : undefined,
      destCallSignalAddress: transportAddress(channel.connection.remote),
      activeMC: false,
      conferenceID: this.conferenceId,
      conferenceGoal: { type: 'create', value: null },
      callType: { type: 'pointToPoint', value: null },
      sourceCallSignalAddress: transportAddress(channel.connection.local),
      callIdentifier: { guid: this.callIdentifier },
      ...this.#media.offer(),
      mediaWaitForConnect: false,
      canOverlapSend: false,
      endpointIdentifier,
      multipleCalls: false,
      maintainConnection: false,
      ...extra,
    };
    this.#transmit(setupMessage(this.#reference, body, { h245Tunneling: this.#tunnelling }, identity));
    this.#arm(this.#settings.setupTimeoutMs, 'nobody answered the Setup');
  }

  /** Takes a call that came by this connection. */
  attach(channel: SignallingChannel): void {
    this.#channel = channel;
    channel.add(this);
    this.#arm(this.#settings.alertingTimeoutMs, 'nobody answered the call');
  }

  sendProceeding(): void {
    if (this.#end || this.#answered) return;
    this.#send({ type: 'callProceeding', value: this.#head });
    this.#progress.proceeding.reach();
  }

  alert(): void {
    if (this.#end || this.#answered) return;
    this.#send({ type: 'alerting', value: this.#head });
    this.#progress.alerting.reach();
  }

  /** Connect, with what the mode and the Setup ask for: keys, channels of fast start, tunnelled H.245, or an address for it. */
  async answer(extra: Partial<ConnectBody> = {}): Promise<void> {
    if (this.#end || this.#answered || this.originated) return;
    this.#answered = true;
    const tokens = this.#media.answerKeys(this.setup?.tokens);
    if (!this.#media.acceptable) {
      this.hangUp({ type: 'securityDenied', value: null }, INTERWORKING);
      return;
    }
    const fastStart = this.#media.answerFastStart(this.setup?.fastStart);
    const h245Address = this.#tunnelling ? undefined : await this.#media.listenForH245();
    // While a port was opened the call may have ended.
    if (this.ended) return;
    const value: ConnectBody = {
      ...this.#head,
      h245Address,
      conferenceID: this.conferenceId,
      tokens,
      fastStart,
      fastConnectRefused: this.setup?.fastStart && !fastStart ? null : undefined,
      ...extra,
    };
    this.#send({ type: 'connect', value }, this.#tunnelling && !fastStart ? this.#media.control.beginTunnelled() : undefined);
    this.#timer?.cancel();
    this.#progress.connect(value);
    if (fastStart) this.#progress.mediaReady.reach();
  }

  /** ReleaseComplete, and DRQ. Default: normal clearing. */
  hangUp(reason?: ReleaseReason, cause: number = NORMAL_CLEARING): void {
    this.#release({ by: 'us', reason: reason?.type, cause }, reason);
  }

  /** Cuts the TCP connection without a word, as when a machine dies. */
  drop(): void {
    this.#channel?.connection.destroy();
  }

  sendUserInput(text: string): void {
    if (!this.#end) this.#media.control.sendUserInput(text);
  }

  /** Begins H.245 where fast start made it unnecessary. */
  beginH245(): void {
    if (!this.#end) this.#media.control.begin();
  }

  /** An H.245 message of the caller's own making. */
  sendH245(message: MultimediaSystemControlMessage): void {
    if (!this.#end) this.#media.control.send(message);
  }

  /** Tells the other side to call elsewhere (H.323 §8.4.7): Facility, callForwarded. */
  transfer(target: { readonly alias?: AliasAddress; readonly address?: SocketAddress }): void {
    this.sendFacility({
      reason: { type: 'callForwarded', value: null },
      alternativeAddress: target.address && transportAddress(target.address),
      alternativeAliasAddress: target.alias && [target.alias],
    });
  }

  /** `services`: supplementary services of H.450, each as its bytes. Without `body` they travel alone. */
  sendFacility(body: (Partial<FacilityBody> & Pick<FacilityBody, 'reason'>) | undefined, services?: readonly Uint8Array[]): void {
    if (this.#end) return;
    const whole = body && { protocolIdentifier: H225_VERSION, callIdentifier: { guid: this.callIdentifier }, ...body };
    const extras = { h245Tunneling: this.#tunnelling, h4501SupplementaryService: services };
    this.#transmit(facilityMessage(this.#reference, whole, extras));
  }

  /** Any message of call signalling within this call; its reference is put right. */
  sendMessage(message: H225Message): void {
    if (!this.#end) this.#transmit({ ...message, q931: { ...message.q931, ...this.#reference } });
  }

  /** BRQ, in 100 bit/s. */
  requestBandwidth(bandwidth: number): Promise<BandwidthAnswer> {
    return this.#host.askBandwidth(this, bandwidth);
  }

  /** Ends a call without a word to the other side: mostly before there is one. */
  fail(end: CallEnd): void {
    this.#finish(end);
  }

  /** The gatekeeper ends the call (DRQ). */
  disengaged(): void {
    this.#release({ by: 'gatekeeper', reason: 'forcedDrop', cause: NORMAL_CLEARING }, undefined);
  }

  connectionLost(): void {
    this.#finish({ by: 'network', reason: 'the signalling connection was lost', cause: undefined });
  }

  received(message: H225Message): void {
    if (this.#end) return;
    this.emit('message', message, 'in');
    const pdu = message.uuie?.['h323-uu-pdu'];
    if (message.q931.type === 'releaseComplete') {
      const body = pdu?.['h323-message-body'];
      const reason = body?.type === 'releaseComplete' ? body.value.reason?.type : undefined;
      this.#finish({ by: 'them', reason, cause: causeOf(message.q931)?.value });
      return;
    }
    if (!pdu) return;
    this.#read(pdu);
    if (pdu.h245Control && !this.ended) this.#media.control.receive(pdu.h245Control);
  }

  #read(pdu: H323UUPDU): void {
    const body = pdu['h323-message-body'];
    switch (body.type) {
      case 'callProceeding':
      case 'alerting':
        this.#arm(this.#settings.alertingTimeoutMs, 'nobody answered the call');
        this.#progress.proceeding.reach();
        if (body.type === 'alerting') this.#progress.alerting.reach();
        this.#media.learn(body.value);
        break;
      case 'progress':
        this.#media.learn(body.value);
        break;
      case 'connect':
        this.#connect(body.value, pdu.h245Tunneling ?? false);
        break;
      case 'facility':
        this.#facility(body.value, pdu.h4501SupplementaryService ?? []);
        break;
      case 'statusInquiry': {
        const value = { protocolIdentifier: H225_VERSION, callIdentifier: { guid: this.callIdentifier } };
        const state = this.#progress.connected.settled ? callStates.active : callStates.callInitiated;
        this.#transmit(statusMessage(this.#reference, { type: 'status', value }, state, { h245Tunneling: this.#tunnelling }));
        break;
      }
      case 'empty':
        if (pdu.h4501SupplementaryService) this.emit('facility', undefined, pdu.h4501SupplementaryService);
        break;
      default:
        break;
    }
  }

  /** Connect alone says for good whether the other end tunnels: what comes before may be of a gatekeeper's making (H.323 §8.2.1). */
  #connect(body: ConnectBody, tunnelling: boolean): void {
    this.#timer?.cancel();
    this.#media.learn(body);
    if (!this.#media.acceptable) {
      this.hangUp({ type: 'securityDenied', value: null }, INTERWORKING);
      return;
    }
    this.#tunnelling &&= tunnelling;
    this.#progress.connect(body);
    if (this.#media.fastStarted) this.#progress.mediaReady.reach();
    else if (this.#tunnelling) this.#media.control.begin();
    else this.#media.connectH245();
  }

  #facility(body: FacilityBody, services: readonly Uint8Array[]): void {
    this.emit('facility', body, services);
    this.#media.learn({ h245Address: body.h245Address });
    if (body.reason.type === 'startH245') this.#media.connectH245();
    if (body.reason.type !== 'callForwarded' && body.reason.type !== 'routeCallToGatekeeper') return;
    const address = socketAddress(body.alternativeAddress);
    const aliases = body.alternativeAliasAddress ?? [];
    if (!this.#settings.followTransfers || (!address && aliases.length === 0)) return;
    this.hangUp({ type: FORWARDED, value: null });
    this.#progress.transferred.reach(this.#host.redirect(this, aliases, address));
  }

  #mediaUser() {
    const call = this;
    return {
      get ended() {
        return call.ended;
      },
      tunnel: (h245Control: readonly Buffer[]) =>
        this.#transmit(facilityMessage(this.#reference, undefined, { h245Tunneling: true, h245Control })),
      agreed: () => this.#progress.agreed.reach(),
      mediaReady: () => this.#progress.mediaReady.reach(),
      channel: (channel: LogicalChannel) => void this.emit('channel', channel),
      input: (text: string) => {
        this.userInput = (this.userInput + text).slice(-MAX_USER_INPUT);
        this.emit('userInput', text);
      },
      traced: (message: MultimediaSystemControlMessage, direction: 'in' | 'out') => void this.emit('h245', message, direction),
    };
  }

  get #reference() {
    return { callReference: this.callReference, fromDestination: !this.originated };
  }

  get #head() {
    return {
      protocolIdentifier: H225_VERSION,
      destinationInfo: this.#host.identity.endpointType,
      callIdentifier: { guid: this.callIdentifier },
      multipleCalls: false,
      maintainConnection: false,
    };
  }

  #send(body: Parameters<typeof progressMessage>[1], h245Control?: readonly Buffer[]): void {
    const extras = { h245Tunneling: this.#tunnelling, h245Control };
    this.#transmit(progressMessage(this.#reference, body, extras, this.#host.identity.displayName));
  }

  #transmit(message: H225Message): void {
    if (!this.#channel) return;
    this.#channel.send(message);
    this.emit('message', message, 'out');
  }

  #arm(ms: number, why: string): void {
    this.#timer?.cancel();
    if (this.#progress.connected.settled) return;
    this.#timer = this.#host.clock.after(ms, () => this.#release({ by: 'network', reason: why, cause: NO_ANSWER }, undefined));
  }

  #release(end: CallEnd, reason: ReleaseReason | undefined): void {
    if (this.#end) return;
    const last = this.#media.end();
    if (this.#channel) {
      const body = { protocolIdentifier: H225_VERSION, reason, callIdentifier: { guid: this.callIdentifier } };
      const extras = { h245Tunneling: this.#tunnelling, h245Control: last.length > 0 ? last : undefined };
      this.#transmit(releaseMessage(this.#reference, body, end.cause ?? NORMAL_CLEARING, extras));
    }
    this.#finish(end);
  }

  #finish(end: CallEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#timer?.cancel();
    this.#media.end();
    this.#channel?.remove(this);
    this.#progress.end(end);
    this.#host.ended(this, end);
  }
}
