import { lowerCase, trimSpace } from '../../gatekeeper/sip/message/chars.js';
import { responseTo, type SipMessage, type SipRequest, type SipResponse } from '../../gatekeeper/sip/message/message.js';

/** What the meeting service's user agent understands (RFC 3261 §20.5, §20.37, §20.1). */
const methods: ReadonlySet<string> = new Set(['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE']);
const extensions: ReadonlySet<string> = new Set(['timer']);

export const allow: readonly [string, string] = ['Allow', [...methods].join(', ')];
export const supported: readonly [string, string] = ['Supported', [...extensions].join(', ')];
const accept: readonly [string, string] = ['Accept', 'application/sdp, application/media_control+xml, application/dtmf-relay'];

/** In the answer to OPTIONS, and in 2xx to INVITE (RFC 3261 §11.2, §13.3.1.4). */
export const capabilities: readonly (readonly [string, string])[] = [allow, supported, accept];

/** The refusal of a request by what it is, before anybody looks at what it is about (RFC 3261 §8.2.1, §8.2.2.3); undefined: none. */
export function refuseByKind(request: SipRequest): SipResponse | undefined {
  if (!methods.has(request.method)) return responseTo(request, 405, undefined, [allow]);
  const missing = request.list('require').filter((tag) => !extensions.has(lowerCase(tag)));
  if (missing.length > 0) return responseTo(request, 420, undefined, [['Unsupported', missing.join(', ')]]);
  return undefined;
}

/** 415 (§8.2.3) for a body that is no session description where one is expected; undefined: it may be looked at. */
export function refuseByBody(request: SipRequest): SipResponse | undefined {
  if (request.body === '') return undefined;
  const type = mediaTypeOf(request);
  if (type === undefined || type === 'application/sdp' || type.startsWith('multipart/')) return undefined;
  // Its sender does not mind (RFC 3261 §20.11, handling).
  if (/;\s*handling\s*=\s*optional/i.test(request.get('content-disposition') ?? '')) return undefined;
  return responseTo(request, 415, undefined, [accept]);
}

/** The media type of a body, in lower case, without parameters; undefined: none is said. */
export function mediaTypeOf(message: SipMessage): string | undefined {
  const value = message.get('content-type');
  return value === undefined ? undefined : lowerCase(trimSpace(value.split(';', 1)[0] ?? ''));
}
