import type { Producer, ProducerStat } from 'mediasoup/types';
import { expect, test } from 'vitest';
import { qualityOf } from '../../../src/bridge/media/quality.js';

/** What mediasoup says of one that comes in, with 160 ticks of jitter. */
function producer(kind: 'audio' | 'video', mimeType: string): Producer {
  const stat = { mimeType, jitter: 160, fractionLost: 64, bitrate: 64_000 } as ProducerStat;
  return { kind, closed: false, paused: false, getStats: async () => [stat] } as unknown as Producer;
}

test.each([
  ['audio', 'audio/PCMA', 20],
  ['audio', 'audio/PCMU', 20],
  ['audio', 'audio/G722', 20],
  ['audio', 'audio/opus', 160 / 48],
  ['video', 'video/H264', 160 / 90],
] as const)('%s: jitter is in ms of the clock of %s', async (kind, mimeType, jitterMs) => {
  expect(await qualityOf('a', [producer(kind, mimeType)], [], undefined)).toEqual([
    { participant: 'a', direction: 'in', kind, loss: 0.25, jitterMs, rttMs: undefined, bitrate: 64_000, freezes: undefined },
  ]);
});
