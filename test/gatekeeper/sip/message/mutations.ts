/** A small generator whose whole run follows from its seed (mulberry32), so that what it found can be found again. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What parsers trip over. */
const hostile = [
  '\r\n',
  '\r',
  '\n',
  '\r\n ',
  '\0',
  '"',
  '\\',
  '<',
  '>',
  ',',
  ';',
  ':',
  '=',
  '@',
  '[',
  ']',
  '%',
  '%00',
  '*',
  '\xff',
  '\xc3',
  '  ',
  '\t',
  '()',
  '/',
  '?',
  '\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1',
  '\r\nContent-Length: 5',
  '\r\nl: -1',
  '\r\nTo: <sip:x>',
  '\r\n\r\n',
  'SIP/2.0',
  ';;',
  ';tag=',
  '99999999999999999999',
  '[::',
  '__proto__',
];

/** One to eight changes of a message: cut, repeat, drop, move, flip, or something hostile put in. */
export function mutate(message: string, next: () => number): string {
  const at = (length: number) => Math.floor(next() * (length + 1));
  let text = message;
  for (let changes = 1 + Math.floor(next() * 8); changes > 0; changes--) {
    const from = at(text.length);
    const to = Math.min(text.length, from + at(40));
    switch (Math.floor(next() * 8)) {
      case 0:
        text = text.slice(0, from);
        break;
      case 1:
        text = text.slice(0, from) + text.slice(to);
        break;
      case 2:
        text = text.slice(0, to) + text.slice(from, to).repeat(1 + at(20)) + text.slice(to);
        break;
      case 3:
        text = text.slice(0, from) + String.fromCharCode(Math.floor(next() * 256)) + text.slice(from + 1);
        break;
      case 4: {
        const target = at(text.length);
        text = text.slice(0, target) + text.slice(from, to) + text.slice(target);
        break;
      }
      case 5:
        text = text.slice(0, from) + lettersUp(text.slice(from, to)) + text.slice(to);
        break;
      default:
        text = text.slice(0, from) + (hostile[Math.floor(next() * hostile.length)] ?? '') + text.slice(from);
    }
  }
  return text;
}

/** ASCII only: latin1 has letters whose capitals are not bytes. */
function lettersUp(text: string): string {
  return text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** Bytes without any plan. */
export function noise(next: () => number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(Math.floor(next() * 256));
  return text;
}
