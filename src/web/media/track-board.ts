/** Where pictures hang: those of the others by their stream's id, one's own by these. */
export const OWN_CAMERA = 'own/camera';
export const OWN_MICROPHONE = 'own/microphone';

/** Tracks by key, and who wants to know when one changes. Tracks are no state: they are things of the browser with a life of their own. */
export class TrackBoard {
  readonly #tracks = new Map<string, MediaStreamTrack>();
  readonly #listeners = new Map<string, Set<() => void>>();

  get(key: string): MediaStreamTrack | undefined {
    return this.#tracks.get(key);
  }

  set(key: string, track: MediaStreamTrack | undefined): void {
    if (this.#tracks.get(key) === track) return;
    if (track) this.#tracks.set(key, track);
    else this.#tracks.delete(key);
    for (const listener of [...(this.#listeners.get(key) ?? [])]) listener();
  }

  /** @returns what ends it */
  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }
}
