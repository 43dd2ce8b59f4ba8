import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LocationCache } from '../../../../src/gatekeeper/h323/ras/location-cache.js';
import { type FoundLocation, readLocationHint, writeLocationHint } from '../../../../src/gatekeeper/h323/ras/location-hint.js';

const location: FoundLocation = {
  outcome: 'found',
  signalAddress: { address: '192.0.2.77', port: 1720 },
  secure: true,
  peerId: 'ost/192.0.2.201:1719',
  destinationInfo: [{ type: 'h323-ID', value: 'Åsa "rum 1" 会' }],
};
const hint = { key: 'ost dialedDigits 464010001', until: 1_000_000, location };

describe('a hint of where an alias is', () => {
  test('is read as it was written', () => {
    const name = fc.record({
      type: fc.constantFrom('dialedDigits' as const, 'h323-ID' as const, 'url-ID' as const, 'email-ID' as const),
      value: fc.string({ unit: 'binary', maxLength: 40 }),
    });
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 100 }),
        fc.nat(),
        fc.boolean(),
        fc.option(fc.array(name, { maxLength: 5 })),
        (key, until, secure, names) => {
          const found = { ...location, secure, destinationInfo: names ?? undefined };
          expect(readLocationHint(writeLocationHint({ key, until, location: found }) ?? '')).toEqual({ key, until, location: found });
          expect(readLocationHint(writeLocationHint({ key, until, location: undefined }) ?? '')).toEqual({
            key,
            until,
            location: undefined,
          });
        },
      ),
    );
  });

  test('leaves out names that are no text, and is not told when it is very long', () => {
    const address = { type: 'transportID', value: { type: 'ipAddress', value: { ip: Buffer.alloc(4), port: 1 } } } as const;
    const text = writeLocationHint({ ...hint, location: { ...location, destinationInfo: [address, ...(location.destinationInfo ?? [])] } });
    expect(readLocationHint(text ?? '')).toEqual(hint);
    expect(writeLocationHint({ ...hint, key: 'x'.repeat(4000) })).toBeUndefined();
  });

  test('of a later version is read where only something was added, else not at all; neither is what is no hint', () => {
    const text = writeLocationHint(hint) ?? '';
    expect(readLocationHint(`${text.slice(0, -1)},{"later":1}]`)).toEqual(hint);
    const broken = [
      '',
      '1',
      '1 ',
      '1 {',
      '1 {}',
      '1 []',
      '1 [1,2]',
      '1 ["key","soon"]',
      '1 ["key",1,"not an address",1720,0,"ost/a",0]',
      '1 ["key",1,"192.0.2.7",0,0,"ost/a",0]',
      '1 ["key",1,"192.0.2.7",1.5,0,"ost/a",0]',
      '1 ["key",1,"192.0.2.7",1720,0,7,0]',
      `2${text.slice(1)}`,
      `${text}${' '.repeat(4000)}`,
    ];
    for (const one of broken) expect(readLocationHint(one), one).toBeUndefined();
    fc.assert(fc.property(fc.json(), (json) => void readLocationHint(`1 ${json}`)));
  });
});

describe('an answer of another instance in the cache', () => {
  test('counts where it is good for longer than what is there, and for no longer than our own', () => {
    const cache = new LocationCache<string>(1000);
    cache.offer('a', 'theirs', 5500, 5000);
    expect([cache.get('a', 5499), cache.get('a', 5500)]).toEqual(['theirs', undefined]);
    cache.offer('b', 'far off', 99_999, 5000);
    expect([cache.get('b', 5999), cache.get('b', 6000)]).toEqual(['far off', undefined]);
    cache.set('c', 'ours', 5000);
    cache.offer('c', 'older', 5999, 5000);
    cache.offer('c', 'the same', 6000, 5000);
    expect(cache.get('c', 5000)).toBe('ours');
    cache.offer('d', 'over', 5000, 5000);
    expect(cache.get('d', 5000)).toBeUndefined();
    cache.deleteUpTo('c', 5999);
    expect(cache.get('c', 5000)).toBe('ours');
    cache.deleteUpTo('c', 6000);
    expect([cache.get('c', 5000), cache.delete('c')]).toEqual([undefined, undefined]);
  });

  test('is none where nothing is remembered, and has the same bound', () => {
    const none = new LocationCache<string>(0);
    none.offer('a', 'theirs', 9000, 5000);
    expect(none.size).toBe(0);
    const small = new LocationCache<number>(1000, 2);
    for (let at = 0; at < 5; at++) small.offer(`${at}`, at, 6000, 5000);
    expect([small.size, small.get('4', 5000)]).toEqual([2, 4]);
  });
});
