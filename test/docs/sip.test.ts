import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endings, refusals } from '../../src/gatekeeper/calls/reasons.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const document = read('docs/sip.md');

/** The rows of the first table below a heading, without its head. */
function rowsBelow(heading: string): string[] {
  const section = document.slice(document.indexOf(`\n## ${heading}\n`)).split('\n## ')[1] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
}

describe('docs/sip.md', () => {
  it('lists every refusal as reasons.ts has it', () => {
    const rows = Object.entries(refusals).map(
      ([code, { metric, sip }]) => `| \`${code}\` | ${sip.status} ${sip.phrase} | \`${metric}\` | ${sip.warning} |`,
    );
    expect(rowsBelow('Refusals')).toEqual(rows);
  });

  it('lists every ending as reasons.ts has it', () => {
    const rows = Object.entries(endings).map(([code, { metric, text }]) => `| \`${code}\` | \`${metric}\` | ${text} |`);
    expect(rowsBelow('Endings')).toEqual(rows);
  });

  it('quotes Warning sentences that exist', () => {
    const sentences = Object.values(refusals).map(({ sip }) => sip.warning);
    const quoted = rowsBelow('Troubleshooting').flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`([A-Z][^`]*)`/g)]);
    const starts = quoted.map(([, text = '']) => text.split('…')[0]?.trim() ?? '').filter((text) => text !== '');
    // The last two belong to one request and stand where they are made.
    const exact = read('src/gatekeeper/sip/authenticator.ts') + read('src/gatekeeper/sip/registrar.ts');
    expect(starts.length).toBeGreaterThan(15);
    expect(starts.filter((start) => !sentences.some((sentence) => sentence.startsWith(start)) && !exact.includes(start))).toEqual([]);
  });
});
