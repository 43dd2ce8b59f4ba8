import type { MeetingMedia, MeetingMediaEvents, ParticipantId, StreamInfo } from '../../../src/bridge/media/media.js';
import type { Parts } from '../../../src/bridge/media/parts.js';
import { createMediaEngine, type MediaEngineOptions, type MediaPool } from '../../../src/bridge/media/pool.js';
import { buildMediaThread } from '../../support/media-thread.js';

/** What a meeting said of itself. */
export interface Heard {
  readonly events: MeetingMediaEvents;
  readonly streams: Map<string, StreamInfo>;
  /** Each time that legs were lost. */
  readonly lost: ParticipantId[][];
}

export function listener(): Heard {
  const streams = new Map<string, StreamInfo>();
  const lost: ParticipantId[][] = [];
  const nothing = () => undefined;
  return {
    streams,
    lost,
    events: {
      streamOpened: (stream) => streams.set(stream.id, stream),
      streamClosed: (stream) => streams.delete(stream),
      lost: (participants) => lost.push([...participants]),
      speaking: nothing,
      speaker: nothing,
      digit: nothing,
      videoFormat: nothing,
      keyFrameNeeded: nothing,
      quality: nothing,
    },
  };
}

export interface World {
  readonly entry: URL;
  readonly diedReasons: string[];
  /** What could not be done and nobody waited for. */
  readonly failures: string[];
  engine(options?: Partial<MediaEngineOptions>): Promise<MediaPool>;
  close(): Promise<void>;
}

/** Engines whose parts carry plain RTP (`PlainPart`), with real workers. */
export async function engineWorld(source = 'test/support/plain-thread.ts'): Promise<World> {
  const thread = await buildMediaThread(source);
  const engines: MediaPool[] = [];
  const diedReasons: string[] = [];
  const failures: string[] = [];
  return {
    entry: thread.entry,
    diedReasons,
    failures,
    engine: async (options = {}) => {
      const engine = await createMediaEngine({
        settings: { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } },
        observer: {
          workerDied: (reason) => diedReasons.push(reason),
          workerFailed: (reason) => failures.push(reason),
          failed: (meeting, what, reason) => failures.push(`${meeting}: ${what}: ${reason}`),
        },
        workers: 2,
        entry: thread.entry,
        ...options,
      });
      engines.push(engine);
      return engine;
    },
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
      await thread.remove();
    },
  };
}

/** A meeting's media as the class behind the interface: a test looks at how far it is spread. */
export function spreadOf(media: MeetingMedia): Parts['spread'] {
  return (media as Parts).spread;
}
