import type { Clock } from '../../../clock.js';
import type { CallPlace } from '../../../state/call-store.js';
import type { SipRequest } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import { usesSdes } from '../sdp-policy.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { isKnownEndpoint } from './dialog-sender.js';
import { cancelErrand, Errand } from './errand.js';
import { type FellowLink, linkTo } from './fellow-link.js';
import { forwardForgotten } from './forgotten-call.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { mediaOf } from './media-policy.js';
import { type OwnRoutes, tokenParam } from './record-route.js';
import { RefusalPace } from './refusal-pace.js';
import { type RelayedSender, relayParam } from './relayed-sender.js';

/** Look-ups and relays that wait for an instance. */
const maxUnderWay = 2000;
/** Look-ups by Call-ID alone, for each source and second. */
const guessesPerSecond = 100;
/** Silence of the instance that has the call after which the store is asked whether it is lost. */
const silentMs = 500;
/** The same, where it cannot be reached at all. */
const unreachableMs = 200;
/** After this long the instance is given up, though the store says nothing else. */
const patienceMs = 3000;
/** Longest Call-ID that the store knows a call by. */
const signallingIdLimit = 256;

/** A request inside a call that this instance does not have. */
export interface AskedElsewhere {
  readonly request: SipRequest;
  readonly routes: OwnRoutes;
  readonly sender: RelayedSender;
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
}

/** Goes on with a request whose call is here by now. False: it is not, or has no such dialog. */
export type CarryOn = (asked: AskedElsewhere) => boolean;

/**
 * Requests inside calls that another instance has (RFC 3261 §12.2 asks the dialog's owner, whichever of several instances the request came to).
 * While the owner lives they are passed on to it; when it is lost, the call comes over to here.
 */
export class Elsewhere {
  readonly #context: ProxyContext;
  readonly #carryOn: CarryOn;
  readonly #guesses = new RefusalPace(guessesPerSecond);
  #underWay = 0;

  constructor(context: ProxyContext, carryOn: CarryOn) {
    this.#context = context;
    this.#carryOn = carryOn;
  }

  /**
   * Whether the store is asked for this call. A stranger must not make us ask: it takes the call's token, or one whom we know otherwise,
   * and those may guess so often and no more.
   */
  mayAsk({ request, sender, routes }: Omit<AskedElsewhere, 'transaction'>): boolean {
    if (routes.key !== undefined) return true;
    if (!isKnownEndpoint(this.#context, request, sender.flow)) return false;
    return this.#guesses.mayAnswer(sender.flow.remote.address, this.#context.clock.now());
  }

  /** Settles when it is answered, on its way, or dropped. With too many under way already it is refused, and an ACK dropped. */
  async handle(asked: AskedElsewhere): Promise<void> {
    if (this.#underWay >= maxUnderWay) {
      this.#refuse(asked, 'overloaded');
      return;
    }
    this.#underWay += 1;
    try {
      if (asked.transaction) await this.#follow(asked, new Errand(this.#context, asked.transaction));
      else await this.#passAck(asked);
    } finally {
      this.#underWay -= 1;
    }
  }

  onCancel(transaction: ServerTransaction, reason: string | undefined): void {
    cancelErrand(transaction, reason);
  }

  #find({ request, routes }: AskedElsewhere): Promise<CallPlace | undefined> {
    return this.#context.find({ id: routes.key, signallingId: request.callId.slice(0, signallingIdLimit) });
  }

  async #passAck(asked: AskedElsewhere): Promise<void> {
    const place = await this.#find(asked);
    if (place?.at === 'there') {
      const link = await this.#linkTo(place.owner, asked);
      if (link && !this.#exposes(asked, link)) this.#context.transactions.sendStateless(this.#copyFor(asked, place.id, link), link.flow);
    } else if (place) this.#carryOn(asked);
    else await this.#forward(asked, undefined);
  }

  /** To the owner, or whoever is that next, until something was heard of it or the patience is over. */
  async #follow(asked: AskedElsewhere, errand: Errand): Promise<void> {
    const { clock } = this.#context;
    const until = clock.now() + patienceMs;
    const bell = new Bell();
    let sentTo: string | undefined;
    let place = await this.#find(asked);
    if (!place) {
      this.#forgotten(asked, errand, 'callUnknown');
      return;
    }
    while (!errand.over) {
      if (place.at === 'here') {
        this.#goOnHere(asked, errand);
        return;
      }
      if (place.owner !== sentTo) {
        sentTo = place.owner;
        this.#send(asked, errand, place, bell.anew());
      }
      const rang = await bell.wait(clock, silentMs);
      if (rang === 'failed') {
        sentTo = undefined;
        await bell.wait(clock, unreachableMs);
      }
      if (rang === 'heard' || errand.over) {
        // Should its connection break now, it is looked for again.
        bell.onFailure = () => this.#guard(asked, this.#follow(asked, errand));
        return;
      }
      if (clock.now() >= until) break;
      // Undefined: the store has gone away meanwhile. What is known stays.
      place = (await this.#find(asked)) ?? place;
    }
    // Sent, and the owner lives: a phone may take its time over anything but an INVITE, which is answered with 100 at once.
    const waits =
      errand.sent && asked.request.method !== 'INVITE' && place.at === 'there' && this.#context.fellows.get(place.owner) !== undefined;
    if (!errand.over && !waits) this.#forgotten(asked, errand, 'overloaded');
  }

  #goOnHere(asked: AskedElsewhere, errand: Errand): void {
    errand.takeBack();
    if (errand.over) return;
    errand.leave();
    if (!this.#carryOn(asked)) this.#refuse(asked, 'callUnknown');
  }

  #send(asked: AskedElsewhere, errand: Errand, place: CallPlace & { at: 'there' }, turn: Turn): void {
    const sending = this.#linkTo(place.owner, asked).then((link) => {
      // While the connection was being opened the call has come to another, or the caller has given up.
      if (!turn.current || errand.over) return;
      if (!link) turn.ring('failed');
      else if (this.#exposes(asked, link)) errand.respond(refusalResponse(asked.request, 'keysInClear'));
      else {
        errand.send(this.#copyFor(asked, place.id, link), link.flow, {
          heard: () => turn.ring('heard'),
          failed: () => turn.ring('failed'),
        });
      }
    });
    this.#guard(asked, sending);
  }

  #linkTo(owner: string, { sender }: AskedElsewhere): Promise<FellowLink | undefined> {
    const member = this.#context.fellows.get(owner);
    return member ? linkTo(this.#context, member, sender.flow.transport) : Promise.resolve(undefined);
  }

  /** Keys that came by TLS do not leave in clear, be it to another instance. */
  #exposes({ request, sender }: AskedElsewhere, link: FellowLink): boolean {
    if (sender.flow.transport !== 'tls' || link.flow.transport === 'tls') return false;
    const media = mediaOf(request);
    return media !== undefined && (usesSdes(media) || media.problem !== undefined);
  }

  #copyFor({ request, sender }: AskedElsewhere, id: string, link: FellowLink): SipRequest {
    const { here, tokens, relayed } = this.#context;
    const copy = request.clone();
    lowerMaxForwards(copy);
    const token = tokens.make(id, request.callId);
    copy.prepend('route', `<${link.uri};lr;${tokenParam}=${token};${relayParam}=${relayed.write(request, sender)}>`);
    addVia(copy, here, link.flow, loopHash(request));
    return copy;
  }

  /** Nobody can tell us of the call, or reach who has it. */
  #forgotten(asked: AskedElsewhere, errand: Errand, otherwise: 'callUnknown' | 'overloaded'): void {
    errand.takeBack();
    const forwarding = this.#forward(asked, errand);
    if (forwarding) {
      this.#guard(asked, forwarding);
      return;
    }
    const detail = otherwise === 'overloaded' ? 'The instance that has this call does not answer: try again in a moment' : undefined;
    errand.leave();
    this.#refuse(asked, otherwise, detail);
  }

  #refuse({ request, transaction }: AskedElsewhere, code: 'callUnknown' | 'overloaded', detail?: string): void {
    if (!transaction || transaction.finalSent) return;
    this.#context.observer.refused(request.method, code, undefined);
    transaction.respond(refusalResponse(request, code, detail));
  }

  /** Undefined: it may not. What was over here is over, and an instance that was always alone has no call that it does not know. */
  #forward({ request, routes, sender, transaction }: AskedElsewhere, errand: Errand | undefined): Promise<void> | undefined {
    const { fellows, sessions } = this.#context;
    const { key } = routes;
    if (key === undefined || !fellows.any || sessions.wasHere(key)) return undefined;
    return forwardForgotten(this.#context, { request, flow: sender.flow, key, transaction }, errand);
  }

  #guard({ request, transaction }: AskedElsewhere, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.observer.fault(error, request.callId);
      if (transaction && !transaction.finalSent) transaction.respond(refusalResponse(request, 'internalError'));
    });
  }
}

type Rang = 'heard' | 'failed';

/** One attempt; only that of the last one rings. */
interface Turn {
  readonly current: boolean;
  ring(what: Rang): void;
}

/** Tells whoever waits for an attempt what became of it. */
class Bell {
  /** Called when an attempt fails that nobody waits for any more. */
  onFailure: (() => void) | undefined;
  #turn = 0;
  #rang: Rang | undefined;
  #waiting: ((rang: Rang) => void) | undefined;

  anew(): Turn {
    this.#turn += 1;
    this.#rang = undefined;
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn;
    return {
      get current() {
        return isCurrent();
      },
      ring: (what) => {
        if (isCurrent()) this.#ring(what);
      },
    };
  }

  /** What it rang for, or `silent` after so many milliseconds. What rang before anybody waited is told to the first who does. */
  async wait(clock: Clock, ms: number): Promise<Rang | 'silent'> {
    const rang = this.#rang;
    this.#rang = undefined;
    if (rang !== undefined) return rang;
    return new Promise((resolve) => {
      const timer = clock.after(ms, () => {
        this.#waiting = undefined;
        resolve('silent');
      });
      this.#waiting = (what) => {
        this.#waiting = undefined;
        timer.cancel();
        resolve(what);
      };
    });
  }

  #ring(what: Rang): void {
    if (this.#waiting) this.#waiting(what);
    else if (this.onFailure && what === 'failed') {
      const told = this.onFailure;
      this.onFailure = undefined;
      told();
    } else this.#rang = what;
  }
}
