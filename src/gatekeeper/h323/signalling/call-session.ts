import type { Timer } from '../../../clock.js';
import type { Call } from '../../calls/call.js';
import { type ReasonCode, type RefusalCode, refusals } from '../../calls/reasons.js';
import type { TransportAddress } from '../asn1/h225.js';
import { halfKeyIn } from '../h235/dh-groups.js';
import { contentOf } from '../q931/element.js';
import type { H225Message } from '../q931/h225-message.js';
import { callState, callStates, cause, progressIndicator } from '../q931/information-elements.js';
import { transportAddress } from '../ras/transport-address.js';
import { type Attempt, type OutgoingSetup, releaseIn } from './attempt.js';
import { type Caller, partyOf } from './caller.js';
import type { SignallingContext } from './context.js';
import type { H245Party } from './h245-address.js';
import type { Side } from './h245-relay.js';
import { H245Way } from './h245-way.js';
import { h245AddressOf, MAX_HOPS, passedOn, passedOnSetup, termsOf, tokensOf } from './hop-by-hop.js';
import { Hunt, type HuntOutcome, type HuntOwner, type Refused } from './hunt.js';
import type { IncomingSetup, Routes } from './incoming-setup.js';
import type { Leg, LegOwner, LegRelease } from './leg.js';
import { MediaPolicy, mediaDemand } from './media-policy.js';
import { calledAs, carriesMore, withoutUserUser } from './message-content.js';
import { MessageQueue } from './message-queue.js';
import { ownProceeding, ownStatus, progressOf } from './own-messages.js';
import { causeOf, endingOf, releaseOf } from './release-reasons.js';
import { ownIdentity } from './shown-identity.js';
import type { CallTarget } from './targets.js';

/** The caller hears from us by then, whatever the routes do: T303 of most stacks is 4 s. */
const PROCEEDING_MS = 1_000;
/** What the caller may say before a target has the Setup. */
const MAX_EARLY = 32;
/** Messages of one direction that wait for an H.245 port. */
const MAX_QUEUED = 64;
/** Tokens of one called side that are judged, by the weakest half key: stacks repeat some nine in each of its messages. More ends the call. */
const MAX_TOKENS = 64;
/** A DRQ may overtake the Release Complete that goes with it. */
const DISENGAGE_GRACE_MS = 2_000;
/** Q.850. */
const NORMAL_CLEARING = 16;
const NO_ANSWER = 19;
const TEMPORARY_FAILURE = 41;
const STATUS_RESPONSE = 30;
/** Q.931 §4.5.23: a Progress must say why. */
const NOT_END_TO_END_ISDN = 1;

export interface CallPlan {
  readonly caller: Caller;
  readonly dialled: string;
  readonly resolution: Routes;
}

/**
 * One call in the gatekeeper-routed model (H.323 §8.1.2 ff.): the caller's leg, the hunt for one who answers, and then two legs between which
 * everything passes. It lives until `#finish`, which writes the record exactly once; whoever ends it tells both parties first.
 */
export class CallSession implements LegOwner, HuntOwner {
  readonly call: Call;
  readonly callId: string;
  readonly #context: SignallingContext;
  readonly #identifier: Uint8Array;
  readonly #plan: CallPlan;
  readonly #leg: Leg;
  readonly #setup: H225Message;
  readonly #incoming: IncomingSetup;
  readonly #media: MediaPolicy;
  readonly #h245: H245Way;
  readonly #fromCaller: MessageQueue;
  readonly #fromCallee: MessageQueue;
  readonly #arrived = performance.now();
  /** What the caller said while the call could still go to another target, which must hear it too. */
  #early: H225Message[] = [];
  #hunt: Hunt | undefined;
  #callee: Attempt | undefined;
  /** The caller got a Call Proceeding: a second one would be an error. */
  #proceeded = false;
  #alerted = false;
  /** The Setup was sent on at least once. */
  #forwarded = false;
  #over = false;
  #proceeding: Timer | undefined;
  /** T310, then T301. */
  #waiting: Timer | undefined;
  /** By endpoint. */
  readonly #disengaging = new Map<string, Timer>();

  constructor(context: SignallingContext, leg: Leg, message: H225Message, incoming: IncomingSetup, plan: CallPlan) {
    this.#context = context;
    this.#leg = leg;
    this.#setup = message;
    this.#incoming = incoming;
    this.#identifier = incoming.identifier;
    this.#plan = plan;
    this.callId = incoming.callId;
    this.#media = new MediaPolicy(plan.caller.zone, incoming.setup);
    const onFault = (error: unknown) => this.onFault(error);
    this.#fromCaller = new MessageQueue(MAX_QUEUED, onFault);
    this.#fromCallee = new MessageQueue(MAX_QUEUED, onFault);
    this.#h245 = new H245Way({
      context,
      callId: this.callId,
      party: (side) => this.#party(side),
      inspect: (payload, from) => !this.#over && !this.#insecure(this.#media.h245(payload, this.#nameOf(from)), from),
    });
    this.call = context.calls.begin({ caller: partyOf(plan.caller), dialled: plan.dialled, signallingId: this.callId });
    leg.owner = this;
    leg.callId = this.callId;
    context.sessions.add(this);
    // The admission of another must outlive a Setup that only borrowed its identifier.
    if (context.admissions.find(incoming.admissionId)?.endpointId === plan.caller.endpoint?.id)
      context.admissions.take(incoming.admissionId);
  }

  /** Ids of the registered endpoints that take part or are being rung. */
  get endpoints(): readonly string[] {
    const ids = [this.#plan.caller.endpoint?.id, this.#target?.target.endpointId];
    return ids.filter((id) => id !== undefined);
  }

  /** The hop count that its Setup went on with. */
  get hopsLeft(): number {
    return (this.#incoming.setup.hopCount ?? MAX_HOPS) - 1;
  }

  get answered(): boolean {
    return this.#callee !== undefined;
  }

  /** Who answered, or is being called now. */
  get #target(): Attempt | undefined {
    return this.#callee ?? this.#hunt?.current;
  }

  async run(): Promise<void> {
    const { resolution } = this.#plan;
    const terms = termsOf({ type: 'setup', value: this.#incoming.setup });
    this.#context.legs.learn(this.#leg, terms);
    const [route] = resolution.routes;
    const zone = route && 'zone' in route ? route.zone.id : 'meetings';
    const callee = { zone, organisation: resolution.organisation?.id, alias: resolution.key, protocol: 'h323' } as const;
    const refusal = await this.call.admit(callee);
    if (this.#over) return;
    if (this.call.ended) {
      this.#refuse('overloaded', undefined);
      return;
    }
    if (refusal) {
      this.#refuse(refusal, undefined);
      return;
    }
    if (this.#insecure(this.#media.message(this.#setup.uuie, this.#nameOf('caller')), 'caller')) return;
    this.#proceeding = this.#context.clock.after(PROCEEDING_MS, () => this.#proceed());
    const called = { alias: resolution.key, callIdentifier: this.callId };
    this.#hunt = new Hunt(this.#context, resolution.routes, { identifier: this.#identifier, called }, this);
    this.#hunt.start();
  }

  /** Ends the call for both sides: an operator, a stop, or the gatekeeper itself. */
  terminate(reason: ReasonCode, release: Pick<LegRelease, 'reason' | 'cause' | 'text'>, detail?: string): void {
    if (this.#over) return;
    const full = { ...release, callIdentifier: this.#identifier };
    this.#leg.release(full);
    this.#endCallee(full);
    this.#finish(reason, release.cause, detail);
  }

  /** The endpoint said by DRQ that the call is over for it (H.225.0 §7.12). Its Release Complete may still be on its way. */
  disengaged(endpointId: string): void {
    if (this.#over || this.#disengaging.has(endpointId) || !this.endpoints.includes(endpointId)) return;
    const timer = this.#context.clock.after(DISENGAGE_GRACE_MS, () => {
      this.#disengaging.delete(endpointId);
      // A gateway that said no and the one after it: the call goes on without the first.
      if (!this.endpoints.includes(endpointId)) return;
      const unanswered = endpointId === this.#plan.caller.endpoint?.id ? 'callerCancelled' : 'calleeDeclined';
      this.terminate(this.answered ? 'completed' : unanswered, { reason: 'undefinedReason', cause: NORMAL_CLEARING });
    });
    this.#disengaging.set(endpointId, timer);
  }

  // The caller's leg.

  onMessage(_leg: Leg, message: H225Message): void {
    if (this.#over) return;
    if (message.q931.type === 'releaseComplete') {
      this.#callerReleased(message);
      return;
    }
    if (!this.#fromCaller.run(() => this.#callerSaid(message))) this.#tooMuch();
  }

  onLost(_leg: Leg, why: string): void {
    if (this.#over) return;
    this.#endCallee({ reason: 'undefinedReason', cause: TEMPORARY_FAILURE, callIdentifier: this.#identifier });
    if (this.answered) this.#finish('connectionLost', TEMPORARY_FAILURE, `The caller's signalling connection broke: ${why}`);
    else this.#finish('callerCancelled', TEMPORARY_FAILURE, `The caller's signalling connection broke: ${why}`);
  }

  /** What waits for a port does not go out any more: it concerns nobody. */
  #callerReleased(message: H225Message): void {
    const elements = withoutUserUser(message.q931.elements);
    const uuie = message.uuie && passedOn(message.uuie, undefined);
    this.#hunt?.settle();
    const attempt = this.#target;
    attempt?.endWith(elements, uuie);
    const release = releaseIn(message);
    this.#finish(this.answered ? 'completed' : 'callerCancelled', causeOf(release) ?? NORMAL_CLEARING);
  }

  #callerSaid(message: H225Message): Promise<void> | undefined {
    if (this.#over) return undefined;
    if (message.q931.type === 'setup') return undefined;
    this.#learn(this.#leg, message);
    const attempt = this.#target;
    if (message.q931.type === 'statusInquiry' && !attempt?.heard) {
      this.#leg.send('status', [cause(STATUS_RESPONSE), callState(callStates.callInitiated)], ownStatus(this.#identifier));
      return undefined;
    }
    if (this.#insecure(this.#media.message(message.uuie, this.#nameOf('caller')), 'caller')) return undefined;
    if (!attempt?.committed && !this.answered) {
      if (this.#early.length < MAX_EARLY) this.#early.push(message);
      else if (attempt?.sent) attempt.committed = true;
      else {
        this.#tooMuch();
        return undefined;
      }
    }
    return attempt?.sent && attempt.leg ? this.#pass(message, 'caller', attempt.leg) : undefined;
  }

  // The hunt.

  trying(target: CallTarget): void {
    this.call.trying(target.label);
    this.#media.goesTo(target.zone);
    // T310 and the H.245 ports were those of the target before.
    this.#waiting?.cancel();
    this.#waiting = undefined;
    this.#h245.reset();
  }

  mayGo(target: CallTarget): Refused | undefined {
    const detail = mediaDemand(target.zone, this.#incoming.setup, this.call.attempt.caller.alias);
    return detail === undefined ? undefined : { refusal: 'mediaNotEncrypted', detail };
  }

  async setupFor(attempt: Attempt, leg: Leg): Promise<OutgoingSetup> {
    const { setup } = this.#incoming;
    const { target } = attempt;
    const h245Address = setup.h245Address && (await this.#routed(setup.h245Address, 'caller', leg));
    const { uuie, q931 } = this.#setup;
    if (!uuie) throw new Error('A Setup without a user-user element got this far');
    const keepDestination = this.#plan.dialled === target.alias && (setup.destinationAddress?.length ?? 0) > 0;
    return {
      elements: calledAs(q931.elements, this.#setup, target.alias),
      uuie: passedOnSetup(uuie, setup, {
        alias: target.alias,
        keepDestination,
        target: transportAddress(target.address),
        own: transportAddress(this.#context.ownAddress(leg.connection)),
        h245Address,
      }),
    };
  }

  onSent(attempt: Attempt): void {
    if (!this.#forwarded) this.#context.observer.forwarded(performance.now() - this.#arrived);
    this.#forwarded = true;
    const { leg } = attempt;
    if (!leg) return;
    for (const message of this.#early) {
      // By its turn the call may have gone on to another target, which hears it by itself.
      this.#fromCaller.run(() => (attempt.leg === leg && attempt === this.#target ? this.#pass(message, 'caller', leg) : undefined));
    }
  }

  onExhausted(outcome: HuntOutcome): void {
    if (this.#over) return;
    if (outcome.kind === 'refused') {
      this.#refuse(outcome.refusal, outcome.detail);
      return;
    }
    const { message, release } = outcome;
    this.#leg.send('releaseComplete', withoutUserUser(message.q931.elements), message.uuie && passedOn(message.uuie, undefined));
    this.#finish(endingOf(release), causeOf(release));
  }

  onFault(error: unknown): void {
    this.#context.observer.fault(error, this.callId);
    if (!this.#over) this.#refuse('internalError', undefined);
  }

  // The called side.

  onGone(_attempt: Attempt, how: { readonly message: H225Message } | { readonly lost: string }): void {
    if (this.#over) return;
    if ('lost' in how) {
      this.#leg.release({ reason: 'undefinedReason', cause: TEMPORARY_FAILURE, callIdentifier: this.#identifier });
      this.#finish('connectionLost', TEMPORARY_FAILURE, `The called party's signalling connection broke: ${how.lost}`);
      return;
    }
    const { message } = how;
    this.#leg.send('releaseComplete', withoutUserUser(message.q931.elements), message.uuie && passedOn(message.uuie, undefined));
    this.#finish('completed', causeOf(releaseIn(message)) ?? NORMAL_CLEARING);
  }

  onReply(attempt: Attempt, message: H225Message): void {
    if (this.#over) return;
    if (!this.#fromCallee.run(() => this.#calleeSaid(attempt, message))) this.#tooMuch();
  }

  #calleeSaid(attempt: Attempt, message: H225Message): Promise<void> | undefined {
    // It may have been left for another while the message waited.
    if (this.#over || (attempt !== this.#callee && attempt !== this.#hunt?.current)) return undefined;
    if (attempt.leg) this.#learn(attempt.leg, message);
    const body = message.uuie?.['h323-uu-pdu']['h323-message-body'];
    const tokens = body && tokensOf(body);
    // A Connect may carry tokens for the hop alone, after the keys came in an earlier message.
    if (tokens?.some(halfKeyIn)) {
      attempt.tokens = [...(attempt.tokens ?? []), ...tokens];
      if (attempt.tokens.length > MAX_TOKENS) {
        this.#tooMuch();
        return undefined;
      }
    }
    if (this.#insecure(this.#media.message(message.uuie, this.#nameOf('callee')), 'callee')) return undefined;
    // Whatever it says first ends T303, and from then on its time is bounded by T310.
    if (!this.answered && !this.#waiting) this.#wait(this.#context.timers.establishmentMs);
    switch (message.q931.type) {
      case 'callProceeding':
        return this.#calleeProceeds(attempt, message);
      case 'alerting':
        attempt.committed = true;
        this.#rings();
        break;
      case 'connect':
        if (!this.#calleeAnswers(attempt, message)) return undefined;
        break;
      case 'progress':
        // Q.931 §5.2.4.2: an announcement is being played, T310 ends.
        attempt.committed = true;
        if (!this.answered && !this.#alerted) this.#wait(this.#context.timers.alertingMs);
        break;
      default:
        if (carriesMore(message.uuie)) attempt.committed = true;
    }
    return this.#pass(message, 'callee', this.#leg);
  }

  #calleeProceeds(attempt: Attempt, message: H225Message): Promise<void> | undefined {
    const more = carriesMore(message.uuie);
    if (more) attempt.committed = true;
    if (!this.#proceeded) {
      this.#proceeded = true;
      this.#proceeding?.cancel();
      return this.#pass(message, 'callee', this.#leg);
    }
    const { uuie, q931 } = message;
    const body = uuie?.['h323-uu-pdu']['h323-message-body'];
    if (!more || body?.type !== 'callProceeding' || !uuie) return undefined;
    const elements = [...withoutUserUser(q931.elements), progressIndicator(NOT_END_TO_END_ISDN, 'privateNetworkLocalUser')];
    const progress = { q931: { ...q931, type: 'progress' as const, elements }, uuie: progressOf(uuie, body.value, this.#identifier) };
    return this.#pass(progress, 'callee', this.#leg);
  }

  #rings(): void {
    this.#proceeding?.cancel();
    this.call.ringing();
    if (this.#alerted || this.answered) return;
    this.#alerted = true;
    this.#wait(this.#context.timers.alertingMs);
  }

  /** False: the answer may not stand, and the call is over. */
  #calleeAnswers(attempt: Attempt, message: H225Message): boolean {
    if (this.answered) return true;
    if (!message.uuie) {
      this.#refuse('answerUnusable', 'The Connect has no user-user element: the called party does not speak H.323');
      return false;
    }
    const insecure = this.#media.answered(attempt.tokens, attempt.target.alias);
    if (insecure !== undefined) {
      this.#context.observer.insecure(this.callId, insecure);
      this.#refuse('answerNotEncrypted', insecure);
      return false;
    }
    this.#proceeding?.cancel();
    this.#waiting?.cancel();
    attempt.answered = true;
    this.#callee = attempt;
    this.#hunt?.settle();
    this.#early = [];
    this.call.answered(this.#media.cipher, attempt.target.label);
    return true;
  }

  // Between the two.

  /** Passes a message on; waits only where an H.245 address in it has to be given a stand-in. */
  #pass(received: H225Message, from: Side, to: Leg): Promise<void> | undefined {
    // Nobody can say what it opens. The log has it from where it was read.
    if (!received.uuie && this.#media.required && contentOf(received.q931, 'userUser')) return undefined;
    const { uuie, q931 } = this.#withOwnIdentity(received, from);
    const address = uuie && h245AddressOf(uuie['h323-uu-pdu']['h323-message-body']);
    if (!address || !this.#h245.routed) {
      to.send(q931.type, q931.elements, uuie && passedOn(uuie, undefined));
      return undefined;
    }
    return this.#routed(address, from, to).then((standIn) => {
      if (!this.#over) to.send(q931.type, q931.elements, passedOn(uuie, { h245Address: standIn }));
    });
  }

  #withOwnIdentity(received: H225Message, from: Side): H225Message {
    const zone = from === 'caller' ? this.#plan.caller.zone : this.#target?.target.zone;
    const { message, foreign } = ownIdentity(received, this.#context.plan(), zone?.organisation?.id);
    if (foreign.length > 0) {
      const sentence = `${this.#nameOf(from)} says that it is ${foreign.join(', ')}, which is another organisation's; it was left out: correct the address there`;
      this.#context.observer.leftOut(this.callId, sentence);
    }
    return message;
  }

  async #routed(named: TransportAddress, side: Side, to: Leg): Promise<TransportAddress | undefined> {
    const standIn = await this.#h245.standIn(named, side, to.connection);
    if (standIn !== 'full') return standIn;
    this.#refuse('overloaded', 'No port is free to lead an H.245 connection through (h323.h245.ports)');
    return undefined;
  }

  #party(side: Side): H245Party | undefined {
    const name = this.#nameOf(side);
    if (side === 'caller') {
      const { zone, endpoint } = this.#plan.caller;
      return { name, zone, remote: this.#leg.connection.remote.address, endpoint };
    }
    const { target, leg } = this.#target ?? {};
    if (!target || !leg) return undefined;
    const endpoint = target.endpointId === undefined ? undefined : (this.#context.endpoints.find(target.endpointId) ?? target.endpoint);
    return { name, zone: target.zone, remote: leg.connection.remote.address, endpoint };
  }

  #learn(leg: Leg, { uuie }: H225Message): void {
    if (uuie) this.#context.legs.learn(leg, termsOf(uuie['h323-uu-pdu']['h323-message-body']));
  }

  /** Whom the log means by the caller and the called side. */
  #nameOf(side: Side): string {
    const { caller } = this.#plan;
    const called = this.#target?.target.alias;
    return side === 'caller' ? caller.alias || this.#leg.connection.remote.address : called || this.#plan.dialled;
  }

  /** Media that may not be: the call is ended for both. True: it was. */
  #insecure(sentence: string | undefined, from: Side): boolean {
    if (sentence === undefined) {
      if (this.answered) this.call.secured(this.#media.cipher);
      return false;
    }
    this.#context.observer.insecure(this.callId, sentence);
    if (this.answered) this.terminate('encryptionLost', { ...releaseOf('mediaNotEncrypted'), text: sentence }, sentence);
    else this.#refuse(from === 'caller' ? 'mediaNotEncrypted' : 'answerNotEncrypted', sentence);
    return true;
  }

  #proceed(): void {
    if (this.#over || this.#proceeded) return;
    this.#proceeded = true;
    const tunnelling = this.#setup.uuie?.['h323-uu-pdu'].h245Tunneling ?? false;
    this.#leg.send('callProceeding', [], ownProceeding(this.#identifier, tunnelling));
  }

  #wait(ms: number): void {
    this.#waiting?.cancel();
    this.#waiting = this.#context.clock.after(ms, () => {
      this.terminate('noAnswer', { reason: 'undefinedReason', cause: NO_ANSWER, text: 'No answer' });
    });
  }

  /** The gatekeeper says no: the caller hears why, whoever is being called is left alone. */
  #refuse(code: RefusalCode, detail: string | undefined): void {
    const { reason, cause } = releaseOf(code);
    this.terminate(code, { reason, cause, text: refusals[code].sip.warning }, detail);
  }

  #tooMuch(): void {
    this.#refuse('overloaded', 'More messages than a call has came faster than they could be passed on');
  }

  #endCallee(release: LegRelease): void {
    if (this.#callee) this.#callee.end(release);
    else this.#hunt?.end(release);
  }

  #finish(reason: ReasonCode, cause: number | undefined, detail?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#proceeding?.cancel();
    this.#waiting?.cancel();
    for (const timer of this.#disengaging.values()) timer.cancel();
    this.#early = [];
    this.#h245.close();
    this.#context.legs.close(this.#leg);
    const last = this.#context.sessions.remove(this);
    if (last) for (const id of new Set([this.callId, this.#incoming.admissionId])) this.#context.bandwidth.release(id);
    if (!this.call.ended) this.call.end(reason, cause, detail);
  }
}
