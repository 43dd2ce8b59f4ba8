import type { Finding } from '../../config/finding.js';
import type { Path, YamlSource } from '../../config/yaml-source.js';

/** Collects what the checks find, each with its place in the file. */
export class Report {
  readonly findings: Finding[] = [];

  constructor(
    private readonly source: YamlSource,
    /** False: errors of shape took parts away, so that nothing may be said about what seems to be missing. */
    readonly complete: boolean,
  ) {}

  error(path: Path, message: string, hint: string, at: 'key' | 'value' = 'value'): void {
    this.findings.push(this.source.finding('error', path, message, hint, at));
  }

  warning(path: Path, message: string, hint: string, at: 'key' | 'value' = 'value'): void {
    this.findings.push(this.source.finding('warning', path, message, hint, at));
  }

  /** For "…, see line 12". */
  line(path: Path): number {
    return this.source.finding('error', path, '', '').line;
  }
}

/** The entries of a list with their indices in the file, without those that were unusable. */
export function entriesOf<T>(list: readonly (T | null)[] | undefined): [index: number, entry: T][] {
  return (list ?? []).flatMap((entry, index) => (entry === null ? [] : [[index, entry] satisfies [number, T]]));
}
