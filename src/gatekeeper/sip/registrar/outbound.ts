import type { SipRequest } from '../message/message.js';
import { type NameAddr, parseNameAddr } from '../message/name-addr.js';
import { parseSipUri } from '../message/uri.js';

/** The largest reg-id (RFC 5626 §4.2: 1*DIGIT, up to 2^31 - 1). */
const MAX_REG_ID = 2 ** 31 - 1;

/** How a REGISTER's contacts are reached: over which Path (RFC 3327), and whether over its flow (RFC 5626). */
export interface OutboundUse {
  readonly path: readonly string[];
  /** The flow's name in this registration, when the contact asks for outbound and outbound is possible. */
  apply(contact: NameAddr): { readonly instance: string; readonly regId: number } | undefined;
}

export type OutboundRead = { readonly ok: true; readonly use: OutboundUse } | { readonly ok: false; readonly why: OutboundRefusal };

/** `pathUnsupported`: 420 (RFC 3327 §5.3). `firstHop`: 439 (RFC 5626 §6). `pathMalformed`: 400. */
export type OutboundRefusal = 'pathUnsupported' | 'firstHop' | 'pathMalformed';

/**
 * Reads what a REGISTER says about the way back.
 * - A Path needs an endpoint that knows of it, as every call to it will come through (RFC 3327 §5.3).
 * - Outbound needs `Supported: outbound`, `+sip.instance` and `reg-id`; and a first hop that keeps the flow: we, when the endpoint came
 *   to us directly, or an edge proxy, which then says `ob` in its Path (RFC 5626 §6).
 */
export function readOutbound(request: SipRequest): OutboundRead {
  const path = request.has('path') ? request.list('path') : [];
  const options = supported(request);
  if (path.length > 0 && !options.has('path')) return { ok: false, why: 'pathUnsupported' };
  for (const value of path) if (!routable(value)) return { ok: false, why: 'pathMalformed' };
  const contacts = options.has('outbound') ? request.contacts : '*';
  const applied = contacts !== '*' && contacts.some((contact) => flowName(contact) !== undefined);
  if (applied && request.list('via').length > 1 && !keepsFlow(path.at(-1))) return { ok: false, why: 'firstHop' };
  return { ok: true, use: { path, apply: (contact) => (applied ? flowName(contact) : undefined) } };
}

/** Option tags (RFC 3261 §20.37) of Supported and Require: what is required is supported. */
function supported(request: SipRequest): ReadonlySet<string> {
  const options = new Set<string>();
  if (request.has('supported')) for (const option of request.list('supported')) options.add(option.toLowerCase());
  if (request.has('require')) for (const option of request.list('require')) options.add(option.toLowerCase());
  return options;
}

function flowName(contact: NameAddr): { instance: string; regId: number } | undefined {
  const instance = contact.params.get('+sip.instance');
  const regId = contact.params.get('reg-id');
  if (typeof instance !== 'string' || instance === '' || typeof regId !== 'string') return undefined;
  if (regId.length > 10 || !/^[0-9]+$/.test(regId)) return undefined;
  const number = Number(regId);
  return number >= 1 && number <= MAX_REG_ID ? { instance, regId: number } : undefined;
}

/** A Path value becomes a Route: it must be a SIP URI (RFC 3327 §4). */
function routable(value: string): boolean {
  const address = parseNameAddr(value);
  return address !== undefined && parseSipUri(address.uri) !== undefined;
}

/** RFC 5626 §6. Each proxy writes its Path value above those there (RFC 3327 §5.2), so the first hop's is the lowest. */
function keepsFlow(firstPath: string | undefined): boolean {
  const uri = firstPath === undefined ? undefined : parseSipUri(parseNameAddr(firstPath)?.uri ?? '');
  return uri?.params.has('ob') === true;
}
