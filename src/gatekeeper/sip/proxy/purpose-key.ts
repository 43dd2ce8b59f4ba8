import { createHmac } from 'node:crypto';

/**
 * A key of its own for one purpose, from the secret that all instances have alike: what was signed for one purpose is good for no other.
 * @param purpose `call-routes`
 */
export function purposeKey(secret: Buffer, purpose: string): Buffer {
  return createHmac('sha256', secret).update(`sip/${purpose}`).digest();
}
