import type { Row } from './row.js';

const columns = ['name', 'value', 'unit', 'target', 'ratio', 'ok'] as const;

/** The rows for people: numbers to the right. `ratio`: the value to its target's number. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.value.toLocaleString('en'),
    row.unit,
    row.target ?? '',
    ratioOf(row),
    row.ok === undefined ? '' : row.ok ? 'yes' : 'NO',
  ]);
  const all = [[...columns], ...cells];
  const widths = columns.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  const write = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 1 || column === 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${all.map(write).join('\n')}\n`;
}

function ratioOf({ value, target }: Row): string {
  const wanted = Number(target?.replace(/[^0-9.]/g, ''));
  return target === undefined || wanted === 0 ? '' : (value / wanted).toFixed(2);
}
