import { useEffect, useRef } from 'preact/hooks';

/** The button that opens the list of people, and has the focus again when the list closes. */
export const PEOPLE_BUTTON = 'people-button';

/** Where the focus goes on, nearest first, when what had it is gone: the same person's row, the next who waits, the panel, the screen. */
const NEAREST = ['.person', '.lobby-list', '.people', '.meeting'];

/**
 * Who lets somebody in presses a button that vanishes by that, and browsers forget then where the focus was: it goes on at what is nearest
 * and still there (WCAG 2.2, 2.4.3).
 */
export function useFocusRescue(): void {
  const places = useRef<readonly (Element | null)[]>([]);
  const focused = useRef<Element | undefined>(undefined);
  useEffect(() => {
    const remember = ({ target }: FocusEvent) => {
      if (!(target instanceof Element)) return;
      focused.current = target;
      places.current = NEAREST.map((selector) => target.closest(selector));
    };
    document.addEventListener('focusin', remember);
    return () => document.removeEventListener('focusin', remember);
  }, []);
  useEffect(() => {
    if (!focused.current || focused.current.isConnected || document.activeElement !== document.body) return;
    const next = places.current.find((place) => place?.isConnected && place.querySelector(FOCUSABLE));
    next?.querySelector<HTMLElement>(FOCUSABLE)?.focus();
  });
}

const FOCUSABLE = 'button, h1[tabindex], h2[tabindex]';
