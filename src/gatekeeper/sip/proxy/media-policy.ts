import type { RefusalCode } from '../../calls/reasons.js';
import type { SipTransport, Zone } from '../../plan/plan.js';
import type { SipMessage } from '../message/message.js';
import { inspectSdp, judgeOffer, type SdpSecurity, sdpOf, usesSdes } from '../sdp-policy.js';

/** What a zone asks of media. */
export type MediaRule = Pick<Zone, 'encryption' | 'signalling'>;

/**
 * The rule of this zone for an offer that goes to a meeting, or to another zone. What is not encrypted enough in an offer the meeting service turns
 * down itself, line by line: room systems offer BFCP and camera control in clear beside SRTP. Its answers are judged as all are.
 */
export function ruleForOffer({ encryption, signalling }: MediaRule, to: Zone['kind'] | undefined): MediaRule {
  return { encryption: to === 'meetings' ? 'preferred' : encryption, signalling };
}

/** What a message's session description says about encryption; undefined: it carries none. */
export function mediaOf(message: SipMessage): SdpSecurity | undefined {
  const sdp = sdpOf(message);
  return sdp === undefined ? undefined : inspectSdp(sdp);
}

/**
 * Whether media described so may go between us and this zone over this transport. Offer and answer meet the same rule: every line that
 * is not switched off (port 0) has SRTP of AES-128 or better, and SDES keys do not travel in clear unless the zone says so.
 */
export function judgeMedia(media: SdpSecurity, zone: MediaRule, transport: SipTransport): RefusalCode | undefined {
  if (zone.encryption === 'required' && judgeOffer(media) !== 'ok') return 'mediaNotEncrypted';
  // What cannot be read may hold keys all the same.
  const mayHoldKeys = usesSdes(media) || media.problem !== undefined;
  if (zone.signalling === 'secure' && transport !== 'tls' && mayHoldKeys) return 'keysInClear';
  return undefined;
}
