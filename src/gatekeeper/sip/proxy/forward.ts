import type { Here } from '../here.js';
import { parseCredentials } from '../message/auth-header.js';
import type { SipRequest } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { makeBranch } from './branch.js';

const defaultMaxForwards = 70;

/** Lowers Max-Forwards, or sets it where it is missing (RFC 3261 §16.6 step 3). */
export function lowerMaxForwards(request: SipRequest): void {
  const hops = request.maxForwards;
  request.set('max-forwards', String(hops === undefined ? defaultMaxForwards : hops - 1));
}

/** Our Via on top, with a branch of its own (RFC 3261 §16.6 step 8) and `rport` (RFC 3581 §3). */
export function addVia(request: SipRequest, here: Here, flow: Flow, loop: string): void {
  request.prepend(
    'via',
    `SIP/2.0/${flow.transport.toUpperCase()} ${here.hostPort(flow)};rport;branch=${makeBranch(here.branchPrefix, loop)}`,
  );
}

/** Credentials for our own realm (a byte string) have done their work; they go no further (RFC 3261 §22.3). */
export function dropOwnCredentials(request: SipRequest, realm: string): void {
  if (!request.has('proxy-authorization')) return;
  const foreign = request.getAll('proxy-authorization').filter((value) => parseCredentials(value)?.params.get('realm') !== realm);
  request.remove('proxy-authorization');
  for (const value of foreign) request.add('proxy-authorization', value);
}
