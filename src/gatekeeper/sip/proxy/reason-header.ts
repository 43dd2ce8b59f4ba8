import { metricOf, type ReasonCode, reasonCodes } from '../../calls/reasons.js';
import { quote } from '../message/params.js';

/** A Reason header's value (RFC 3326). */
export function reasonValue(cause: number, text: string): string {
  return `SIP;cause=${cause};text=${quote(text)}`;
}

const byMetric = new Map<string, ReasonCode>(reasonCodes.map((code) => [metricOf(code), code]));

/** The code of this service's list that stands in a Reason header, as `refusalResponse` writes it; undefined: none does. */
export function reasonCodeOf(message: { get(name: string): string | undefined }): ReasonCode | undefined {
  const text = /;text="([a-z0-9_]{1,60})"/.exec(message.get('reason') ?? '')?.[1];
  return text === undefined ? undefined : byMetric.get(text);
}
