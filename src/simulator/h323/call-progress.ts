import type { Call } from './call.js';
import type { ConnectBody } from './call-messages.js';
import { Milestone } from './milestone.js';

/** How a call ended. `gatekeeper`: refused by ARJ, or by DRQ; `network`: the connection was lost, could not be made, or a timer ran out. */
export interface CallEnd {
  readonly by: 'us' | 'them' | 'gatekeeper' | 'network';
  /** Of ReleaseCompleteReason or AdmissionRejectReason, or a sentence. */
  readonly reason: string | undefined;
  /** Q.850, of the ReleaseComplete that came or went. */
  readonly cause: number | undefined;
}

/** The call ended before what was waited for. */
export class CallEnded extends Error {
  override readonly name = 'CallEnded';
  readonly end: CallEnd;

  constructor(what: string, end: CallEnd) {
    super(`The call ended before it was ${what}: by ${end.by}, reason ${end.reason ?? 'none'}, cause ${end.cause ?? 'none'}`);
    this.end = end;
  }
}

/** How far a call has come. */
export class CallProgress {
  readonly proceeding = new Milestone<void>();
  readonly alerting = new Milestone<void>();
  readonly connected = new Milestone<ConnectBody>();
  readonly agreed = new Milestone<void>();
  readonly mediaReady = new Milestone<void>();
  readonly released = new Milestone<CallEnd>();
  readonly transferred = new Milestone<Call>();

  connect(body: ConnectBody): void {
    this.proceeding.reach();
    this.alerting.reach();
    this.connected.reach(body);
  }

  /** Nothing comes any more; but a call that was sent elsewhere may still get there. */
  end(end: CallEnd): void {
    this.proceeding.miss(() => new CallEnded('proceeding', end));
    this.alerting.miss(() => new CallEnded('alerting', end));
    this.connected.miss(() => new CallEnded('connected', end));
    this.agreed.miss(() => new CallEnded('agreed on H.245', end));
    this.mediaReady.miss(() => new CallEnded('ready for media', end));
    if (end.reason !== FORWARDED) this.transferred.miss(() => new CallEnded('transferred', end));
    this.released.reach(end);
  }
}

/** The reason of a ReleaseComplete after Facility has sent the call elsewhere. */
export const FORWARDED = 'facilityCallDeflection';
