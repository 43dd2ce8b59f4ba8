import type { CallRecord } from './call.js';
import type { CallAnswer, OpenCall } from './record-sink.js';

/**
 * The record of a call that was open when its instance died, written at the next start of that instance. It ends when the instance was
 * last known to live (`lastAlive`, ISO 8601), at most a heartbeat of the journal too early.
 */
export function lostRecord(call: OpenCall, answer: CallAnswer | undefined, lastAlive: string | undefined): CallRecord {
  const from = answer?.answer ?? call.start;
  const end = lastAlive !== undefined && Date.parse(lastAlive) > Date.parse(from) ? lastAlive : from;
  const { takenOverBy } = call;
  return {
    version: 1,
    id: call.id,
    instance: call.instance,
    signallingId: call.signallingId,
    caller: call.caller,
    dialled: call.dialled,
    callee: answer?.callee ?? null,
    route: answer?.route ?? null,
    routesTried: answer?.routesTried ?? 0,
    start: call.start,
    ringing: answer?.ringing ?? null,
    answer: answer?.answer ?? null,
    end,
    durationSeconds: answer ? (Date.parse(end) - Date.parse(answer.answer)) / 1000 : 0,
    reason: 'instanceLost',
    status: null,
    cipher: answer?.cipher ?? null,
    // Without a takeover the field `instance` says it all.
    detail: takenOverBy === undefined ? null : `${takenOverBy}, which carried the call on, was lost; it wrote this record when it was back`,
  };
}

/** For a record of the instance `writer` that a call came over to from `lost`, and that could not carry it on. */
export function lostAndTakenOver(lost: string, writer: string): string {
  return lost === writer
    ? `An earlier run of ${lost} was lost; this record is by its next one`
    : `${lost} was lost; ${writer} wrote this record`;
}
