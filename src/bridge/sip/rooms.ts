import { randomInt } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import { callerHeader, readCaller } from '../../gatekeeper/sip/meeting-door.js';
import type { Arrival, LeaveReason, Meetings, Seat } from '../meetings/meeting.js';
import type { IncomingCall } from './incoming-call.js';
import { surroundingsOf } from './nat.js';
import { RoomLeg } from './room-leg.js';
import { RoomSession } from './room-session.js';
import { readOffer } from './sdp/read-offer.js';
import type { Surroundings } from './sdp/read-section.js';

export interface RoomsOptions {
  readonly meetings: Pick<Meetings, 'join'>;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** A fault of ours, or the media plane's; `about`: a Call-ID or a participant. */
  readonly onFault: (error: unknown, about: string) => void;
}

const named = (name: string, alias: string): string =>
  (name.trim() === '' ? alias : Buffer.from(name, 'latin1').toString('utf8')).slice(0, 128);

/** Lets room systems that call into meetings. */
export class Rooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Takes a call, to the end. Never rejects. */
  async receive(call: IncomingCall): Promise<void> {
    try {
      await this.#receive(call);
    } catch (error) {
      this.#options.onFault(error, call.request.callId);
      call.refuse('internalError');
    }
  }

  async #receive(call: IncomingCall): Promise<void> {
    const { request } = call;
    const caller = readCaller(request.get(callerHeader) ?? '');
    if (!caller) {
      call.refuse('callerUnknown', 'The gatekeeper did not say who calls');
      return;
    }
    const { called } = call;
    if (called === undefined) {
      call.refuse('meetingUnknown');
      return;
    }
    const around = { ...surroundingsOf(request), publicOnly: caller.source !== undefined };
    const offer = call.offer === undefined ? undefined : readOffer(call.offer, around);
    if (offer && !offer.ok) {
      call.refuse(offer.refusal, offer.detail);
      return;
    }
    const { callId, organisation, zone, alias, source } = caller;
    const name = named(request.from.display, alias);
    const arrival: Arrival = { kind: 'room', protocol: 'sip', callId, name, alias, organisation, zone, source, invited: false };
    const joined = await this.#options.meetings.join(called, arrival);
    if (!joined.ok) {
      const { refusal, retryMs } = joined;
      call.refuse(refusal, undefined, retryMs === undefined ? [] : [['Retry-After', String(Math.ceil(retryMs / 1000))]]);
      return;
    }
    if (call.done) {
      joined.seat.leave('left');
      return;
    }
    const leg = await this.open(joined.seat, around);
    if (typeof leg === 'string') {
      call.refuse(leg);
      return;
    }
    try {
      const sdp = offer ? await leg.session.answer(offer) : await leg.session.offer();
      const out = leg.leg.out;
      if (out !== undefined) call.refuse(refusalOf(out));
      const accepted = call.accept(sdp, leg.leg);
      if (accepted) leg.leg.begin(accepted, offer !== undefined);
      else leg.leg.abandon('left');
    } catch (error) {
      this.#options.onFault(error, request.callId);
      leg.leg.abandon('mediaFailed');
      call.refuse('mediaUnavailable');
    }
  }

  /** A leg in the media plane for a seat. A refusal: there is none; the seat has been left. */
  async open(seat: Seat, around: Surroundings): Promise<{ readonly leg: RoomLeg; readonly session: RoomSession } | RefusalCode> {
    try {
      const media = await seat.media.addRoom(seat.participant);
      if (seat.where === 'out') {
        // Put out meanwhile, by a host or as the meeting ended.
        await media.close();
        return 'meetingNotForYou';
      }
      const session = new RoomSession(media, around, String(randomInt(2 ** 47)));
      return {
        leg: new RoomLeg({ seat, session, around, clock: this.#options.clock ?? systemClock, onFault: this.#options.onFault }),
        session,
      };
    } catch (error) {
      this.#options.onFault(error, seat.participant);
      seat.leave('mediaFailed');
      return 'mediaUnavailable';
    }
  }
}

/** What is said to a caller whose seat was taken from it before it was answered. */
function refusalOf(reason: LeaveReason): RefusalCode {
  switch (reason) {
    case 'stopped':
      return 'instanceStopping';
    case 'lost':
      return 'meetingElsewhere';
    case 'mediaFailed':
      return 'mediaUnavailable';
    case 'wrongPin':
      return 'pinWrong';
    case 'ended':
    case 'timeUp':
      return 'meetingNotNow';
    default:
      return 'meetingNotForYou';
  }
}
