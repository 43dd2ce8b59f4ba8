import { metricOf, type RefusalCode, refusals } from '../gatekeeper/calls/reasons.js';
import type { EdgeObserver } from '../gatekeeper/sip/edge.js';
import type { RegisterOutcome } from '../gatekeeper/sip/registrar.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';

/**
 * What the SIP edge reports, as metrics and log lines. What anybody on the network can cause at will is logged at debug alone: a flood
 * must not fill a disk.
 */
export class EdgeReports implements EdgeObserver {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #quietUntil = 0;

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  received(method: string): void {
    this.#metrics.sipRequest(method);
  }

  malformed(why: string, source: string, transport: string): void {
    this.#metrics.sipDrops.of(transport, 'syntax').add();
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ source, why }, 'A message could not be read');
  }

  dropped(source: string, why: string): void {
    this.#metrics.sipDrops.of('any', why).add();
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ source, why }, 'A message or connection was dropped');
  }

  refused(method: string, code: RefusalCode, zone: string | undefined): void {
    this.#metrics.sipRefusals.of(zone ?? 'none', metricOf(code)).add();
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ method, zone, reason: code }, 'A request was refused');
  }

  forwarded(delayMs: number): void {
    this.#metrics.sipDelay.add(delayMs / 1000);
  }

  registered(outcome: RegisterOutcome): void {
    const { alias, organisation, zone, result, status, refusal, source } = outcome;
    this.#metrics.registrations.of(organisation ?? 'none', refusal === undefined ? result : metricOf(refusal)).add();
    const wrong = refusal === 'credentialsWrong';
    const worthALine = wrong ? this.#mayTellOfWrongPassword() : result === 'refused' && organisation !== undefined;
    if (!worthALine && !this.#logger.isLevelEnabled('debug')) return;
    const why = refusal === undefined ? undefined : refusals[refusal].sip.warning;
    const line = { alias, asked: outcome.asked, source, organisation, zone, result, status, reason: refusal, why };
    if (!worthALine) this.#logger.debug(line, 'REGISTER');
    else this.#logger.info(line, wrong ? 'A log-on failed' : 'A registration was refused');
  }

  /** A new telephone that cannot log on leaves a trace; somebody who tries passwords does not fill the disk. */
  #mayTellOfWrongPassword(): boolean {
    const now = performance.now();
    if (now < this.#quietUntil) return false;
    this.#quietUntil = now + 1000;
    return true;
  }

  peerChanged(peer: string, up: boolean, cause: string): void {
    this.#metrics.peerChanges.of(peer.slice(0, Math.max(0, peer.indexOf('/'))), up ? 'up' : 'down').add();
    if (up) this.#logger.info({ peer, cause }, 'The peer answers again');
    else this.#logger.warn({ peer, cause }, 'The peer does not answer: calls go to the others of its zone');
  }

  unlocated(host: string, why: string): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug({ host, why }, 'A host could not be found');
  }

  fault(error: unknown, signallingId: string): void {
    this.#logger.error({ err: error, signallingId }, 'A fault in the gatekeeper');
  }
}
