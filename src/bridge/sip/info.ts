import type { SipRequest } from '../../gatekeeper/sip/message/message.js';
import { mediaTypeOf } from './capabilities.js';

/** What an INFO asks for. */
export type InfoRequest =
  | { readonly kind: 'key-frame' }
  | { readonly kind: 'digit'; readonly digit: string }
  /** Well, but nothing to do. */
  | { readonly kind: 'nothing' }
  /** 415 */
  | { readonly kind: 'unsupported' };

/** The body that asks for a whole picture (RFC 5168 §8). */
export const fastUpdate =
  '<?xml version="1.0" encoding="utf-8"?>\r\n<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder>' +
  '</vc_primitive></media_control>\r\n';

/**
 * Reads an INFO: a whole picture is wanted (RFC 5168), or a key was pressed (`application/dtmf-relay`, which no RFC
 * describes but many room systems send, and `application/dtmf`). Pure.
 */
export function readInfo(request: SipRequest): InfoRequest {
  if (request.body === '') return { kind: 'nothing' };
  const body = request.body.slice(0, 4096);
  switch (mediaTypeOf(request)) {
    case 'application/media_control+xml':
      return { kind: /<\s*picture_fast_update[\s/>]/i.test(body) ? 'key-frame' : 'nothing' };
    case 'application/dtmf-relay':
      return digitOf(/^[ \t]*Signal[ \t]*=[ \t]*(\S{1,8})/im.exec(body)?.[1]);
    case 'application/dtmf':
      return digitOf(body.trim());
    default:
      return { kind: 'unsupported' };
  }
}

/** 10 and 11 are the star and the square in some systems' event numbers (RFC 4733 §3.2). */
function digitOf(text: string | undefined): InfoRequest {
  const key = text === '10' ? '*' : text === '11' ? '#' : text?.toUpperCase();
  return key !== undefined && /^[0-9*#A-D]$/.test(key) ? { kind: 'digit', digit: key } : { kind: 'nothing' };
}
