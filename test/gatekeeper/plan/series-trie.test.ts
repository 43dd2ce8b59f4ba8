import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberSeries } from '../../../src/gatekeeper/plan/plan.js';
import { SeriesTrie } from '../../../src/gatekeeper/plan/series-trie.js';

const series = (prefix: string, digits: number): NumberSeries => ({
  prefix,
  digits,
  organisation: undefined,
  zone: undefined,
  meeting: false,
});

describe('SeriesTrie', () => {
  const norr = series('46101', 4);
  const trie = SeriesTrie.build([norr, series('46900', 5), series('47', 0)]);

  it.each([
    ['461010001', '46101', 'exact'],
    ['46101', '46101', 'tooShort'],
    ['4610100010', '46101', 'tooLong'],
    ['47', '47', 'exact'],
    ['471', '47', 'tooLong'],
    ['4690012345', '46900', 'exact'],
    ['4610', undefined, undefined],
    ['', undefined, undefined],
    ['48', undefined, undefined],
    ['46101000x', undefined, undefined],
    ['+461010001', undefined, undefined],
    ['47x', undefined, undefined],
    ['461010x01', undefined, undefined],
  ])('finds for %j the series %s: %s', (digits, prefix, fit) => {
    const match = trie.lookup(digits);
    expect(match?.series.prefix).toBe(prefix);
    expect(match && [match.exact && 'exact', match.tooShort && 'tooShort', match.tooLong && 'tooLong'].filter(Boolean)).toEqual(
      fit && [fit],
    );
  });

  it('gives one object for one answer, so that a lookup allocates nothing', () => {
    expect(trie.lookup('461010001')).toBe(trie.lookup('461010002'));
  });

  it('has every series', () => {
    expect([...trie].map(({ prefix }) => prefix)).toEqual(['46101', '46900', '47']);
    expect(trie.size).toBe(3);
    expect(SeriesTrie.build([]).lookup('4')).toBeUndefined();
  });

  it('refuses a prefix that is not digits', () => {
    expect(() => SeriesTrie.build([series('46x', 1)])).toThrow('series prefix "46x" is not all digits');
  });

  it('answers as a search through all series does', () => {
    const digits = (max: number) => fc.array(fc.constantFrom('0', '1', '4', '6'), { maxLength: max }).map((all) => all.join(''));
    const all = fc.uniqueArray(fc.tuple(digits(5), fc.integer({ min: 0, max: 4 })), { selector: ([prefix]) => prefix, maxLength: 40 });
    fc.assert(
      fc.property(all, fc.array(digits(10), { maxLength: 20 }), (list, numbers) => {
        const made = list.map(([prefix, length]) => series(prefix, length));
        const built = SeriesTrie.build(made);
        for (const number of numbers) {
          const best = made.filter(({ prefix }) => number.startsWith(prefix)).toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
          const match = built.lookup(number);
          expect(match?.series).toBe(best);
          if (best === undefined || match === undefined) continue;
          const wanted = best.prefix.length + best.digits;
          expect([match.exact, match.tooShort, match.tooLong]).toEqual([
            number.length === wanted,
            number.length < wanted,
            number.length > wanted,
          ]);
        }
      }),
    );
  });
});
