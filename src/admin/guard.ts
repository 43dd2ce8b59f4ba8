import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

export interface Caller {
  /** The socket's remote address: an IP literal. */
  readonly address: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface Denial {
  readonly status: 401 | 403;
  readonly message: string;
}

/**
 * May this caller use the API? With the token from anywhere; without it from this machine only. Calls and registrations tell who speaks
 * with whom in health care, so reading them is guarded like changing something. Undefined: yes.
 */
export function deny(caller: Caller, token: string | undefined): Denial | undefined {
  const given = bearer(caller.headers.authorization);
  if (given !== undefined) {
    return token !== undefined && sameText(given, token) ? undefined : { status: 401, message: 'The API token is wrong' };
  }
  if (!isLoopback(caller.address)) {
    return token === undefined
      ? { status: 403, message: 'The API answers this machine only: set http.operatorToken in the configuration to open it' }
      : { status: 401, message: 'Send the API token: Authorization: Bearer …' };
  }
  return local(caller.headers);
}

/**
 * A request from loopback may still not come from somebody on this machine: a proxy here may pass it on, and a web page that a browser
 * here has open may send it (a foreign Origin, or a foreign name that its owner lets point to 127.0.0.1).
 */
function local(headers: IncomingHttpHeaders): Denial | undefined {
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined || headers.via !== undefined) {
    return { status: 403, message: 'The request came through a proxy: send the API token' };
  }
  if (!isLocalName(headers.host)) {
    return { status: 403, message: 'Ask for localhost or 127.0.0.1, or send the API token' };
  }
  const site = headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreign || (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)) {
    return { status: 403, message: 'Another web site may not use the API' };
  }
  return undefined;
}

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

function isLocalName(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d{1,5}$/, '');
  return name.toLowerCase() === 'localhost' || isLoopback(name);
}

function bearer(authorization: string | undefined): string | undefined {
  return authorization?.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined;
}

/** In the same time wherever they differ, and however long they are. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
