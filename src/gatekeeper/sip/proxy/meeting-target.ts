import type { RefusalCode } from '../../calls/reasons.js';
import { meetingsZone } from '../../plan/meetings-zone.js';
import type { MeetingRoute } from '../../routing/route.js';
import type { MeetingDoor, MeetingPlace } from '../meeting-door.js';
import { meetingsFlow } from '../transport/flow-id.js';
import type { ProxyContext } from './context.js';
import { weaker } from './flow-holders.js';
import { distantEnd } from './hop.js';
import type { Expansion, HopTarget } from './targets.js';
import { uriText } from './uri-text.js';

/** So long the meeting of a lost node is looked for. That it is lost is noticed after 3 s, and then another has the meeting. */
const patienceMs = 6000;
const pauseMs = 200;

/** The place at which a meeting is held, one after the other until one answers. */
class MeetingSearch {
  readonly #context: ProxyContext;
  readonly #door: MeetingDoor;
  readonly #route: MeetingRoute;
  readonly #callId: string;
  readonly #until: number;
  #tried: MeetingPlace | undefined;

  constructor(context: ProxyContext, door: MeetingDoor, route: MeetingRoute, callId: string) {
    this.#context = context;
    this.#door = door;
    this.#route = route;
    this.#callId = callId;
    this.#until = context.clock.now() + patienceMs;
  }

  /** @param over whether nobody waits for it any more */
  async next(over: () => boolean, answered = false): Promise<Expansion> {
    const { clock } = this.#context;
    for (;;) {
      const place = await this.#door.find(this.#route.meeting);
      if ('refusal' in place) return place;
      const target = isSame(place, this.#tried) ? undefined : await this.#target(place);
      if (target) {
        this.#tried = place;
        return { groups: [[target]], again: (said) => this.next(over, said) };
      }
      // Who has answered does live, and has said why it does not take the call.
      if (answered || over() || clock.now() >= this.#until) return { refusal: 'meetingElsewhere' };
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    }
  }

  /** Undefined: it cannot be reached from here, or not any more. */
  async #target(place: MeetingPlace): Promise<HopTarget | undefined> {
    const { meeting, series } = this.#route;
    const common = {
      zone: meetingsZone(),
      uri: `sip:${uriText(meeting)}@${series.domain}`,
      label: `meeting ${meeting}`,
      organisation: place.organisation,
      peerId: undefined,
    };
    if (place.at === 'here') {
      const { flow } = this.#door;
      return flow.closed ? undefined : { ...common, routes: [], hop: flow, endpoint: undefined };
    }
    const id = meetingsFlow(place.member);
    const way = await this.#context.holders.wayOver(id, this.#callId);
    if (way?.at !== 'there') return undefined;
    const { target, route, over, holder } = way;
    return { ...common, routes: [route], hop: target, holder, endpoint: distantEnd(id, weaker(target.transport, over)) };
  }
}

/** The meeting service, at whichever instance has the meeting. Waits for the store, and where that instance was just lost for another one. */
export function expandMeeting(
  context: ProxyContext,
  route: MeetingRoute,
  callId: string,
  over: () => boolean,
): Expansion | Promise<Expansion> {
  const { meetings } = context;
  const refusal: RefusalCode = 'meetingsUnavailable';
  return meetings ? new MeetingSearch(context, meetings, route, callId).next(over) : { refusal };
}

function isSame(a: MeetingPlace, b: MeetingPlace | undefined): boolean {
  return a.at === b?.at && (a.at === 'here' || (b.at === 'there' && a.member === b.member));
}
