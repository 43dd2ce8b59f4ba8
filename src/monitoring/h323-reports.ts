import { metricOf, type RefusalCode } from '../gatekeeper/calls/reasons.js';
import type { H323Observer } from '../gatekeeper/h323/edge.js';
import type { RasObserver, RegistrationOutcome, Rejection } from '../gatekeeper/h323/ras/observer.js';
import type { SignallingObserver } from '../gatekeeper/h323/signalling/context.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';

/** Lines a second about what anybody on the network can cause. */
const LINES_PER_SECOND = 5;

/**
 * What the H.323 edge reports, as metrics and log lines. What strangers can cause at will is logged at debug, or a few times a second: a flood
 * must not fill a disk, and a technician must find the one line that says what is wrong.
 */
export class H323Reports implements H323Observer {
  readonly ras: RasObserver;
  readonly signalling: SignallingObserver;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #second = 0;
  #lines = 0;

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.ras = {
      received: (type) => metrics.rasRequests.of(type).add(),
      answered: (type, result, reason) => metrics.rasAnswers.of(type, result, reason ?? '').add(),
      rejected: (rejection) => this.#rejected(rejection),
      registered: (outcome) => this.#registered(outcome),
      located: (zone, { outcome }, cached) => metrics.locations.of(zone, cached ? 'cached' : outcome).add(),
      peerChanged: (peer, up) => this.#peerChanged(peer, up),
      malformed: (why, source) => this.#malformed(why, source, 'ras'),
      fault: (error, source) => logger.error({ err: error, source }, 'A fault in RAS'),
    };
    this.signalling = {
      received: (type) => metrics.h225Messages.of(type).add(),
      malformed: (why, source) => this.#malformed(why, source, 'signalling'),
      refused: (code, sentence, source, callIdentifier) => this.#refused(code, sentence, source, callIdentifier),
      insecure: (callIdentifier, sentence) =>
        this.#say('warn', { signallingId: callIdentifier, why: sentence }, 'A call was not encrypted'),
      leftOut: (callIdentifier, sentence) =>
        this.#say('info', { signallingId: callIdentifier, why: sentence }, 'Part of a message was not passed on'),
      forwarded: (ms) => metrics.h323Delay.add(ms / 1000),
      fault: (error, callIdentifier) => logger.error({ err: error, signallingId: callIdentifier }, 'A fault in the gatekeeper'),
    };
  }

  dropped(source: string, why: string): void {
    this.#metrics.h323Drops.of('any', why).add();
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ source, why }, 'A message or connection was dropped');
  }

  warning(text: string): void {
    this.#logger.warn(text);
  }

  #rejected({ type, reason, sentence, source, endpointId, zone }: Rejection): void {
    const line = { request: type, reason, why: sentence, source, zone, endpoint: endpointId };
    // A stranger's rejected question is everyday scanning; a known zone's is somebody's telephone that does not work.
    this.#say(zone === undefined ? 'debug' : 'info', line, 'A RAS request was rejected');
  }

  #registered(outcome: RegistrationOutcome): void {
    const { organisation, zone, result, refusal, reason, alias, endpointId, vendor, source } = outcome;
    this.#metrics.registrations.of(organisation ?? 'none', refusal === undefined ? result : metricOf(refusal)).add();
    // What was refused has its line already, with the sentence that says why.
    if (result === 'refused' || result === 'refreshed') return;
    if (!this.#logger.isLevelEnabled('debug')) return;
    this.#logger.debug({ alias, endpoint: endpointId, vendor, source, organisation, zone, result, reason }, 'H.323 registration');
  }

  #peerChanged(peer: string, up: boolean): void {
    this.#metrics.peerChanges.of(peer.slice(0, Math.max(0, peer.indexOf('/'))), up ? 'up' : 'down').add();
    if (up) this.#logger.info({ peer }, 'The neighbour gatekeeper answers again');
    else this.#logger.warn({ peer }, 'The neighbour gatekeeper does not answer LRQ: calls go another way while it is silent');
  }

  #malformed(why: string, source: string, what: string): void {
    this.#metrics.h323Drops.of(what, 'syntax').add();
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ source, why }, 'An H.323 message could not be read');
  }

  #refused(code: RefusalCode, sentence: string, source: string, signallingId: string): void {
    this.#metrics.h323Refusals.of(metricOf(code)).add();
    this.#say('info', { reason: code, why: sentence, source, signallingId }, 'A Setup was refused');
  }

  #say(level: 'debug' | 'info' | 'warn', line: object, text: string): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= LINES_PER_SECOND || this.#logger.isLevelEnabled('debug')) this.#logger[level](line, text);
  }
}
