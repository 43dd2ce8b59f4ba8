import { createContext } from 'preact';
import { useContext, useEffect, useReducer, useRef } from 'preact/hooks';
import type { Session } from '../app/session.js';
import { languages, type Texts } from '../language/texts.js';
import type { State } from '../model/state.js';

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('there is no session around this component');
  return session;
}

const useAgain = (): (() => void) => {
  const [, again] = useReducer((count: number, _: undefined) => count + 1, 0);
  return () => again(undefined);
};

/** The page's state; the component is drawn anew when it changes. */
export function useAppState(): State {
  const { store } = useSession();
  const again = useAgain();
  const drawn = useRef(store.state);
  drawn.current = store.state;
  useEffect(() => {
    // What changed between drawing and now would else be missed.
    if (store.state !== drawn.current) again();
    return store.subscribe(again);
  }, [store]);
  return store.state;
}

export function useTexts(): Texts {
  return languages[useAppState().language];
}

/** What hangs under a key on the board of tracks. */
export function useTrack(key: string | undefined): MediaStreamTrack | undefined {
  const { board } = useSession();
  const again = useAgain();
  const drawn = useRef<MediaStreamTrack | undefined>(undefined);
  const track = key === undefined ? undefined : board.get(key);
  drawn.current = track;
  useEffect(() => {
    if (key === undefined) return;
    if (board.get(key) !== drawn.current) again();
    return board.subscribe(key, again);
  }, [board, key]);
  return track;
}

/** Moves the focus to a screen's heading when the screen appears, so that keyboard and screen reader begin at its top. */
export function useFocusOnArrival<T extends HTMLElement>() {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
  return element;
}

export const classes = (...names: (string | false | undefined)[]): string => names.filter(Boolean).join(' ');
