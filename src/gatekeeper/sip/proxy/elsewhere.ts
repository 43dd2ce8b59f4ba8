import type { CallPlace } from '../../../state/call-store.js';
import { refusalResponse } from '../refusal-response.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import { Bell, type Turn } from './bell.js';
import type { ProxyContext } from './context.js';
import { isKnownEndpoint } from './dialog-sender.js';
import { cancelErrand, Errand } from './errand.js';
import { RefusalPace } from './refusal-pace.js';
import { type AskedElsewhere, relayTo } from './relay.js';
import { goOnWithoutStore, unreachable } from './without-store.js';

/** Look-ups and relays that wait for an instance. */
const maxUnderWay = 2000;
/** Look-ups by Call-ID alone, and requests of calls that the store cannot be asked about, for each source and second. */
const guessesPerSecond = 100;
/** Silence of the instance that has the call after which the store is asked whether it is lost. */
const silentMs = 500;
/** The same, where it cannot be reached at all. */
const unreachableMs = 200;
/** After this long the instance is given up, though the store says nothing else. */
const patienceMs = 3000;
/** Longest Call-ID that the store knows a call by. */
const signallingIdLimit = 256;

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
  readonly #errands = new Set<Errand>();
  #underWay = 0;
  #closed = false;

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
    return isKnownEndpoint(this.#context, request, sender.flow) && this.#mayGuess(sender);
  }

  #mayGuess({ flow }: AskedElsewhere['sender']): boolean {
    return this.#guesses.mayAnswer(flow.remote.address, this.#context.clock.now());
  }

  /** Settles when it is answered, on its way, or dropped. With too many under way already it is refused, and an ACK dropped. */
  async handle(asked: AskedElsewhere): Promise<void> {
    if (this.#underWay >= maxUnderWay) {
      this.#refuse(asked, undefined, 'overloaded');
      return;
    }
    this.#underWay += 1;
    const errand = asked.transaction && this.#errandFor(asked.transaction);
    try {
      if (errand) await this.#follow(asked, errand);
      else await this.#passAck(asked);
    } catch (error) {
      errand?.leave();
      throw error;
    } finally {
      this.#underWay -= 1;
    }
  }

  onCancel(transaction: ServerTransaction, reason: string | undefined): void {
    cancelErrand(transaction, reason);
  }

  /** What is under way is given up without a word. */
  close(): void {
    this.#closed = true;
    for (const errand of [...this.#errands]) errand.leave();
  }

  #errandFor(transaction: ServerTransaction): Errand {
    const errand = new Errand(this.#context, transaction, () => this.#errands.delete(errand));
    this.#errands.add(errand);
    return errand;
  }

  #find({ request, routes }: AskedElsewhere): ReturnType<ProxyContext['find']> {
    return this.#context.find({ id: routes.key, signallingId: request.callId.slice(0, signallingIdLimit) });
  }

  async #passAck(asked: AskedElsewhere): Promise<void> {
    const place = await this.#find(asked);
    if (this.#closed || place === undefined) return;
    if (place === 'away') await this.#withoutStore(asked, undefined);
    else if (place.at === 'here') this.#carryOn(asked);
    else {
      const { fellows, transactions } = this.#context;
      const relay = await relayTo(this.#context, asked, place.id, fellows.get(place.owner));
      if (relay && relay !== 'exposed') transactions.sendStateless(relay.copy, relay.flow);
    }
  }

  /** To the owner, or whoever is that next, until something was heard of it or the patience is over. */
  async #follow(asked: AskedElsewhere, errand: Errand): Promise<void> {
    const { clock, fellows } = this.#context;
    const until = clock.now() + patienceMs;
    const bell = new Bell();
    // Should its connection break when nobody waits for it any more.
    const again = () => this.#guard(asked, errand, this.#follow(asked, errand));
    let sentTo: string | undefined;
    let found = await this.#find(asked);
    let place = found;
    while (!errand.over && place !== undefined && place !== 'away') {
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
      if (errand.over) return;
      if (rang === 'heard') {
        bell.onFailure = again;
        return;
      }
      if (clock.now() >= until) break;
      found = await this.#find(asked);
      // What was sent may still be answered when the call is over meanwhile, or the store away.
      if (errand.sent || (found !== undefined && found !== 'away')) place = typeof found === 'object' ? found : place;
      else place = found;
    }
    if (errand.over) return;
    // Sent, and the owner lives: a phone may take its time over anything but an INVITE, which is answered with 100 at once.
    const owner = typeof place === 'object' && place.at === 'there' ? place.owner : undefined;
    if (errand.sent && asked.request.method !== 'INVITE' && owner !== undefined && fellows.get(owner)) {
      bell.onFailure = again;
      return;
    }
    errand.takeBack();
    if (errand.over) return;
    if (found === undefined) this.#refuse(asked, errand, 'callUnknown');
    else if (found === 'away') await this.#withoutStore(asked, errand);
    else this.#refuse(asked, errand, 'overloaded', unreachable);
  }

  #goOnHere(asked: AskedElsewhere, errand: Errand): void {
    errand.takeBack();
    if (errand.over) return;
    errand.leave();
    if (!this.#carryOn(asked)) this.#refuse(asked, errand, 'callUnknown');
  }

  #send(asked: AskedElsewhere, errand: Errand, place: CallPlace & { at: 'there' }, turn: Turn): void {
    const { fellows } = this.#context;
    const sending = relayTo(this.#context, asked, place.id, fellows.get(place.owner)).then((relay) => {
      // While the connection was being opened the call has come to another, or the caller has given up.
      if (!turn.current || errand.over) return;
      if (!relay) turn.ring('failed');
      else if (relay === 'exposed') errand.respond(refusalResponse(asked.request, 'keysInClear'));
      else {
        errand.send(relay.copy, relay.flow, {
          heard: () => turn.ring('heard'),
          failed: () => turn.ring('failed'),
        });
      }
    });
    this.#guard(asked, errand, sending);
  }

  /** Only who has the call's token is served while the store is away; another instance that asked has no more to learn here. */
  async #withoutStore(asked: AskedElsewhere, errand: Errand | undefined): Promise<void> {
    const { key, relay } = asked.routes;
    const isOver = relay !== undefined || (key !== undefined && this.#context.sessions.wasHere(key));
    const mayGoOn = !isOver && key !== undefined && this.#mayGuess(asked.sender);
    const went = mayGoOn ? await goOnWithoutStore(this.#context, asked, key, errand) : 'nobody';
    if (!errand || errand.over || went === 'done') return;
    if (isOver) this.#refuse(asked, errand, 'callUnknown');
    else this.#refuse(asked, errand, 'overloaded', unreachable);
  }

  #refuse(asked: AskedElsewhere, errand: Errand | undefined, code: 'callUnknown' | 'overloaded', detail?: string): void {
    errand?.leave();
    const { request, transaction } = asked;
    if (!transaction || transaction.finalSent) return;
    this.#context.observer.refused(request.method, code, undefined);
    transaction.respond(refusalResponse(request, code, detail));
  }

  #guard({ request, transaction }: AskedElsewhere, errand: Errand, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.observer.fault(error, request.callId);
      errand.leave();
      if (transaction && !transaction.finalSent) transaction.respond(refusalResponse(request, 'internalError'));
    });
  }
}
