/** One thing that is wrong, or looks wrong, in a configuration file. */
export interface Finding {
  /** An `error` keeps the file from being used; a `warning` does not. */
  readonly severity: 'error' | 'warning';
  /** The file's path as it was given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What is wrong, without a full stop. */
  readonly message: string;
  /** What to write instead, without a full stop. */
  readonly hint: string;
}

/** `config/e164-plan.yaml:12:7: error: what is wrong; what to write instead` */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}:${finding.column}: ${finding.severity}: ${finding.message}; ${finding.hint}`;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}

/** In the order of the text, file by file: the order in which a person works through them. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const files = [...new Set(findings.map((finding) => finding.file))];
  return findings.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column);
}
