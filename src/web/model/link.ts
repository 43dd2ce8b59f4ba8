export interface MeetingLink {
  readonly meeting: string;
  readonly key: string | undefined;
}

/**
 * Reads a meeting's link: `/m/<meeting>#k=<key>`. The key stands after `#`, which no browser sends to any server.
 */
export function readLink(pathname: string, hash: string): MeetingLink {
  const [, encoded = ''] = /^\/m\/([^/]+)\/?$/.exec(pathname) ?? [];
  const key = new URLSearchParams(hash.replace(/^#/, '')).get('k') ?? undefined;
  return { meeting: decode(encoded), key: key === '' ? undefined : key };
}

/** What somebody typed or pasted as a meeting: a link, an address (`id@mote…`), or a number with spaces. */
export function readTyped(typed: string): MeetingLink {
  const text = typed.trim();
  const url = /^https?:\/\/[^/]+(\/[^?#]*)?(?:\?[^#]*)?(#.*)?$/i.exec(text);
  if (url) return readLink(url[1] ?? '', url[2] ?? '');
  const name = text.replace(/^sips?:/i, '').replace(/@.*$/, '');
  return { meeting: /^\+?[\d\s-]+$/.test(name) ? name.replace(/[+\s-]/g, '') : name, key: undefined };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
