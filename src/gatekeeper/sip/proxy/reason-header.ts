import { quote } from '../message/params.js';

/** A Reason header's value (RFC 3326). */
export function reasonValue(cause: number, text: string): string {
  return `SIP;cause=${cause};text=${quote(text)}`;
}
