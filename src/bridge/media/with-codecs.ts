import type { Router, RouterRtpCodecCapability, RtpCodecParameters } from 'mediasoup/types';
import { codecName, codecsWith, isDigits, routerCodecs } from './codecs.js';

/**
 * Runs `produce` while the router has these codecs, under these payload types. mediasoup sends a stream to every consumer under the payload type that
 * the router had for its codec when it was produced, and has no other way to choose one; room systems want the one of their own SDP. mediasoup
 * reads the codecs before it first waits, so nothing else can come between.
 */
export function produceWith<Made>(router: Router, codecs: RouterRtpCodecCapability[], produce: () => Promise<Made>): Promise<Made> {
  router.updateMediaCodecs(codecs);
  try {
    return produce();
  } finally {
    router.updateMediaCodecs([...routerCodecs]);
  }
}

/** What a router must have for a stream that comes from another part, to hand it on as it is. */
export function codecsOf(codecs: readonly RtpCodecParameters[]): RouterRtpCodecCapability[] {
  return codecs.flatMap((codec) => {
    const name = codecName(codec.mimeType);
    if (name) return codecsWith(name, codec.payloadType, modeOf(codec));
    return isDigits(codec.mimeType)
      ? [{ kind: 'audio' as const, mimeType: codec.mimeType, clockRate: codec.clockRate, preferredPayloadType: codec.payloadType }]
      : [];
  });
}

/** H.264's packetization mode (RFC 6184 §8.1: 0 when it does not say). */
export function modeOf(codec: Pick<RtpCodecParameters, 'parameters'>): 0 | 1 {
  const parameters = codec.parameters as Record<string, unknown> | undefined;
  return parameters?.['packetization-mode'] === 1 ? 1 : 0;
}
