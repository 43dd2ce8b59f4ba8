import { type RefusalCode, refusals } from '../../calls/reasons.js';
import { aliasKey, normalise } from '../../plan/normalise.js';
import type { Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import type { Authenticator } from '../authenticator.js';
import { callerHeader } from '../meeting-door.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import { parseSipUri } from '../message/uri.js';
import { refusalResponse } from '../refusal-response.js';
import type { Registrar } from '../registrar.js';
import type { ServerTransaction, TransactionUser } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import { isLooping, loopHash } from './branch.js';
import { identifyCaller, identifyMeeting } from './caller.js';
import type { ProxyContext } from './context.js';
import { Elsewhere } from './elsewhere.js';
import { FlowRelay, type FlowRoute } from './flow-relay.js';
import { dropOwnCredentials } from './forward.js';
import { Hunt } from './hunt.js';
import { dropForeignIdentities } from './identity-headers.js';
import { cancelInDialog, forwardInDialog } from './in-dialog.js';
import { type Caller, InviteHandler, inviteOf, partyOf, planInvite } from './invite.js';
import { mediaOf } from './media-policy.js';
import { type OwnRoutes, popOwnRoutes } from './record-route.js';
import type { RefusalPace } from './refusal-pace.js';
import type { AskedElsewhere } from './relay.js';
import type { RelayedSender } from './relayed-sender.js';
import type { CallSession } from './session.js';
import { watchSession } from './silence.js';

/** Methods that this gatekeeper answers or passes on; RFC 3261 §20.5. */
const allowedMethods = 'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, REFER, NOTIFY, SUBSCRIBE, MESSAGE, PUBLISH';

export interface SipProxyParts {
  readonly context: ProxyContext;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly realm: string;
  /** The longest registration, in seconds. */
  readonly maxExpires: number;
  readonly pace: RefusalPace;
}

/** The stateful proxy (RFC 3261 §16): everything that the transaction layer hands up starts here. */
export class SipProxy implements TransactionUser {
  readonly #context: ProxyContext;
  readonly #registrar: Registrar;
  readonly #authenticator: Authenticator;
  readonly #realm: string;
  readonly #pace: RefusalPace;
  readonly #maxExpires: number;
  readonly #flowRelay: FlowRelay;
  /** Until when an endpoint that registered over a connection may be called on it. */
  readonly #registeredUntil = new WeakMap<Flow, number>();
  readonly #elsewhere: Elsewhere;
  #draining = false;

  constructor(parts: SipProxyParts) {
    this.#context = parts.context;
    this.#registrar = parts.registrar;
    this.#authenticator = parts.authenticator;
    this.#realm = parts.realm;
    this.#pace = parts.pace;
    this.#maxExpires = parts.maxExpires;
    this.#elsewhere = new Elsewhere(this.#context, (asked) => this.#carryOn(asked));
    this.#flowRelay = new FlowRelay(parts.context);
    this.#context.sessions.startSweep((session, now) => watchSession(this.#context, session, now));
  }

  /** No new calls from now on; those in progress go on. */
  drain(): void {
    this.#draining = true;
  }

  onRequest(request: SipRequest, flow: Flow): void {
    if (request.method === 'REGISTER' && !request.has('route')) {
      this.#register(request, flow);
      return;
    }
    const refusal = this.#validate(request);
    if (refusal) {
      this.#refuse(request, flow, refusal);
      return;
    }
    const flowRoute = this.#flowRelay.take(request);
    // What another instance tells our meeting service of the caller comes with an order, and from nobody else.
    if (flowRoute.say !== 'pass') request.remove(callerHeader);
    if (flowRoute.say !== 'nothing') {
      this.#overFlow(request, flow, flowRoute);
      return;
    }
    const routes = popOwnRoutes(request, this.#context.here, this.#context.tokens, this.#context.fellows);
    if (!routes.ok) {
      this.#refuse(request, flow, 'badRequest', 'A Route value cannot be read');
      return;
    }
    if (request.method === 'REGISTER') {
      this.#register(request, flow);
      return;
    }
    const inDialog = request.to.tag !== undefined;
    // Where a call goes is the plan's to say, not the caller's: a Route beyond us (RFC 3261 §16.4) would lead round it.
    if (!inDialog) request.remove('route');
    // Seen without our own Route values, as the branch was made: in a spiral inside a dialog they are all that tells one turn from the next.
    if (isLooping(request, this.#context.here.branchPrefix, loopHash(request))) {
      this.#refuse(request, flow, 'loopDetected');
      return;
    }
    if (inDialog) {
      this.#inDialog(request, flow, routes);
      return;
    }
    if (request.method === 'OPTIONS' && this.#isForUs(request)) {
      this.#context.transactions.oneShot(request, flow).respond(this.#options(request));
      return;
    }
    this.#newRequest(request, flow);
  }

  onAck(request: SipRequest, flow: Flow): void {
    const hops = request.maxForwards;
    if (hops !== undefined && hops <= 0) return;
    const flowRoute = this.#flowRelay.take(request);
    if (flowRoute.say === 'pass') this.#flowRelay.passAck(request, flowRoute.flow);
    if (flowRoute.say !== 'nothing') return;
    const routes = popOwnRoutes(request, this.#context.here, this.#context.tokens, this.#context.fellows);
    // An ACK is never answered (RFC 3261 §17): what belongs to no call is dropped.
    if (!routes.ok) return;
    const sender = this.#senderOf(request, flow, routes);
    if (!sender) return;
    const asked = { request, routes, sender, transaction: undefined };
    if (!this.#carryOn(asked) && this.#elsewhere.mayAsk(asked)) this.#guard(this.#elsewhere.handle(asked), request);
  }

  onCancel(transaction: ServerTransaction, cancel: SipRequest): void {
    const reason = cancel.get('reason');
    const invite = inviteOf(transaction);
    if (invite) invite.cancel(reason);
    else if (!this.#flowRelay.cancel(transaction, reason) && !cancelInDialog(transaction, reason)) {
      this.#elsewhere.onCancel(transaction, reason);
    }
  }

  onStrayResponse(): void {
    // RFC 6026 §7.3: a response without a transaction is not forwarded; the transport's counters show it.
  }

  /** Another instance orders us to pass this on over a connection of ours; or somebody says so who is none. */
  #overFlow(request: SipRequest, flow: Flow, route: Exclude<FlowRoute, { say: 'nothing' }>): void {
    if (route.say === 'forged') this.#refuse(request, flow, request.to.tag === undefined ? 'callerUnknown' : 'callUnknown');
    else if (isLooping(request, this.#context.here.branchPrefix, loopHash(request))) this.#refuse(request, flow, 'loopDetected');
    else this.#flowRelay.pass(request, flow, route.flow);
  }

  /** What RFC 3261 §16.3 wants looked at before anything else. */
  #validate(request: SipRequest): RefusalCode | undefined {
    const scheme = request.uri.slice(0, Math.max(0, request.uri.indexOf(':'))).toLowerCase();
    if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel' && scheme !== 'h323') return 'uriSchemeUnsupported';
    if (scheme === 'sip' || scheme === 'sips') {
      if (!parseSipUri(request.uri)) return 'badRequest';
    }
    const hops = request.maxForwards;
    if (hops !== undefined && hops <= 0 && !(request.method === 'OPTIONS' && this.#isForUs(request))) return 'tooManyHops';
    // Without it the caller's side of the dialog has no name, and nothing that follows could be told to belong to the call.
    if (request.method === 'INVITE' && request.from.tag === undefined) return 'badRequest';
    if (request.has('proxy-require')) return 'extensionUnsupported';
    return undefined;
  }

  #isForUs(request: SipRequest): boolean {
    const uri = parseSipUri(request.uri);
    return uri !== undefined && uri.user === '' && this.#context.here.is(uri.host, uri.port);
  }

  #options(request: SipRequest): SipResponse {
    return responseTo(request, 200, 'OK', [
      ['Allow', allowedMethods],
      ['Accept', 'application/sdp'],
      ['Supported', 'path, outbound'],
    ]);
  }

  #register(request: SipRequest, flow: Flow): void {
    const once = this.#context.transactions.oneShot(request, flow);
    this.#registrar.register(request, flow).then(
      (response) => {
        if (flow.reliable && response.status === 200 && response.has('contact')) {
          this.#registeredUntil.set(flow, this.#context.clock.now() + this.#maxExpires * 1000);
        }
        once.respond(response);
      },
      (error: unknown) => {
        this.#context.observer.fault(error, request.callId);
        once.respond(refusalResponse(request, 'internalError'));
      },
    );
  }

  /** Whether an endpoint registered over this connection and its registration may still hold. */
  isRegistered(flow: Flow): boolean {
    return (this.#registeredUntil.get(flow) ?? 0) > this.#context.clock.now();
  }

  #inDialog(request: SipRequest, flow: Flow, routes: OwnRoutes): void {
    const sender = this.#senderOf(request, flow, routes);
    if (!sender) {
      // Signed by an instance that this one does not understand: the call goes on, but not by this way.
      this.#refuse(request, flow, routes.key === undefined ? 'callUnknown' : 'overloaded');
      return;
    }
    const asked = { request, routes, sender };
    const here = this.#sessionOf(request, routes) !== undefined;
    if (!here && !this.#elsewhere.mayAsk(asked)) {
      this.#refuse(request, flow, 'callUnknown');
      return;
    }
    dropOwnCredentials(request, this.#realm);
    const transaction = this.#context.transactions.server(request, flow, 'at-once');
    if (!here || !this.#carryOn({ ...asked, transaction }))
      this.#guard(this.#elsewhere.handle({ ...asked, transaction }), request, transaction);
  }

  /** Goes on with a request whose call is here. */
  #carryOn({ request, routes, sender, transaction }: AskedElsewhere): boolean {
    const session = this.#sessionOf(request, routes);
    if (!session) return false;
    // A token proves something of its own call alone: another's Call-ID may be chosen to be the same.
    const token = sender.token && routes.key === session.key;
    this.#guard(forwardInDialog(this.#context, { session, request, flow: sender.flow, token, transaction }), request, transaction);
    return true;
  }

  /** Who sent it, as seen here or by the instance that passed it on. Undefined: what that said cannot be read, so nothing is known of the sender. */
  #senderOf(request: SipRequest, flow: Flow, { key, relay }: OwnRoutes): RelayedSender | undefined {
    return relay === undefined ? { flow, token: key !== undefined } : this.#context.relayed.read(request, relay, flow.transport);
  }

  #sessionOf(request: SipRequest, routes: OwnRoutes): CallSession | undefined {
    const { sessions } = this.#context;
    // The token says which call is meant: in a spiral through two instances they have the same dialog, and the first one's turn is first.
    return routes.key === undefined ? sessions.byDialog(request) : sessions.byKey(routes.key);
  }

  #newRequest(request: SipRequest, flow: Flow): void {
    const context = this.#context;
    const { meetings } = context;
    const caller =
      meetings?.flow.id === flow.id
        ? identifyMeeting(context.plan(), meetings, request)
        : identifyCaller(context.plan(), context.here, this.#authenticator, request, flow);
    if (!caller.ok) {
      if (caller.challenge) {
        if (caller.refusal) context.observer.refused(request.method, caller.refusal, undefined);
        context.transactions.oneShot(request, flow).respond(caller.challenge);
      } else this.#refuse(request, flow, caller.refusal, undefined, caller.zone);
      return;
    }
    if (this.#draining) {
      this.#refuse(request, flow, 'instanceStopping', undefined, caller.zone, caller);
      return;
    }
    dropOwnCredentials(request, this.#realm);
    dropForeignIdentities(context.plan(), request, caller.zone);
    if (request.method === 'INVITE') {
      this.#invite(request, flow, caller);
      return;
    }
    this.#forwardOther(request, flow, caller);
  }

  /** What can be refused is refused before anything is remembered of it: strangers must not fill our memory, nor hear us twice. */
  #invite(request: SipRequest, flow: Flow, caller: Caller): void {
    const plan = planInvite(this.#context, request, flow, caller);
    if (!plan.ok) {
      this.#refuse(request, flow, plan.refusal, plan.detail, caller.zone, caller);
      return;
    }
    const handler = new InviteHandler(this.#context, request, flow, caller);
    handler.run(plan.resolution, plan.media).catch((error: unknown) => handler.fail(error));
  }

  /** MESSAGE, OPTIONS to an endpoint, SUBSCRIBE and the like: routed as a call is, without a record. */
  #forwardOther(request: SipRequest, flow: Flow, caller: Caller): void {
    const context = this.#context;
    const from = { zone: caller.zone, organisation: caller.organisation };
    const { plan, registrations, health, here } = context;
    const resolution = resolve(plan(), registrations, health, { dialled: request.uri, from }, { ownHosts: here.hosts });
    if (resolution.outcome === 'refused') {
      this.#refuse(request, flow, resolution.refusal, resolution.detail, caller.zone);
      return;
    }
    const transaction = context.transactions.server(request, flow);
    new Hunt(context, {
      request,
      transaction,
      routes: resolution.routes,
      media: mediaOf(request),
      token: undefined,
      owner: {
        trying: () => undefined,
        judge: () => undefined,
        takeBack: () => undefined,
        accepted: () => undefined,
        failed: (_status, code) => {
          if (code) context.observer.refused(request.method, code, caller.zone.id);
        },
      },
    }).start();
  }

  /** Refuses without a transaction. Strangers are answered so many times a second and no more: nobody can make us send for them. */
  #refuse(request: SipRequest, flow: Flow, code: RefusalCode, detail?: string, zone?: Zone, caller?: Caller): void {
    this.#context.observer.refused(request.method, code, zone?.id);
    const stranger = zone === undefined || zone.kind === 'internet';
    if (stranger && !this.#pace.mayAnswer(flow.remote.address, this.#context.clock.now())) return;
    const response = refusalResponse(request, code, detail);
    if (code === 'extensionUnsupported') response.set('Unsupported', request.getAll('proxy-require').join(', '));
    this.#context.transactions.oneShot(request, flow).respond(response);
    if (request.method === 'INVITE' && zone) this.#recordRefusal(request, code, detail, caller ?? this.#callerOf(request, zone));
  }

  /** An attempt by a zone we know has its record, also when it never became a call. */
  #recordRefusal(request: SipRequest, code: RefusalCode, detail: string | undefined, caller: Caller): void {
    const call = this.#context.calls.begin({ caller: partyOf(caller), dialled: request.uri, signallingId: request.callId });
    call.end(code, refusals[code].sip.status, detail);
  }

  /** Who it says it is, where that was not found fit to be believed. */
  #callerOf(request: SipRequest, zone: Zone): Caller {
    const alias = normalise(request.from.uri);
    return { zone, organisation: zone.organisation, alias: alias ? aliasKey(alias) : request.from.uri.slice(0, 128) };
  }

  #guard(work: Promise<void>, request: SipRequest, transaction?: ServerTransaction): void {
    work.catch((error: unknown) => {
      this.#context.observer.fault(error, request.callId);
      if (transaction && !transaction.finalSent) transaction.respond(refusalResponse(request, 'internalError'));
    });
  }

  /** Whether a call goes on over this connection that another instance has. */
  isPassing(flow: Flow): boolean {
    return this.#flowRelay.isPassing(flow);
  }

  /** Requests that are passed on over connections of ours for other instances. */
  get passing(): number {
    return this.#flowRelay.underWay;
  }

  /** Passes nothing more on for other instances. Settles when all is answered that was passed on; may never settle. */
  stopPassing(): Promise<void> {
    return this.#flowRelay.stop();
  }

  close(): void {
    this.#draining = true;
    this.#flowRelay.close();
    this.#elsewhere.close();
    this.#context.sessions.close();
  }
}
