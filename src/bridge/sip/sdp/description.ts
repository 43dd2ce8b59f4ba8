import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';

/** What a session description may be. Room systems send two to six media lines, browsers' gateways ten. */
export const descriptionLimits = { bytes: 65_535, lines: 2048, mediaLines: 32 } as const;

/** One `m=` section. */
export interface MediaSection {
  /** As written: `audio`, `video`, `application`. */
  readonly kind: string;
  readonly port: number;
  /** As written: `RTP/SAVP`. */
  readonly protocol: string;
  /** What stands after the protocol, as written. */
  readonly formats: readonly string[];
  /** Read by sdp-transform. */
  readonly media: MediaDescription;
  /**
   * What follows `a=` in its own lines, as written: for what decides on encryption. sdp-transform drops what it does not know, and of
   * several fingerprints keeps one.
   */
  readonly attributes: readonly string[];
}

export interface Description {
  readonly session: SessionDescription;
  /** Attributes above the first media line, as written. */
  readonly attributes: readonly string[];
  readonly sections: readonly MediaSection[];
}

/**
 * Reads a session description (RFC 8866). Never throws; `problem` is a sentence for whoever has to fix the sender.
 * @param body a latin1 byte string
 */
export function readDescription(body: string): { readonly ok: true; readonly description: Description } | Unreadable {
  if (body.length > descriptionLimits.bytes) return unreadable(`The session description is longer than ${descriptionLimits.bytes} bytes`);
  const lines = body.split(/\r\n|\r|\n/);
  while (lines.length > 0 && lines[lines.length - 1] === '') lines.pop();
  if (lines[0] !== 'v=0') return unreadable('The session description is empty or does not begin with "v=0"');
  if (lines.length > descriptionLimits.lines) return unreadable(`The session description has more than ${descriptionLimits.lines} lines`);
  const heads: Head[] = [];
  const sessionAttributes: string[] = [];
  for (const line of lines) {
    if (line.charCodeAt(1) !== 0x3d) return unreadable('The session description has a line that is not "letter=value"');
    if (line.startsWith('m=')) {
      const head = readHead(line);
      if (!head) return unreadable('The session description has a malformed m= line');
      heads.push(head);
    } else if (line.startsWith('a=')) (heads[heads.length - 1]?.attributes ?? sessionAttributes).push(line.slice(2));
  }
  if (heads.length === 0) return unreadable('The session description has no m= line');
  if (heads.length > descriptionLimits.mediaLines) {
    return unreadable(`The session description has ${heads.length} m= lines; at most ${descriptionLimits.mediaLines} are taken`);
  }
  const session = parse(`${lines.join('\r\n')}\r\n`);
  const sections: MediaSection[] = [];
  for (const [index, head] of heads.entries()) {
    const media = session.media[index];
    if (!media) return unreadable('The session description has a malformed m= line');
    sections.push({ ...head, media });
  }
  return { ok: true, description: { session, attributes: sessionAttributes, sections } };
}

export interface Unreadable {
  readonly ok: false;
  readonly problem: string;
}

interface Head {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: string[];
}

/** `m=<media> <port>[/<count>] <proto> <fmt> …` (RFC 8866 §5.14). */
function readHead(line: string): Head | undefined {
  const [kind = '', portText = '', protocol = '', ...formats] = line.slice(2).split(' ');
  const port = /^\d{1,5}(?:\/\d{1,5})?$/.test(portText) ? Number.parseInt(portText, 10) : 65_536;
  const named = /^[!-~]{1,32}$/.test(kind) && /^[!-~]{1,64}$/.test(protocol);
  if (!named || port > 65_535 || formats.length > 128 || formats.some((format) => format.length > 64)) return undefined;
  return { kind, port, protocol, formats: formats.filter((format) => format !== ''), attributes: [] };
}

/** The values of the attributes with this name, as written. */
export function valuesOf(attributes: readonly string[], name: string): readonly string[] {
  const prefix = `${name}:`;
  return attributes.filter((attribute) => attribute.startsWith(prefix)).map((attribute) => attribute.slice(prefix.length));
}

function unreadable(problem: string): Unreadable {
  return { ok: false, problem };
}
