/** Characters that mean something else unescaped (RFC 3261 §25.1, reserved), and `%` itself: their escapes stay. */
const reserved = new Set(';/?:@&=+$,%');

/**
 * Resolves the escapes of characters that mean the same with and without (RFC 3261 §19.1.4); the others stay, in upper case, and so do
 * escapes of controls, blanks, and what no URI holds unescaped. Broken escapes stay as they are.
 */
export function unescapeUri(text: string): string {
  let at = text.indexOf('%');
  if (at < 0) return text;
  let out = '';
  let from = 0;
  while (at >= 0) {
    const hex = text.slice(at + 1, at + 3);
    const code = hex.length === 2 ? Number(`0x${hex}`) : Number.NaN;
    if (Number.isInteger(code)) {
      const char = String.fromCharCode(code);
      const plain = code > 0x20 && code < 0x7f && !reserved.has(char) && char !== '"' && char !== '<' && char !== '>';
      out += text.slice(from, at) + (plain ? char : `%${hex.toUpperCase()}`);
      from = at + 3;
    }
    at = text.indexOf('%', Number.isInteger(code) ? from : at + 1);
  }
  return out + text.slice(from);
}

/** What a URI's user part says, every escape resolved: `sip:%75ser%40x@host` is the user `user@x`. A latin1 byte string. */
export function userText(user: string): string {
  if (!user.includes('%')) return user;
  return user.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
