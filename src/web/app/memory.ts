/** What the page remembers between visits: the name, the language, the view and the devices. Never a PIN; a key only as long as the tab is open. */
export type Remembered = 'name' | 'language' | 'view' | 'camera' | 'microphone' | 'speakers';

const itemOf = (what: Remembered) => `portvakt.${what}`;

/** Null: nothing is remembered, or the browser keeps nothing (private windows, policies). */
export function recall(what: Remembered): string | null {
  try {
    return localStorage.getItem(itemOf(what));
  } catch {
    return null;
  }
}

export function remember(what: Remembered, value: string): void {
  try {
    localStorage.setItem(itemOf(what), value);
  } catch {
    // Only a convenience is lost.
  }
}

const keyItem = (meeting: string) => `portvakt.key.${meeting}`;

/** Keeps the key of a meeting's link for as long as this tab is open. False: the browser keeps nothing. */
export function keepKey(meeting: string, key: string): boolean {
  try {
    sessionStorage.setItem(keyItem(meeting), key);
    return true;
  } catch {
    return false;
  }
}

export function recallKey(meeting: string): string | undefined {
  try {
    return sessionStorage.getItem(keyItem(meeting)) ?? undefined;
  } catch {
    return undefined;
  }
}
