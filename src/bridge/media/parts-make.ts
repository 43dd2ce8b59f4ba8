import type { RtpCapabilities } from 'mediasoup/types';
import type { MeetingId } from './media.js';
import type { PartEvent } from './part-api.js';
import type { PartHandle, PartPlace } from './part-place.js';

/** Makes a part of a meeting there and opens it; what it says before that is nobody's. Rejects with MediaError, and then nothing of it stays. */
export async function makePart(
  meeting: MeetingId,
  place: PartPlace,
  home: boolean,
  event: (part: PartHandle, event: PartEvent) => void,
  lost: (part: PartHandle) => void,
): Promise<{ part: PartHandle; rtpCapabilities: RtpCapabilities }> {
  let made: PartHandle | undefined;
  const part = await place.createPart({
    event: (what) => {
      if (made) event(made, what);
    },
    lost: () => {
      if (made) lost(made);
    },
  });
  try {
    const { rtpCapabilities } = await part.api.open({ meeting, home });
    made = part;
    return { part, rtpCapabilities };
  } catch (error) {
    await part.close().catch(() => undefined); // the first error says why
    throw error;
  }
}
