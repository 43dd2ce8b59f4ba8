import type { EpochMs } from '../../../clock.js';
import { isRefusal, type RefusalCode, refusals } from '../../calls/reasons.js';
import type { Route } from '../../routing/route.js';
import { callerHeader } from '../meeting-door.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import { responseTo } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import type { SdpSecurity } from '../sdp-policy.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import { type AttemptEnd, BranchAttempt } from './branch-attempt.js';
import type { ProxyContext } from './context.js';
import { judgeMedia, ruleForOffer } from './media-policy.js';
import { reasonCodeOf, reasonValue } from './reason-header.js';
import { addRecordRoute } from './record-route.js';
import { callsForNextRoute, compareFinals } from './response-choice.js';
import type { AnswerVerdict } from './session.js';
import { type Expansion, expandRoute, type HopTarget, type TargetGroup } from './targets.js';

/** What the hunt tells its owner; the owner may say no to a response by naming a refusal. */
export interface HuntOwner {
  /** A route's target is about to be tried. */
  trying(target: HopTarget): void;
  /** A 1xx (not 100) or a 2xx: may it go on to the caller? */
  judge(response: SipResponse, target: HopTarget, flow: Flow): AnswerVerdict;
  /** A 2xx that may not stand, or that came when the caller had been told no: it must be taken back. */
  takeBack(response: SipResponse, code: RefusalCode | undefined): void;
  /** A 2xx of this target went to the caller: the first time, or once more. */
  accepted(response: SipResponse, target: HopTarget): void;
  /** A final response >= 300 went to the caller. `code`: it was our own verdict. */
  failed(status: number, code: RefusalCode | undefined): void;
}

export interface HuntRequest {
  readonly request: SipRequest;
  readonly transaction: ServerTransaction;
  readonly routes: readonly Route[];
  readonly media: SdpSecurity | undefined;
  /** Names the call in Record-Route; undefined: the request makes no dialog. */
  readonly token: string | undefined;
  /** What the meeting service is told of the caller (`writeCaller`). */
  readonly caller?: string;
  readonly owner: HuntOwner;
}

/**
 * One request's way to its routes and back (RFC 3261 §16.6, §16.7): routes in order, contacts of a route together or by q, one final
 * answer to the caller. A route that cannot be used for this request (no encryption there, nobody reachable) counts as failed and
 * the next is tried.
 */
export class Hunt {
  readonly #context: ProxyContext;
  readonly #hunt: HuntRequest;
  #routeIndex = 0;
  #groups: readonly TargetGroup[] = [];
  #groupIndex = 0;
  /** Where the route leads when its groups are of no use. */
  #again: Extract<Expansion, { groups: unknown }>['again'];
  #registrationRoute = false;
  #active = new Set<BranchAttempt>();
  /** The best response of all branches so far, and of the group that is being tried. */
  #best: SipResponse | undefined;
  /** What our own meeting service said in it. */
  #bestCode: RefusalCode | undefined;
  #groupBest: number | undefined;
  #groupAnswered = false;
  #refusal: RefusalCode | undefined;
  /** The called side answered with media that may not pass: its answer is final, no other route is tried. */
  #answerRefused: RefusalCode | undefined;
  /** The caller was told no: a 2xx from now on must be taken back. */
  #failedAlready = false;
  /** Somebody was rung in vain until timer C ran out. */
  #rangOut = false;
  #cancelled = false;
  #expanding = false;

  constructor(context: ProxyContext, hunt: HuntRequest) {
    this.#context = context;
    this.#hunt = hunt;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  start(): void {
    this.#nextGroup();
  }

  /**
   * The caller gave up (RFC 3261 §16.10). Branches that were heard are cancelled and their 487 comes back; where none was heard, the
   * caller need not wait for the dead.
   */
  cancel(reason?: string): void {
    if (this.#cancelled || this.#hunt.transaction.finalSent) return;
    this.#cancelled = true;
    this.#routeIndex = this.#hunt.routes.length;
    this.#groupIndex = this.#groups.length;
    let waiting = false;
    for (const attempt of this.#active) {
      attempt.cancel(reason);
      if (attempt.heard) {
        waiting = true;
      } else {
        attempt.abandon();
        this.#active.delete(attempt);
      }
    }
    if (!waiting) this.#answer(responseTo(this.#hunt.request, 487), undefined);
  }

  /** Ends the search with a refusal of ours, whatever the branches would still say: they are cancelled, and a late 2xx is taken back. */
  end(code: RefusalCode, detail: string): void {
    this.#cancelled = true;
    this.#routeIndex = this.#hunt.routes.length;
    this.#groupIndex = this.#groups.length;
    for (const attempt of this.#active) {
      attempt.cancel(reasonValue(refusals[code].sip.status, detail));
      attempt.abandon();
    }
    this.#active.clear();
    if (!this.#hunt.transaction.finalSent) this.#answer(refusalResponse(this.#hunt.request, code, detail), code);
  }

  /** Timer C on every branch. */
  checkRinging(now: EpochMs): void {
    for (const attempt of this.#active) attempt.checkRinging(now);
  }

  #nextGroup(): void {
    if (this.#hunt.transaction.finalSent || this.#expanding) return;
    const group = this.#groups[this.#groupIndex];
    if (group) {
      this.#groupIndex++;
      this.#startGroup(group);
      return;
    }
    const route = this.#hunt.routes[this.#routeIndex];
    if (!route || this.#cancelled) {
      this.#finish();
      return;
    }
    this.#routeIndex++;
    this.#registrationRoute = route.kind === 'registration';
    this.#look(
      expandRoute(this.#context, route, this.#hunt.request, () => this.#cancelled || this.#hunt.transaction.finalSent),
      route,
    );
  }

  #look(looking: Expansion | Promise<Expansion>, route?: Route): void {
    this.#expanding = true;
    Promise.resolve(looking)
      .then((found) => {
        this.#expanding = false;
        this.#again = undefined;
        if ('refusal' in found) {
          this.#refusal ??= found.refusal;
          if (found.refusal === 'zoneUnreachable' && route?.kind === 'peer') this.#context.health.suspect(route.peer.id);
        } else if (!this.#cancelled) {
          this.#groups = found.groups;
          this.#groupIndex = 0;
          this.#again = found.again;
        }
        this.#nextGroup();
      })
      .catch((error: unknown) => {
        this.#expanding = false;
        this.#context.observer.fault(error, this.#hunt.request.callId);
        if (!this.#hunt.transaction.finalSent) this.#answer(refusalResponse(this.#hunt.request, 'internalError'), 'internalError');
      });
  }

  #startGroup(group: TargetGroup): void {
    this.#groupBest = undefined;
    this.#groupAnswered = false;
    const attempts: BranchAttempt[] = [];
    for (const target of group) {
      const refusal = this.#mayGo(target);
      if (refusal) {
        this.#refusal ??= refusal;
        continue;
      }
      attempts.push(new BranchAttempt(this.#context, target, this));
    }
    for (const attempt of attempts) this.#active.add(attempt);
    if (attempts.length === 0) {
      this.#nextGroup();
      return;
    }
    const { request, owner, token, transaction, caller } = this.#hunt;
    for (const attempt of attempts) {
      owner.trying(attempt.target);
      const prepare = (copy: SipRequest, flow: Flow) => {
        if (token !== undefined) addRecordRoute(copy, this.#context.here, transaction.flow, flow, token);
        if (caller !== undefined && attempt.target.zone.kind === 'meetings') copy.set(callerHeader, caller);
      };
      // A peer says at once that it has heard, and so does another instance; an endpoint may be slow to wake, and waits for the transaction's own timer B.
      const answersAtOnce = attempt.target.peerId !== undefined || (attempt.target.endpoint !== undefined && request.method === 'INVITE');
      attempt.start(request, prepare, answersAtOnce ? this.#context.timers.huntMs : undefined);
    }
  }

  #mayGo(target: HopTarget): RefusalCode | undefined {
    const { transport } = target.endpoint ?? target.hop;
    // RFC 3261 §16.6 step 2, RFC 5630 §3.1.3: what was called as sips stays on TLS.
    if (this.#hunt.request.sipUri?.scheme === 'sips' && transport !== 'tls') return 'sipsUnreachable';
    return this.#hunt.media && judgeMedia(this.#hunt.media, ruleForOffer(target.zone, target.zone.kind), transport);
  }

  onResponse(attempt: BranchAttempt, response: SipResponse, flow: Flow): void {
    const { peerId } = attempt.target;
    if (peerId !== undefined) this.#context.health.heard(peerId, this.#context.clock.now());
    if (response.status === 100) return;
    const { owner, transaction } = this.#hunt;
    if (response.status < 200) {
      if (transaction.finalSent || this.#cancelled) return;
      const verdict = owner.judge(response, attempt.target, flow);
      if (verdict === undefined) {
        this.#forward(response);
      } else if (verdict !== 'unusable') {
        this.#answerRefused = verdict;
        attempt.cancel(undefined);
      }
      return;
    }
    this.#onSuccess(attempt, response, flow);
  }

  #onSuccess(attempt: BranchAttempt, response: SipResponse, flow: Flow): void {
    const { owner, transaction } = this.#hunt;
    const verdict = owner.judge(response, attempt.target, flow);
    if (verdict !== undefined) {
      this.#answerRefused = verdict === 'unusable' ? 'answerUnusable' : verdict;
      owner.takeBack(response, this.#answerRefused);
      return;
    }
    if (this.#failedAlready) {
      owner.takeBack(response, undefined);
      return;
    }
    const first = !transaction.finalSent;
    this.#forward(response);
    if (first) this.#stopOthers(attempt);
    owner.accepted(response, attempt.target);
  }

  #stopOthers(winner: BranchAttempt): void {
    this.#routeIndex = this.#hunt.routes.length;
    this.#groupIndex = this.#groups.length;
    for (const other of this.#active) {
      if (other === winner) continue;
      other.cancel(completedElsewhere);
      if (other.heard) continue;
      other.abandon();
      this.#active.delete(other);
    }
  }

  onEnd(attempt: BranchAttempt, end: AttemptEnd): void {
    if (!this.#active.delete(attempt)) return;
    const status = 'response' in end ? end.response.status : failureStatus[end.failure];
    // RFC 5626 §5.3: what another instance says of its connection is said to us, and not to the caller.
    const betweenInstances = status === 430 && attempt.target.endpoint !== undefined;
    if ('response' in end) {
      if (!betweenInstances) this.#groupAnswered = true;
      if (status >= 300 && !betweenInstances && (!this.#best || compareFinals(status, this.#best.status) < 0)) {
        this.#best = end.response;
        this.#bestCode = attempt.target.zone.kind === 'meetings' ? refusalIn(end.response) : undefined;
      }
    } else if (end.failure === 'unanswered') {
      this.#rangOut = true;
    } else if (attempt.target.peerId !== undefined && end.failure !== 'timeout' && !this.#cancelled) {
      this.#context.health.suspect(attempt.target.peerId);
    }
    if (status >= 600) for (const other of this.#active) other.cancel(undefined);
    if (status >= 300 && (this.#groupBest === undefined || compareFinals(status, this.#groupBest) < 0)) this.#groupBest = status;
    if (this.#active.size > 0 || this.#hunt.transaction.finalSent) return;
    this.#afterGroup(this.#groupBest ?? 500);
  }

  #afterGroup(status: number): void {
    const wayFailed = callsForNextRoute(status);
    const goOn = status < 600 && !this.#cancelled && this.#answerRefused === undefined;
    // RFC 3261 §16.6: contacts of lower preference follow whatever the better ones said; another route only where the way itself failed.
    if (!(goOn && (wayFailed || this.#registrationRoute))) this.#groupIndex = this.#groups.length;
    if (!(goOn && wayFailed)) this.#routeIndex = this.#hunt.routes.length;
    const again = goOn && wayFailed && this.#groupIndex >= this.#groups.length ? this.#again : undefined;
    if (again) this.#look(again(this.#groupAnswered));
    else this.#nextGroup();
  }

  #finish(): void {
    if (this.#active.size > 0 || this.#hunt.transaction.finalSent) return;
    const { request } = this.#hunt;
    const best = this.#best;
    if (this.#cancelled) {
      this.#answer(best?.status === 487 ? popVia(best) : responseTo(request, 487), undefined);
      return;
    }
    if (this.#answerRefused) {
      this.#answer(refusalResponse(request, this.#answerRefused), this.#answerRefused);
      return;
    }
    // RFC 3261 §16.7 step 6: a 503 of one peer is no reason for the caller to leave this gatekeeper. The meeting service's is our own.
    if (best && (best.status !== 503 || this.#bestCode !== undefined)) {
      this.#answer(popVia(best), this.#bestCode);
      return;
    }
    if (this.#rangOut) {
      this.#answer(responseTo(request, 408), undefined);
      return;
    }
    const code = this.#refusal ?? (this.#registrationRoute ? 'calleeUnreachable' : 'zoneUnreachable');
    this.#answer(refusalResponse(request, code), code);
  }

  #forward(response: SipResponse): void {
    this.#hunt.transaction.respond(popVia(response));
  }

  #answer(response: SipResponse, code: RefusalCode | undefined): void {
    this.#failedAlready = true;
    this.#hunt.transaction.respond(response);
    this.#hunt.owner.failed(response.status, code);
  }
}

const completedElsewhere = reasonValue(200, 'Call completed elsewhere');

/** What an attempt without a final response counts as. One that rang is not the way's fault: no other route is tried for it. */
const failureStatus = { timeout: 408, silent: 408, unreachable: 503, unanswered: 480 } as const;

function refusalIn(response: SipResponse): RefusalCode | undefined {
  const code = reasonCodeOf(response);
  return code !== undefined && isRefusal(code) ? code : undefined;
}

/** The response as it goes on: without our Via (RFC 3261 §16.7 step 3). */
function popVia(response: SipResponse): SipResponse {
  response.removeFirst('via');
  return response;
}
