const LONGEST = 64;

/**
 * A name as others may see it: without what could make it look like another, or break their list (control characters, and those that change
 * the direction of writing). May be empty.
 */
export function shownName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST);
}
