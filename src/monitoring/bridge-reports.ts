import type { BridgeObserver } from '../bridge/bridge.js';
import { metricOf, refusals } from '../gatekeeper/calls/reasons.js';
import type { Logger } from './log.js';
import type { MeetingMetrics } from './meeting-metrics.js';

/** Lines a second about what anybody with a browser can cause. */
const LINES_PER_SECOND = 5;

/** What the meeting service reports, as metrics and log lines. Lines name meetings, organisations and participants' ids, never persons. */
export class BridgeReports implements BridgeObserver {
  readonly meetings: BridgeObserver['meetings'];
  readonly media: BridgeObserver['media'];
  readonly web: BridgeObserver['web'];
  readonly link: BridgeObserver['link'];
  readonly #logger: Logger;
  #second = 0;
  #lines = 0;

  constructor({ meetings: metrics }: { readonly meetings: MeetingMetrics }, logger: Logger) {
    this.#logger = logger;
    const problem = (error: unknown, text: string) => logger.error({ err: error }, text);
    this.meetings = {
      began: ({ id, kind, organisation }) => logger.info({ meeting: id, kind, organisation }, 'A meeting began'),
      ended: ({ id, organisation }) => logger.info({ meeting: id, organisation }, 'A meeting is over'),
      joined: ({ id, organisation }, kind, participant, of) => {
        metrics.joined.of(of ?? 'none', kind).add();
        logger.info({ meeting: id, organisation, kind, participant, of }, 'A participant came');
      },
      left: ({ id }, kind, participant, reason) => {
        metrics.left.of(kind, reason).add();
        logger.info({ meeting: id, kind, participant, reason }, 'A participant went');
      },
      refused: (meeting, kind, reason) => {
        metrics.refused.of(kind, metricOf(reason)).add();
        const line = { meeting: meeting.slice(0, 64), kind, reason, why: refusals[reason].sip.warning };
        this.#say('info', line, 'Somebody was not let into a meeting');
      },
      quality: (organisation, report) => metrics.quality(organisation, report),
      mediaLost: ({ id }, legs) => {
        metrics.mediaLost.of().add(legs);
        logger.warn({ meeting: id, legs }, 'Legs of a meeting lost their media: they join again');
      },
      problem,
    };
    this.media = {
      workerDied: (reason) => logger.error({ reason }, 'A media worker died; another is started'),
      workerFailed: (reason, retryMs) => logger.error({ reason, retryMs }, 'A media worker could not be started; it is tried again'),
      failed: (meeting, what, reason) =>
        logger.error({ meeting, what, reason }, 'A stream or feed of a meeting does not get where it should'),
    };
    this.web = {
      refused: (why) => {
        metrics.webRefused.of(why).add();
        this.#say('debug', { why }, 'A WebSocket was refused or closed');
      },
      problem,
    };
    this.link = {
      broke: (member, parts) =>
        logger.error({ member, parts }, 'The link to another node broke, and with it the parts of meetings that stood there'),
      refused: (address, reason) => this.#say('info', { address, reason }, 'Somebody who is no node of ours wanted to link up'),
    };
  }

  roomFault(error: unknown, about: string): void {
    this.#logger.error({ err: error, about }, "A fault on a room system's leg");
  }

  #say(level: 'debug' | 'info', line: object, text: string): void {
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
