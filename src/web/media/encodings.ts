import type { RtpCapabilities, RtpCodecCapability, RtpEncodingParameters } from 'mediasoup-client/types';
import type { VideoFormat } from '../model/state.js';

/** Where a meeting says nothing (it has no room system): enough for 720p of a talking head. */
const CAMERA_MAX = 1_500_000;
const SMALL_MAX = 180_000;
export const SLIDES_MAX = 2_000_000;

/** The router's codec that the meeting wants pictures as; undefined: it has none such, and mediasoup-client takes the first. */
export function codecFor(capabilities: RtpCapabilities, format: VideoFormat | undefined): RtpCodecCapability | undefined {
  if (!format) return undefined;
  const mimeType = `video/${format.codec}`.toLowerCase();
  return capabilities.codecs?.find(
    (codec) =>
      codec.mimeType.toLowerCase() === mimeType &&
      // RFC 6184 §8.1: without the parameter it is mode 0.
      (format.codec !== 'H264' || Number(codec.parameters?.['packetization-mode'] ?? 0) === format.packetizationMode),
  );
}

/**
 * How a camera is sent: from 480 lines as two layers, the small one for the grid and the full one for who is enlarged. Bit rates in bit/s; the
 * weakest room system's limit holds for the layer that it is shown.
 */
export function cameraEncodings(height: number | undefined, format: VideoFormat | undefined): RtpEncodingParameters[] {
  const full = Math.min(CAMERA_MAX, format?.maxBitrate ?? CAMERA_MAX);
  if (height === undefined || height < 480) return [{ maxBitrate: full }];
  return [
    { scaleResolutionDownBy: height >= 720 ? 4 : 2, maxBitrate: Math.min(SMALL_MAX, full) },
    { scaleResolutionDownBy: 1, maxBitrate: full },
  ];
}

export const slidesEncodings = (format: VideoFormat | undefined): RtpEncodingParameters[] => [
  { maxBitrate: Math.min(SLIDES_MAX, format?.maxBitrate ?? SLIDES_MAX) },
];
