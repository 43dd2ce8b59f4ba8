const HUES = 6;

/** The first letters of the first and the last word of a name. */
export function initials(name: string): string {
  const words = name.split(/[\s,.@_-]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => Array.from(word ?? '')[0]?.toLocaleUpperCase() ?? '').join('') || '·';
}

/** Which of the faces' colours: always the same for the same participant. */
export function hueOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 65_521;
  return sum % HUES;
}
