import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasKey, normalise } from '../../../src/gatekeeper/plan/normalise.js';

const number = (digits: string) => ({ kind: 'number', number: digits });
const uri = (user: string, domain: string) => ({ kind: 'uri', user, domain });
const h323Id = (id: string) => ({ kind: 'h323Id', id });
const address = (user: string, host: string, port?: number) => ({ kind: 'address', user, host, port });

describe('normalise', () => {
  it.each([
    ['461010001', number('461010001')],
    ['+461010001', number('461010001')],
    ['00461010001', number('461010001')],
    ['+46 101 00 01', number('461010001')],
    ['+46 (0)101 00 01', number('461010001')],
    ['(+46) 101 0001', number('461010001')],
    ['46-101-0001', number('461010001')],
    ['46.101.00.01', number('461010001')],
    ['46.101.100.1', number('461011001')],
    ['46/101-0001', number('461010001')],
    ['46\u00a0101\u20110001', number('461010001')],
    ['\u202d+46\u2009101\u20130001\u202c', number('461010001')],
    ['４６１０１０００１', number('461010001')],
    ['0001', number('0001')],
    ['0046', number('0046')],
    ['00123456', number('00123456')],
    ['0046101', number('0046101')],
    ['0046 1010001', number('461010001')],
    ['tel:+46-101-0001', number('461010001')],
    ['TEL:+46(101)0001;ext=7', number('461010001')],
    ['tel:0001;phone-context=+46101', number('461010001')],
    ['tel:0001;phone-context=Norr.Example', uri('0001', 'norr.example')],
    ['sip:461010001', number('461010001')],
    ['sip:+461010001;user=phone', number('461010001')],
    ['<tel:+461010001>', number('461010001')],
    ['461010001;user=phone', number('461010001')],
    ['h323:461010001', number('461010001')],
    ['h323:%34%36', number('46')],
  ])('reads %j as a number or what stands for one', (text, alias) => {
    expect(normalise(text)).toEqual(alias);
  });

  it.each([
    ['Anna@Norr.example', uri('anna', 'norr.example')],
    [' anna@norr.example. ', uri('anna', 'norr.example')],
    ['sip:anna@norr.example:5060;transport=tcp', uri('anna', 'norr.example')],
    ['sips:anna:secret@norr.example', uri('anna', 'norr.example')],
    ['sip:anna@norr.example;x=a@b?subject=c@d', uri('anna', 'norr.example')],
    ['"Anna <B>" <SIP:Anna@norr.example;lr>;tag=7', uri('anna', 'norr.example')],
    ['"Anna B" <SIP:Anna@norr.example;lr>;tag=7', uri('anna', 'norr.example')],
    ['Anna <anna@norr.example>', uri('anna', 'norr.example')],
    ['h323:anna@norr.example', uri('anna', 'norr.example')],
    ['sip:%61nna@norr.example', uri('anna', 'norr.example')],
    ['sip:an%3Ana@norr.example', uri('an%3ana', 'norr.example')],
    ['sip:j%C3%B6rgen@norr.example', uri('jörgen', 'norr.example')],
    ['Jo\u0308rgen@norr.example', uri('jörgen', 'norr.example')],
    ['sip:j%ffrgen@norr.example', uri('j%ffrgen', 'norr.example')],
    ['anna＠norr．example', uri('anna', 'norr.example')],
    ['anna@vårdbolaget.example', uri('anna', 'xn--vrdbolaget-15a.example')],
    ['461010001@norr.example', uri('461010001', 'norr.example')],
    ['+46 101 0001@norr.example', uri('+461010001', 'norr.example')],
    ['0046-101-0001@norr.example', uri('+461010001', 'norr.example')],
    ['sip:+46-101-0001;phone-context=x@norr.example;user=phone', uri('+461010001', 'norr.example')],
    ['anna@localhost', uri('anna', 'localhost')],
  ])('reads %j as a URI', (text, alias) => {
    expect(normalise(text)).toEqual(alias);
  });

  it.each([
    ['461010001@192.0.2.7', address('461010001', '192.0.2.7')],
    ['sip:anna@192.0.2.7:5070;transport=tls', address('anna', '192.0.2.7', 5070)],
    ['anna@[::1]', address('anna', '::1')],
    ['anna@[2001:DB8:0:0::7]:5061', address('anna', '2001:db8::7', 5061)],
    ['anna@[::ffff:192.0.2.7]', address('anna', '192.0.2.7')],
    ['sip:192.0.2.7', address('', '192.0.2.7')],
    ['[::1]:5060', address('', '::1', 5060)],
    ['@192.0.2.7', address('', '192.0.2.7')],
  ])('reads %j as an address', (text, alias) => {
    expect(normalise(text)).toEqual(alias);
  });

  it.each([
    ['Conference   Room 3', h323Id('conference room 3')],
    ['h323:room%203', h323Id('room 3')],
    ['*46101', h323Id('*46101')],
    ['4610100014610100', h323Id('4610100014610100')],
    ['sip:anna', h323Id('anna')],
  ])('reads %j as an H.323-ID', (text, alias) => {
    expect(normalise(text)).toEqual(alias);
  });

  it.each([
    '',
    '   ',
    'a'.repeat(257),
    'anna\u0000',
    'anna\r\nVia: x',
    'anna@',
    '@norr.example',
    'mailto:anna@norr.example',
    'sip:',
    'sip:@',
    'tel:anna',
    'anna@no rr.example',
    'anna@norr..example',
    'anna@192.0.2.7:0',
    'anna@192.0.2.7:99999',
    'anna@[norr.example]',
    'anna@[::1',
    'anna@::1',
    '<anna',
    'anna>',
    '<>',
    '\ud800',
    'sip:%00@norr.example',
    'h323:sip:x',
    'tel:+4610100014610100',
  ])('finds %j unreadable', (text) => {
    expect(normalise(text)).toBeUndefined();
  });

  const digits = fc.stringMatching(/^[1-9][0-9]{6,14}$/);
  const separators = fc.array(fc.constantFrom('', '', ' ', '-', '.', '/', '(', ')', '\u00a0', '\u2011', '\u200b'), {
    minLength: 16,
    maxLength: 16,
  });
  const written = (text: string, between: readonly string[]) => [...text].map((digit, i) => digit + (between[i] ?? '')).join('');

  it('makes one alias of all written forms of a number', () => {
    fc.assert(
      fc.property(digits, separators, (full, between) => {
        const spread = written(full, between);
        // "(0)" is its own convention: the national 0 in an international number.
        fc.pre(!spread.includes('(0)'));
        for (const form of [
          full,
          `+${full}`,
          `00${full}`,
          spread,
          `+${spread}`,
          `00 ${spread}`,
          ` tel:+${spread} `,
          `sip:+${full};user=phone`,
          `<h323:${full}>`,
        ]) {
          expect([form, normalise(form)]).toEqual([form, number(full)]);
        }
      }),
    );
  });

  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            'sip:',
            'h323:',
            'tel:',
            '@',
            '<',
            '>',
            ';',
            '?',
            ':',
            '%41',
            '%40',
            '%ff',
            '%C3%B6',
            '%25',
            '％',
            '41',
            '[',
            ']',
            '::1',
            ' ',
            '+',
            '00',
            '(0)',
            '.',
            '-',
          ),
          fc.constantFrom(
            'Anna',
            'norr.example',
            '192.0.2.7',
            ':5060',
            '461010001',
            ';phone-context=',
            'Å',
            'e\u0301',
            '＠',
            '\u202e',
            'İ',
            'Σ',
            'ß',
            '"',
          ),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );

  it('is total and idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const alias = normalise(text);
        if (alias === undefined) return;
        expect(normalise(aliasKey(alias))).toEqual(alias);
      }),
      { numRuns: 3000 },
    );
  });

  it('answers the longest nasty text at once', () => {
    const started = process.hrtime.bigint();
    for (const part of ['@', ';', '%', '%41', '<', '(0)', ' ', 'a@;', ':', '[', '％', '%ff%41'])
      normalise(`sip:${part.repeat(Math.floor(250 / part.length))}`);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2000);
  });
});
