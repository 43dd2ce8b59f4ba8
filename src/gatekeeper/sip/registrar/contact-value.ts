import type { EpochMs } from '../../../clock.js';
import type { Binding } from '../../registry/registration.js';
import { quote } from '../message/params.js';

/** A binding as the 200 to REGISTER lists it (RFC 3261 §10.3 step 8), with what is left of its time in seconds. */
export function contactValue(binding: Binding, now: EpochMs): string {
  // Up: a client that asked for 3600 s is told 3600, and never 0 of what is still there.
  const expires = Math.ceil((binding.expiresAt - now) / 1000);
  let value = `<${binding.contact}>;expires=${expires}`;
  if (binding.q !== 1000) value += `;q=${binding.q / 1000}`;
  if (binding.regId > 0) value += `;+sip.instance=${quote(binding.instance)};reg-id=${binding.regId}`;
  return value;
}
