import type { Action } from '../model/reduce.js';
import type { DeviceChoice, DeviceProblem, OwnDevice } from '../model/state.js';
import { OWN_CAMERA, OWN_MICROPHONE, type TrackBoard } from './track-board.js';

export type DeviceKind = 'microphone' | 'camera';

export interface LocalDevicesOptions {
  readonly board: TrackBoard;
  readonly dispatch: (action: Action) => void;
  readonly device: (kind: DeviceKind) => OwnDevice;
  /** After a device was opened, closed, switched on or off. */
  readonly changed: (kind: DeviceKind) => void;
}

const KEYS = { microphone: OWN_MICROPHONE, camera: OWN_CAMERA } as const;
const KINDS = { microphone: 'audioinput', camera: 'videoinput' } as const;

/**
 * Camera and microphone. A camera that is switched off is let go, so that its lamp goes out; a microphone is kept and gives silence, so that it
 * is there at once when its owner speaks.
 */
export class LocalDevices {
  readonly #options: LocalDevicesOptions;
  /** Counts openings, so that a slow one neither overwrites a later one nor outlives `close`: its track is stopped. */
  readonly #openings = { microphone: 0, camera: 0 };

  constructor(options: LocalDevicesOptions) {
    this.#options = options;
  }

  track(kind: DeviceKind): MediaStreamTrack | undefined {
    return this.#options.board.get(KEYS[kind]);
  }

  /** Asks for both, as one question to the person where the browser can. */
  async start(): Promise<void> {
    this.#media()?.addEventListener('devicechange', this.#listed);
    const [microphone, camera] = [this.#options.device('microphone'), this.#options.device('camera')];
    const opening = { microphone: ++this.#openings.microphone, camera: ++this.#openings.camera };
    const isLast = (kind: DeviceKind) => opening[kind] === this.#openings[kind];
    if (microphone.on && camera.on && !microphone.live && !camera.live) {
      try {
        const stream = await this.#get({ audio: soundOf(microphone.chosen), video: pictureOf(camera.chosen) });
        for (const track of stream.getTracks()) {
          const kind = track.kind === 'audio' ? 'microphone' : 'camera';
          if (!isLast(kind)) {
            track.stop();
            continue;
          }
          this.#take(kind, track);
          // Who was quick is in the meeting already.
          this.#options.changed(kind);
        }
        return await this.list();
      } catch {
        // One of them is missing or refused: asked one at a time we learn which.
      }
    }
    if (isLast('microphone')) await this.#open('microphone');
    if (isLast('camera')) await this.#open('camera');
    await this.list();
  }

  /** Switches one on or off. */
  async setOn(kind: DeviceKind, on: boolean): Promise<void> {
    this.#options.dispatch({ do: 'device', kind, change: { on } });
    const track = this.track(kind);
    if (kind === 'camera' && !on) this.#drop(kind);
    else if (on && !track) await this.#open(kind);
    else if (track) track.enabled = on;
    this.#options.changed(kind);
  }

  /** Uses another device from now on. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    this.#options.dispatch({ do: 'device', kind, change: { chosen: id === '' ? undefined : id, problem: undefined } });
    if (kind === 'microphone' || this.#options.device(kind).on) await this.#open(kind);
  }

  /** Asks the browser again, after a refusal or a failure. */
  async retry(kind: DeviceKind): Promise<void> {
    this.#options.dispatch({ do: 'device', kind, change: { on: true } });
    await this.#open(kind);
    await this.list();
  }

  /** Reads what devices there are. Browsers tell their names only after they were allowed to use one. */
  async list(): Promise<void> {
    const all = (await this.#media()?.enumerateDevices()) ?? [];
    const choices = (kind: MediaDeviceKind): DeviceChoice[] =>
      all.filter((device) => device.kind === kind && device.deviceId !== '').map(({ deviceId, label }) => ({ id: deviceId, label }));
    for (const kind of ['microphone', 'camera'] as const) {
      this.#options.dispatch({ do: 'device', kind, change: { choices: choices(KINDS[kind]) } });
    }
    const canChoose = 'setSinkId' in HTMLMediaElement.prototype;
    this.#options.dispatch({ do: 'speakers', change: { choices: canChoose ? choices('audiooutput') : [] } });
  }

  close(): void {
    this.#media()?.removeEventListener('devicechange', this.#listed);
    this.#openings.microphone += 1;
    this.#openings.camera += 1;
    this.#drop('microphone');
    this.#drop('camera');
  }

  readonly #listed = (): void => {
    void this.#afterChange();
  };

  /** Something was plugged in or out: who lost a device gets the one that is there now. */
  async #afterChange(): Promise<void> {
    const opening = { ...this.#openings };
    await this.list();
    for (const kind of ['microphone', 'camera'] as const) {
      if (opening[kind] !== this.#openings[kind]) continue;
      const { on, live, problem, choices } = this.#options.device(kind);
      if (on && !live && (problem === 'ended' || problem === 'missing') && choices.length > 0) await this.#open(kind);
    }
  }

  async #open(kind: DeviceKind): Promise<void> {
    const opening = ++this.#openings[kind];
    const { chosen } = this.#options.device(kind);
    try {
      const track = await this.#openOne(kind, chosen);
      if (opening !== this.#openings[kind]) return track.stop();
      this.#take(kind, track);
    } catch (error) {
      if (opening !== this.#openings[kind]) return;
      this.#drop(kind);
      this.#options.dispatch({ do: 'device', kind, change: { problem: problemOf(error) } });
    }
    this.#options.changed(kind);
  }

  async #openOne(kind: DeviceKind, chosen: string | undefined): Promise<MediaStreamTrack> {
    const wanted = (id: string | undefined) => (kind === 'microphone' ? { audio: soundOf(id) } : { video: pictureOf(id) });
    let stream: MediaStream;
    try {
      stream = await this.#get(wanted(chosen));
    } catch (error) {
      // The device that was chosen last time is not plugged in today.
      if (!(error instanceof DOMException) || error.name !== 'OverconstrainedError' || chosen === undefined) throw error;
      stream = await this.#get(wanted(undefined));
    }
    const [track] = stream.getTracks();
    if (!track) throw new DOMException('no track', 'NotFoundError');
    return track;
  }

  #get(constraints: MediaStreamConstraints): Promise<MediaStream> {
    const media = this.#media();
    return media ? media.getUserMedia(constraints) : Promise.reject(new DOMException('not a secure page', 'NotSupportedError'));
  }

  /** Undefined on a page that was not fetched by https, and in browsers without WebRTC. */
  #media(): MediaDevices | undefined {
    return (navigator as { readonly mediaDevices?: MediaDevices }).mediaDevices;
  }

  #take(kind: DeviceKind, track: MediaStreamTrack): void {
    this.#options.board.get(KEYS[kind])?.stop();
    const { on } = this.#options.device(kind);
    // Switched off while the browser was asking.
    if (kind === 'camera' && !on) {
      track.stop();
      return;
    }
    track.enabled = on;
    track.onended = () => this.#ended(kind, track);
    this.#options.board.set(KEYS[kind], track);
    this.#options.dispatch({ do: 'device', kind, change: { live: true, problem: undefined, chosen: track.getSettings().deviceId } });
  }

  #ended(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.track(kind) !== track) return;
    this.#drop(kind);
    this.#options.dispatch({ do: 'device', kind, change: { problem: 'ended' } });
    this.#options.dispatch({ do: 'notice', notice: { what: 'deviceEnded', device: kind } });
    this.#options.changed(kind);
  }

  #drop(kind: DeviceKind): void {
    const track = this.track(kind);
    if (track) track.onended = null;
    track?.stop();
    this.#options.board.set(KEYS[kind], undefined);
    this.#options.dispatch({ do: 'device', kind, change: { live: false } });
  }
}

const soundOf = (id: string | undefined): MediaTrackConstraints => ({
  ...(id === undefined ? {} : { deviceId: { exact: id } }),
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
});

const pictureOf = (id: string | undefined): MediaTrackConstraints => ({
  ...(id === undefined ? { facingMode: 'user' } : { deviceId: { exact: id } }),
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
});

/** The names of Media Capture and Streams, §10.2 (getUserMedia), in terms of what a person can do about them. */
function problemOf(error: unknown): DeviceProblem {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'NotSupportedError':
      return 'unsupported';
    default:
      return 'failed';
  }
}
