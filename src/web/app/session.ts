import type { News, Results } from '../../bridge/browser/protocol.js';
import { type BodyOf, ServiceError } from '../connection/client.js';
import { connect, socketUrl } from '../connection/socket.js';
import type { LanguageCode } from '../language/texts.js';
import { LocalDevices } from '../media/local-devices.js';
import { PageMedia } from '../media/page-media.js';
import type { ReceivingWish } from '../media/receiving.js';
import { TrackBoard } from '../media/track-board.js';
import { retryDelay } from '../model/backoff.js';
import { readLink } from '../model/link.js';
import { judge, type QualitySample } from '../model/quality.js';
import { streamsOf } from '../model/stage.js';
import { type JoinForm, MeetingConnection, problemOf } from './connection.js';
import { keepKey, remember } from './memory.js';
import type { Store } from './store.js';

/** What a host asks for, and the few things that everybody may. */
type Command = 'admit' | 'refuse' | 'expel' | 'mute' | 'muteAll' | 'lock' | 'invite';

const QUALITY_EVERY_MS = 5_000;

/** What the page does: joins, sends and fetches media, carries out what the buttons say. The only one that knows everybody else. */
export class Session {
  readonly store: Store;
  readonly board = new TrackBoard();
  readonly devices: LocalDevices;
  #connection: MeetingConnection | undefined;
  #media: PageMedia | undefined;
  #joined: Results['join'] | undefined;
  #slides: MediaStreamTrack | undefined;
  /** What is looked at: tiles are on the screen before the media are open, and stay when they are opened anew. */
  readonly #looks = new Map<string, ReceivingWish>();
  #qualityTimer: ReturnType<typeof setInterval> | undefined;
  #lastSample: QualitySample | undefined;
  #wakeLock: Promise<WakeLockSentinel | undefined> | undefined;

  constructor(store: Store) {
    this.store = store;
    this.devices = new LocalDevices({
      board: this.board,
      dispatch: (action) => store.dispatch(action),
      device: (kind) => store.state.devices[kind],
      changed: (kind) => this.#sendDevice(kind),
    });
    // Who closes the tab has left: the others should not look at an empty chair until the service notices.
    // A page that the browser keeps may come back.
    addEventListener('pagehide', ({ persisted }) => {
      if (!persisted) this.#connection?.leave();
    });
    document.addEventListener('visibilitychange', () => this.#keepAwake());
  }

  async join(form: JoinForm): Promise<void> {
    if (this.store.state.joining.busy) return;
    this.store.dispatch({ do: 'joining', meeting: form.meeting });
    remember('name', form.name);
    const connection = new MeetingConnection(form, {
      connect,
      url: socketUrl(location),
      language: () => this.store.state.language,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      random: Math.random,
      news: (news) => {
        if (this.#connection === connection) this.#news(news);
      },
      lost: (attempt) => this.store.dispatch({ do: 'connectionLost', attempt }),
      rejoined: (joined) => void this.#enter(joined),
      gaveUp: (problem) => {
        this.#tearDown();
        this.devices.close();
        this.store.dispatch({ do: 'out', reason: problem.reason ?? 'unreachable' });
        if (problem.code !== 'connection' && problem.reason === undefined) this.store.dispatch({ do: 'joinFailed', problem });
      },
    });
    this.#connection = connection;
    try {
      await this.#enter(await connection.join());
      hideKey();
    } catch (error) {
      connection.close();
      if (this.#connection !== connection) return;
      this.#tearDown();
      this.store.dispatch({ do: 'joinFailed', problem: problemOf(error) });
    }
  }

  leave(): void {
    this.#connection?.leave();
    this.#tearDown();
    this.devices.close();
    this.store.dispatch({ do: 'out', reason: 'left' });
  }

  /** A host's: for everybody. */
  async end(): Promise<void> {
    await this.#asking(async () => {
      await this.#connection?.ask('end', {});
    });
  }

  /** Carries out a command; a refusal is shown. */
  async command<Name extends Command>(name: Name, body: BodyOf<Name>): Promise<boolean> {
    return this.#asking(async () => {
      await this.#connection?.ask(name, body);
    });
  }

  /** A host's. It ends what is shown now; the next time that somebody shows something, it is seen. */
  async stopSlidesOf(participant: string): Promise<void> {
    const slides = { participant, source: 'slides' } as const;
    if (await this.command('mute', slides)) await this.command('mute', { ...slides, muted: false });
  }

  /** From the last screen to the first, with the camera on again. */
  async backToJoin(): Promise<void> {
    this.store.dispatch({ do: 'backToJoin' });
    await this.devices.start();
  }

  setLanguage(language: LanguageCode): void {
    remember('language', language);
    this.store.dispatch({ do: 'language', language });
  }

  setView(view: 'grid' | 'speaker'): void {
    remember('view', view);
    this.store.dispatch({ do: 'view', view });
  }

  /** How a picture is looked at now; undefined: not at all. */
  look(stream: string, wish: ReceivingWish | undefined): void {
    if (wish) this.#looks.set(stream, wish);
    else this.#looks.delete(stream);
    this.#media?.look(stream, wish);
  }

  async startSharing(): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
    } catch {
      // Nothing was chosen.
      return;
    }
    const [track] = stream.getVideoTracks();
    if (!track) return;
    if (!this.#media) return track.stop();
    // Sharp letters matter more than smooth motion (W3C mst-content-hint).
    track.contentHint = 'detail';
    track.onended = () => this.stopSharing();
    this.#slides?.stop();
    this.#slides = track;
    this.#media.send('slides', track);
    this.store.dispatch({ do: 'sharing', on: true });
  }

  stopSharing(): void {
    this.#slides?.stop();
    this.#slides = undefined;
    this.#media?.send('slides', undefined);
    this.store.dispatch({ do: 'sharing', on: false });
  }

  async #enter(joined: Results['join']): Promise<void> {
    const same = this.#joined?.participant === joined.participant;
    this.#joined = joined;
    const { participant, where, role, title } = joined;
    this.store.dispatch({ do: 'joined', participant, where, role, title });
    if (!same) this.#closeMedia();
    // The others have let in somebody, not what his screen shows when he is let in the next time.
    if (where === 'lobby' && this.#slides) this.stopSharing();
    this.#media?.retry();
    if (where === 'in') await this.#openMedia();
  }

  #news(news: News): void {
    // It may be back in a moment, or another node takes over: the connection closes, and we come back by ourselves.
    if (news.news === 'out' && news.reason === 'stopped') return;
    this.store.dispatch({ do: 'news', news });
    switch (news.news) {
      case 'participants':
      case 'participant':
      case 'participantLeft':
        this.#media?.sync(streamsOf(this.store.state));
        break;
      case 'admitted':
        void this.#openMedia();
        break;
      case 'videoFormat':
        this.#media?.setVideoFormat(news);
        break;
      case 'mutedByHost':
        this.#media?.mutedByHost(news.source);
        if (news.source === 'slides') this.stopSharing();
        else void this.devices.setOn(news.source, false);
        break;
      case 'consumerClosed':
        this.#media?.consumerClosed(news.consumer);
        break;
      case 'mediaLost':
        this.#media?.reopen();
        break;
      case 'out':
        this.#tearDown();
        this.devices.close();
    }
  }

  async #openMedia(): Promise<void> {
    const [joined, connection] = [this.#joined, this.#connection];
    if (this.#media || !joined || !connection) return;
    try {
      const media = await PageMedia.open({
        ask: connection.ask,
        board: this.board,
        rtpCapabilities: joined.rtpCapabilities,
        iceServers: joined.iceServers,
        sendingFailed: (source, error) => this.#sendingFailed(source, error),
      });
      if (this.#media || this.#joined !== joined) return media.close();
      this.#media = media;
    } catch (error) {
      console.error('this browser cannot take part with sound and pictures', error);
      this.store.dispatch({ do: 'notice', notice: { what: 'problem', problem: { code: 'mediaNotAcceptable' } } });
      return;
    }
    const { videoFormat } = this.store.state;
    if (videoFormat) this.#media.setVideoFormat(videoFormat);
    for (const [stream, wish] of this.#looks) this.#media.look(stream, wish);
    this.#media.sync(streamsOf(this.store.state));
    this.#sendDevice('microphone');
    this.#sendDevice('camera');
    if (this.#slides) this.#media.send('slides', this.#slides);
    this.#qualityTimer = setInterval(() => void this.#measure(), QUALITY_EVERY_MS);
    this.#keepAwake();
  }

  #sendDevice(kind: 'microphone' | 'camera'): void {
    const { on } = this.store.state.devices[kind];
    this.#media?.send(kind, this.devices.track(kind), !on);
  }

  #sendingFailed(source: 'microphone' | 'camera' | 'slides', error: unknown): void {
    console.warn(`the ${source} could not be sent`, error);
    const problem = problemOf(error);
    // The connection broke, and says so itself.
    if (problem.code === 'connection') return;
    if (error instanceof ServiceError && retryDelay(error, 1) !== undefined) {
      // It is tried again by itself, for as long as it is wanted. Who switches to and fro is heeded a moment later, and need not know.
      if (problem.code !== 'tooMany') this.store.dispatch({ do: 'notice', notice: { what: 'problem', problem } });
      return;
    }
    const isFormat = problem.code === 'internal' || problem.code === 'mediaNotAcceptable';
    this.store.dispatch({
      do: 'notice',
      notice: isFormat && source !== 'microphone' ? { what: 'videoNotSent' } : { what: 'problem', problem },
    });
    if (source === 'slides') this.stopSharing();
  }

  async #measure(): Promise<void> {
    const [media, connection] = [this.#media, this.#connection];
    if (!media || !connection || !this.store.state.connection.open) return;
    const sample = await media.sample();
    const { quality, freezes } = judge(this.#lastSample, sample);
    this.#lastSample = sample;
    this.store.dispatch({ do: 'quality', quality });
    // Told at each look, also when nothing froze: it is how the service knows that nothing did. A lost report is no loss.
    await connection.ask('quality', { freezes }).catch(() => undefined);
  }

  /** A phone that goes dark in the middle of a conversation takes its camera along. */
  #keepAwake(): void {
    const wanted = this.#media !== undefined && document.visibilityState === 'visible';
    if (wanted && 'wakeLock' in navigator) this.#wakeLock = navigator.wakeLock.request('screen').catch(() => undefined);
    else if (!wanted) void this.#wakeLock?.then((lock) => lock?.release());
  }

  async #asking(ask: () => Promise<void>): Promise<boolean> {
    try {
      await ask();
      return true;
    } catch (error) {
      this.store.dispatch({ do: 'notice', notice: { what: 'problem', problem: problemOf(error) } });
      return false;
    }
  }

  #closeMedia(): void {
    clearInterval(this.#qualityTimer);
    this.#lastSample = undefined;
    this.#media?.close();
    this.#media = undefined;
    this.#keepAwake();
  }

  #tearDown(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#joined = undefined;
    this.#closeMedia();
    this.#slides?.stop();
    this.#slides = undefined;
  }
}

/**
 * Once it has let us in, the key leaves the address bar, where it would be seen on a shared screen, copied with the address, and kept in the
 * history. Loading the page anew finds it in this tab's memory; where the browser keeps nothing, it stays in the address.
 */
function hideKey(): void {
  const { meeting, key } = readLink(location.pathname, location.hash);
  if (key !== undefined && keepKey(meeting, key)) history.replaceState(null, '', location.pathname);
}
