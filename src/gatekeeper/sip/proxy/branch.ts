import { randomFillSync } from 'node:crypto';
import type { SipRequest } from '../message/message.js';

/** 32-bit words of randomness, drawn in pages: one draw for each branch would cost more than the branch. */
const page = new Uint32Array(256);
let used = page.length;

function unguessable(): string {
  if (used === page.length) {
    randomFillSync(page);
    used = 0;
  }
  return (page[used++] ?? 0).toString(36);
}

let counter = Math.floor(Math.random() * 0x7fffffff);

/** FNV-1a over UTF-16 units, continued from `hash`: quick, and only ever compared with itself. */
function fnv1a(hash: number, text: string): number {
  let h = hash;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return (h ^ 0x2f) >>> 0;
}

/**
 * What decides where a request goes (RFC 3261 §16.6 step 8): a request that comes back with the same value is in a loop,
 * with another value it is a spiral and goes on.
 */
export function loopHash(request: SipRequest): string {
  let h = fnv1a(0x811c9dc5, request.uri);
  h = fnv1a(h, request.get('from') ?? '');
  h = fnv1a(h, request.callId);
  h = fnv1a(h, String(request.cseq.seq));
  h = fnv1a(h, request.get('route') ?? '');
  h = fnv1a(h, request.get('proxy-authorization') ?? '');
  return h.toString(36);
}

/**
 * A branch that no other request of this process has, and that nobody off the path can guess: a response is matched by it
 * (RFC 3261 §17.1.3), so over UDP it is all that keeps strangers from answering for others.
 */
export function makeBranch(prefix: string, loop: string): string {
  counter = (counter + 1) & 0x7fffffff;
  return `${prefix}${counter.toString(36)}${unguessable()}.${loop}`;
}

/** Whether one of the Via values is ours with this loop hash (RFC 3261 §16.3 step 4). */
export function isLooping(request: SipRequest, prefix: string, loop: string): boolean {
  for (const line of request.getAll('via')) {
    for (let at = line.indexOf(prefix); at >= 0; at = line.indexOf(prefix, at + prefix.length)) {
      const rest = line.slice(at + prefix.length);
      const end = rest.search(/[;,\s]/);
      const branch = end < 0 ? rest : rest.slice(0, end);
      if (branch.slice(branch.indexOf('.') + 1) === loop) return true;
    }
  }
  return false;
}
