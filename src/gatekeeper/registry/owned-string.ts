/**
 * A copy of `text` that shares no memory with it.
 *
 * V8 makes a substring of 13 characters or more a window onto the string it was cut from, so a Contact cut from a REGISTER would keep the
 * whole message in memory for as long as the binding lasts. What is kept for long is copied first.
 */
export function ownedString(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  // An H.323-ID (BMPString) may hold characters outside latin1, which the copy above would have cut to their low byte.
  return copy === text ? copy : Buffer.from(text, 'utf16le').toString('utf16le');
}

/**
 * `kept` or `other` when it says the same as `text`, otherwise a copy of `text`: a refresh repeats what is stored already and need not copy
 * it, and what is stored one after the other often shares much.
 */
export function keepOrOwn(kept: string | undefined, other: string | undefined, text: string): string {
  return kept === text ? kept : other === text ? other : ownedString(text);
}
