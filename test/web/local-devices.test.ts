import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Store } from '../../src/web/app/store.js';
import { LocalDevices } from '../../src/web/media/local-devices.js';
import { TrackBoard } from '../../src/web/media/track-board.js';
import { initialState } from '../../src/web/model/state.js';

/** The tracks that a browser has handed out. */
class Track {
  enabled = true;
  onended: (() => void) | null = null;
  readyState = 'live';
  constructor(readonly kind: 'audio' | 'video') {}
  stop(): void {
    this.readyState = 'ended';
  }
  getSettings() {
    return { deviceId: `the ${this.kind} device` };
  }
}

type Answer = (granted: boolean) => void;

/** A browser that asks its person about devices, and lets the test answer. */
function browser() {
  const tracks: Track[] = [];
  const questions: Answer[] = [];
  const getUserMedia = (wanted: MediaStreamConstraints) =>
    new Promise((resolve, reject) => {
      questions.push((granted) => {
        if (!granted) return reject(new DOMException('no', 'NotAllowedError'));
        const made = [...(wanted.audio ? [new Track('audio')] : []), ...(wanted.video ? [new Track('video')] : [])];
        tracks.push(...made);
        resolve({ getTracks: () => made });
      });
    });
  const mediaDevices = Object.assign(new EventTarget(), { getUserMedia, enumerateDevices: () => Promise.resolve([]) });
  vi.stubGlobal('navigator', { mediaDevices });
  vi.stubGlobal('HTMLMediaElement', class {});
  return { tracks, questions };
}

function made() {
  const store = new Store(initialState({ language: 'sv', meeting: '', key: undefined, view: 'grid' }));
  const devices = new LocalDevices({
    board: new TrackBoard(),
    dispatch: (action) => store.dispatch(action),
    device: (kind) => store.state.devices[kind],
    changed: () => undefined,
  });
  return { devices, store };
}

let world: ReturnType<typeof browser>;
beforeEach(() => {
  world = browser();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('opens both with one question', async () => {
  const { devices, store } = made();
  const started = devices.start();
  world.questions[0]?.(true);
  await started;
  expect(world.questions).toHaveLength(1);
  expect(store.state.devices.camera).toMatchObject({ live: true, chosen: 'the video device' });
});

it('closes what the browser grants after its owner has left', async () => {
  const { devices, store } = made();
  const started = devices.start();
  devices.close();
  world.questions[0]?.(true);
  await started;
  expect(world.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
  expect([store.state.devices.microphone.live, store.state.devices.camera.live]).toEqual([false, false]);
});

it('asks for nothing more after its owner has left', async () => {
  const { devices } = made();
  const started = devices.start();
  devices.close();
  world.questions[0]?.(false);
  await started;
  expect(world.questions).toHaveLength(1);
});

it('closes the one that was asked for before another was chosen', async () => {
  const { devices, store } = made();
  const started = devices.start();
  const chosen = devices.choose('camera', 'another');
  world.questions[1]?.(true);
  await chosen;
  world.questions[0]?.(true);
  await started;
  expect(world.tracks.map(({ kind, readyState }) => [kind, readyState])).toEqual([
    ['video', 'live'],
    ['audio', 'live'],
    ['video', 'ended'],
  ]);
  expect(store.state.devices.microphone.live).toBe(true);
});

it('opens them again for who comes back', async () => {
  const { devices, store } = made();
  void devices.start();
  devices.close();
  const again = devices.start();
  world.questions[1]?.(true);
  world.questions[0]?.(true);
  await again;
  expect(world.tracks.map(({ readyState }) => readyState)).toEqual(['live', 'live', 'ended', 'ended']);
  expect(store.state.devices.camera.live).toBe(true);
});
