import { trimSpace } from './chars.js';
import { displayName } from './header-names.js';
import { listValueEnd, splitList } from './list.js';

/** The lines of a header section, as three arrays of one length: what is never touched is never rebuilt. */
export interface HeaderLines {
  /** Lower-case long names: `call-id`. */
  readonly names: string[];
  /** The names as they came: `i`, `CALL-ID`. */
  readonly written: string[];
  /** The values as they came, unfolded (RFC 3261 §7.3.1), without blanks at the ends. */
  readonly values: string[];
}

/**
 * The header section of a message. `name` is always the lower-case long form (`via`, never `v` or `Via`); lines keep their order, their
 * names' spelling and their values to the byte, so that a proxy passes on what it was given.
 */
export class HeaderTable {
  readonly #names: string[];
  readonly #written: string[];
  readonly #values: string[];

  protected constructor(lines: HeaderLines) {
    this.#names = lines.names;
    this.#written = lines.written;
    this.#values = lines.values;
  }

  /** The value of the first line with this name. */
  get(name: string): string | undefined {
    const at = this.#first(name);
    return at < 0 ? undefined : this.#values[at];
  }

  /** The values of every line with this name, in their order. */
  getAll(name: string): readonly string[] {
    const found: string[] = [];
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === name) found.push(this.#values[i] ?? '');
    }
    return found;
  }

  /**
   * The comma-separated values over all lines with this name (RFC 3261 §7.3.1). Not for headers whose single value may hold a comma (Date,
   * Subject, challenges).
   */
  list(name: string): readonly string[] {
    const found: string[] = [];
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === name) splitList(this.#values[i] ?? '', found);
    }
    return found;
  }

  has(name: string): boolean {
    return this.#first(name) >= 0;
  }

  /** Replaces every line with this name by one, at the place of the first; adds it at the end when there is none. */
  set(name: string, value: string): void {
    const at = this.#first(name);
    if (at < 0) this.#insert(this.#names.length, name, value);
    else {
      this.#values[at] = oneLine(value);
      this.#removeFrom(name, at + 1);
      this.changed(name);
    }
  }

  /** Adds a line after the last one with this name, or at the end. */
  add(name: string, value: string): void {
    const last = this.#names.lastIndexOf(name);
    this.#insert(last < 0 ? this.#names.length : last + 1, name, value);
  }

  /** Adds a line before the first one with this name, or before all others. */
  prepend(name: string, value: string): void {
    this.#insert(Math.max(0, this.#first(name)), name, value);
  }

  /** Takes every line with this name away. */
  remove(name: string): void {
    this.#removeFrom(name, 0);
    this.changed(name);
  }

  /** Takes the first comma-separated value away (pops a Via or a Route) and gives it; undefined when there is none. */
  removeFirst(name: string): string | undefined {
    const at = this.#first(name);
    if (at < 0) return undefined;
    const line = this.#values[at] ?? '';
    const end = listValueEnd(line, 0);
    if (end === line.length) this.#delete(at);
    else this.#values[at] = trimSpace(line.slice(end + 1));
    this.changed(name);
    return trimSpace(line.slice(0, end));
  }

  /** Every line in its order, as [lower-case long name, value]. */
  *lines(): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i] ?? '', this.#values[i] ?? ''];
  }

  /** Copies of the lines with these names. */
  select(wanted: ReadonlySet<string>): HeaderLines {
    const lines: HeaderLines = { names: [], written: [], values: [] };
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i] ?? '';
      if (!wanted.has(name)) continue;
      lines.names.push(name);
      lines.written.push(this.#written[i] ?? name);
      lines.values.push(this.#values[i] ?? '');
    }
    return lines;
  }

  /** Called when a line with this name came, went or changed. */
  protected changed(_name: string): void {}

  protected copyLines(): HeaderLines {
    return { names: this.#names.slice(), written: this.#written.slice(), values: this.#values.slice() };
  }

  /** The header section, ending with the empty line. Content-Length says `bodyBytes`, at its old place or last (RFC 3261 §20.14). */
  protected formatLines(start: string, bodyBytes: number): string {
    let text = start;
    let hasLength = false;
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === 'content-length') {
        if (hasLength) continue;
        hasLength = true;
        text += `${this.#written[i]}: ${bodyBytes}\r\n`;
      } else text += `${this.#written[i]}: ${this.#values[i]}\r\n`;
    }
    return hasLength ? `${text}\r\n` : `${text}Content-Length: ${bodyBytes}\r\n\r\n`;
  }

  #first(name: string): number {
    const names = this.#names;
    for (let i = 0; i < names.length; i++) if (names[i] === name) return i;
    return -1;
  }

  #insert(at: number, name: string, value: string): void {
    const last = this.#names.length;
    if (at === last) {
      this.#names.push(name);
      this.#written.push(displayName(name));
      this.#values.push(oneLine(value));
    } else {
      this.#names.splice(at, 0, name);
      this.#written.splice(at, 0, displayName(name));
      this.#values.splice(at, 0, oneLine(value));
    }
    this.changed(name);
  }

  #removeFrom(name: string, from: number): void {
    for (let i = this.#names.length - 1; i >= from; i--) if (this.#names[i] === name) this.#delete(i);
  }

  #delete(at: number): void {
    this.#names.splice(at, 1);
    this.#written.splice(at, 1);
    this.#values.splice(at, 1);
  }
}

/** A value that stays on its line: CR and LF, which could begin a header of somebody else's making, become blanks. */
export function oneLine(value: string): string {
  return value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, ' ') : value;
}
