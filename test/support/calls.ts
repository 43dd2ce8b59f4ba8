import type { CallAttempt, CallRecord, Party } from '../../src/gatekeeper/calls/call.js';
import { type ReadRecordsOptions, readRecords } from '../../src/gatekeeper/calls/record-files.js';
import type { OpenCall } from '../../src/gatekeeper/calls/record-sink.js';

export const anna: Party = { zone: 'norr', organisation: 'region-norr', alias: '461010001', protocol: 'sip' };
export const bertil: Party = { zone: 'syd', organisation: 'region-syd', alias: '461020001', protocol: 'sip' };
export const cecilia: Party = { zone: 'vik', organisation: 'kommun-vik', alias: '462010001', protocol: 'sip' };

export const attempt: CallAttempt = { caller: anna, dialled: '461020001', signallingId: 'a84b4c76e66710@norr.example' };

export function openCall(id: string): OpenCall {
  return {
    id,
    instance: 'test-1',
    signallingId: `${id}@norr.example`,
    caller: anna,
    dialled: '461020001',
    start: '2026-11-22T08:00:00.000Z',
  };
}

export function recordOf(call: OpenCall, changes: Partial<CallRecord> = {}): CallRecord {
  return {
    version: 1,
    id: call.id,
    instance: call.instance,
    signallingId: call.signallingId,
    caller: call.caller,
    dialled: call.dialled,
    callee: bertil,
    route: 'registration 461020001',
    routesTried: 1,
    start: call.start,
    ringing: '2026-11-22T08:00:01.000Z',
    answer: '2026-11-22T08:00:05.000Z',
    end: '2026-11-22T08:01:05.000Z',
    durationSeconds: 60,
    reason: 'completed',
    status: 200,
    cipher: 'AES_CM_128_HMAC_SHA1_80',
    detail: null,
    ...changes,
  };
}

export async function allRecords(directory: string, options?: ReadRecordsOptions): Promise<CallRecord[]> {
  const records: CallRecord[] = [];
  for await (const record of readRecords(directory, options)) records.push(record);
  return records;
}
