import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import { expandExtension, matchNumber, normalise, numberAtDomain } from '../../../src/gatekeeper/plan/normalise.js';
import type { Organisation, Plan } from '../../../src/gatekeeper/plan/plan.js';
import { formatSource, isLoopback, parseSource } from '../../../src/gatekeeper/plan/source-address.js';

const file = 'config/e164-plan.yaml';
const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

function planOf(written: string): Plan {
  const { plan, findings } = buildPlan({ file, text: written });
  if (plan === undefined) throw new Error(JSON.stringify(findings));
  return plan;
}
const plan = planOf(text);
function organisation(id: string, from = plan): Organisation {
  const found = from.organisations.get(id);
  if (found === undefined) throw new Error(`no organisation ${id}`);
  return found;
}

describe('expandExtension', () => {
  it("puts the organisation's prefix before its own short form", () => {
    expect(expandExtension('0001', organisation('region-norr'))).toBe('461010001');
    expect(expandExtension('0001', organisation('vardbolaget'))).toBe('463010001');
  });

  it.each(['', '1', '00010', '46101', 'abcd', '00 1', '1'.repeat(16)])('does not know %j', (digits) => {
    expect(expandExtension(digits, organisation('region-norr'))).toBeUndefined();
  });

  it('does not choose between two series of one length', () => {
    const two = planOf(
      text.replace(
        '- { prefix: 46102, digits: 4 }',
        '- { prefix: 46102, digits: 4 }\n      - { prefix: 46103, digits: 4 }\n      - { prefix: 46104, digits: 6 }',
      ),
    );
    expect(expandExtension('0001', organisation('region-syd', two))).toBe('ambiguous');
    expect(expandExtension('000001', organisation('region-syd', two))).toBe('46104000001');
  });
});

describe('numberAtDomain', () => {
  it.each([
    ['461010001@norr.example', '461010001'],
    ['+46 101 00 01@NORR.example', '461010001'],
    ['sip:0046-101-0001@norr.example;user=phone', '461010001'],
    ['0001@norr.example', '461010001'],
    ['tel:0001;phone-context=norr.example', '461010001'],
    ['12345@mote.portvakt.example', '4690012345'],
    ['4690012345@mote.portvakt.example', '4690012345'],
    ['461020001@norr.example', undefined],
    ['461010001@mote.portvakt.example', undefined],
    ['4690012345@norr.example', undefined],
    ['anna@norr.example', undefined],
    ['00010@norr.example', undefined],
    ['461010001@elsewhere.example', undefined],
    ['461010001@192.0.2.1', undefined],
  ])('reads %j as %s', (dialled, number) => {
    const alias = normalise(dialled);
    if (alias === undefined) throw new Error('unreadable');
    expect(numberAtDomain(alias, plan)).toBe(number);
  });
});

describe('matchNumber', () => {
  it('finds the series of a number', () => {
    expect(matchNumber('463010001', plan)).toMatchObject({ exact: true, series: { prefix: '46301', zone: { id: 'vardbolaget-trunk' } } });
    expect(matchNumber('46900123', plan)).toMatchObject({ tooShort: true, series: { meeting: true } });
    expect(matchNumber('4612', plan)).toBeUndefined();
  });
});

describe('parseSource', () => {
  it.each([
    ['192.0.2.10', '192.0.2.10'],
    ['192.0.2.10:5060', '192.0.2.10:5060'],
    ['192.0.2.99/28', '192.0.2.96/28'],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:5060', '[2001:db8::7]:5060'],
    ['2001:db8:1::/32', '2001:db8::/32'],
    ['::ffff:192.0.2.10', '192.0.2.10'],
  ])('reads %j as %s', (written, canonical) => {
    const source = parseSource(written);
    expect(source && formatSource(source)).toBe(canonical);
    const again = parseSource(canonical);
    expect(again).toEqual(source);
  });

  it.each([
    '',
    'sbc.example',
    '192.0.2',
    '192.0.2.10:0',
    '192.0.2.10:70000',
    '192.0.2.0/33',
    '192.0.2.0/x',
    '[::1',
    '::1]:5',
    '192.0.2.0/28:5060',
  ])('refuses %j', (written) => {
    expect(parseSource(written)).toBeUndefined();
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '192.0.2.1', 'localhost', ''].map(isLoopback)).toEqual([false, false, false, false, false]);
  });
});
