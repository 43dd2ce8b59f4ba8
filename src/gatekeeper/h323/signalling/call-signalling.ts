import { type RefusalCode, refusals } from '../../calls/reasons.js';
import type { H225Message } from '../q931/h225-message.js';
import type { RasCall } from '../ras/call-directory.js';
import { CallSession } from './call-session.js';
import { type Caller, partyOf } from './caller.js';
import type { ConnectTarget, SignallingConnection, SignallingContext } from './context.js';
import { type IncomingSetup, planSetup, readSetup, type SetupPlan } from './incoming-setup.js';
import type { Leg } from './leg.js';
import { Legs } from './legs.js';
import { releaseOf } from './release-reasons.js';
import { CallSessions } from './sessions.js';

export interface CallSignallingOptions extends Omit<SignallingContext, 'legs' | 'sessions' | 'relayed'> {
  readonly connect: (target: ConnectTarget) => Promise<SignallingConnection>;
  readonly callsPerConnection: number;
  /** Calls in progress at most: each holds connections and timers. */
  readonly maxCalls: number;
}

/** Calls over H.323 in the gatekeeper-routed model: Setup comes in on any connection, and a call is made of it or refused. */
export class CallSignalling {
  readonly #context: SignallingContext;
  readonly #maxCalls: number;
  #draining = false;

  constructor(options: CallSignallingOptions) {
    const { connect, callsPerConnection, maxCalls, ...context } = options;
    this.#maxCalls = maxCalls;
    const legs = new Legs({
      connect,
      callsPerConnection,
      observer: options.observer,
      onSetup: (leg, message) => this.#onSetup(leg, message),
    });
    this.#context = { ...context, legs, sessions: new CallSessions(), relayed: new Set() };
  }

  /** Calls in progress. */
  get size(): number {
    return this.#context.sessions.size;
  }

  /** A connection that the far end opened. */
  accept(connection: SignallingConnection): void {
    this.#context.legs.attach(connection);
  }

  /** Whether a call needs this connection: then quiet is no reason to close it. */
  isNeeded(connection: SignallingConnection): boolean {
    return this.#context.legs.isNeeded(connection) || this.#context.relayed.has(connection);
  }

  /** Finds out which connections still stand. To be called now and then. */
  keepAlive(): void {
    this.#context.legs.keepAlive();
  }

  /** For RAS: the call with this callIdentifier, in hex. */
  find(callIdentifier: string): RasCall | undefined {
    return this.#context.sessions.find(callIdentifier);
  }

  /** No new calls from now on; those in progress go on. */
  drain(): void {
    this.#draining = true;
  }

  /** Releases what is left of the calls and lets go of every connection. */
  close(): void {
    this.#draining = true;
    const { reason, cause } = releaseOf('instanceStopping');
    const text = 'The gatekeeper is being stopped';
    for (const session of [...this.#context.sessions]) session.terminate('instanceStopped', { reason, cause, text });
    this.#context.legs.closeIdle();
  }

  #onSetup(leg: Leg, message: H225Message): void {
    const incoming = readSetup(message);
    if (!incoming) {
      this.#context.observer.malformed('The Setup has no Setup-UUIE: this is ISDN, not H.323', leg.connection.remote.address);
      this.#release(leg, 'badRequest', new Uint8Array(16), undefined);
      return;
    }
    const plan = planSetup(this.#context, message, incoming, leg.connection);
    if (!plan.ok) {
      this.#refuse(leg, plan, incoming);
      return;
    }
    const full = this.#draining ? 'instanceStopping' : this.#context.sessions.size >= this.#maxCalls ? 'overloaded' : undefined;
    if (full) {
      const { caller, dialled } = plan;
      this.#refuse(leg, { ok: false, refusal: full, detail: refusals[full].sip.warning, dialled, zone: caller.zone, caller }, incoming);
      return;
    }
    const session = new CallSession(this.#context, leg, message, incoming, plan);
    session.run().catch((error: unknown) => session.onFault(error));
  }

  #refuse(leg: Leg, plan: Extract<SetupPlan, { ok: false }>, { identifier, callId, admissionId }: IncomingSetup): void {
    const code = plan.refusal;
    const { observer, calls } = this.#context;
    observer.refused(code, plan.detail, leg.connection.remote.address, callId);
    // An attempt by a zone we know has its record, also when it never became a call.
    if (plan.zone) {
      const caller: Caller = plan.caller ?? { zone: plan.zone, organisation: plan.zone.organisation, alias: '', endpoint: undefined };
      calls.begin({ caller: partyOf(caller), dialled: plan.dialled, signallingId: callId }).end(code, releaseOf(code).cause, plan.detail);
    }
    const { endpoint } = plan.caller ?? {};
    // What its ARQ was granted for this call is of no use any more. A stranger who names the call of another must not undo it.
    if (endpoint && code !== 'loopDetected' && this.#context.admissions.find(admissionId)?.endpointId === endpoint.id) {
      this.#context.admissions.take(admissionId);
      this.#context.bandwidth.release(admissionId);
    }
    this.#release(leg, code, identifier, refusals[code].sip.warning);
  }

  #release(leg: Leg, code: RefusalCode, callIdentifier: Uint8Array, text: string | undefined): void {
    leg.release({ ...releaseOf(code), callIdentifier, text });
    this.#context.legs.close(leg);
  }
}
