import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Step } from '../../../src/gatekeeper/routing/route.js';
import { summary, World } from './world.js';

const world = new World()
  .register('461010001', 'region-norr', 'norr')
  .register('anna@norr.example', 'region-norr', 'norr')
  .register('room 3', 'region-syd', 'syd', 'h323');
const ownHosts = new Set(['127.0.0.1', 'gatekeeper.example']);
const callers = ['region-norr', 'region-syd', 'vardbolaget', 'kommun-ost', 'kommun-vast', 'internet'];

/** Whatever somebody may type or send: noise, and pieces of addresses put together anyhow. */
const piece = fc.constantFrom(
  ...[
    'sip:',
    'tel:',
    'h323:',
    '+',
    '46',
    '101',
    '0001',
    '900',
    '@',
    'norr.example',
    'mote.portvakt.example',
    '127.0.0.1',
    '[::1]',
    ':5071',
    ';',
    '<',
    '>',
    '%',
    '%00',
    '%c3',
    '"',
    ' ',
    '*',
    '112',
    '7',
    'anna',
    '\ud800',
    'å',
    '?',
  ],
);
const dialled = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
);

it('answers every string with routes or one refusal that says why, the same when traced', () => {
  fc.assert(
    fc.property(dialled, fc.constantFrom(...callers), (text, from) => {
      const steps: Step[] = [];
      const resolution = world.call(text, from, { ownHosts, random: () => 0.5, trace: (step) => steps.push(step) });
      if (resolution.outcome === 'routes') {
        expect(resolution.routes.length).toBeGreaterThan(0);
        expect(resolution.key).not.toBe('');
      } else {
        expect(resolution.detail).toBeTruthy();
        expect(steps.filter(({ step }) => step === 'refusal')).toHaveLength(1);
      }
      expect(world.call(text, from, { ownHosts, random: () => 0.5 })).toEqual(resolution);
    }),
    { numRuns: 2000 },
  );
});

const separator = fc.constantFrom('', ' ', '-', '.', '/', '\u00a0', '\u2011', '  ');

it('resolves every way of writing a number alike', () => {
  const written = fc
    .record({
      number: fc.constantFrom(
        '461010001',
        '461010002',
        '461020001',
        '463010001',
        '46401123',
        '4690012345',
        '461010999',
        '46101',
        '47999999',
      ),
      gaps: fc.array(separator, { minLength: 16, maxLength: 16 }),
      front: fc.constantFrom('', '+', '00'),
      wrap: fc.constantFrom(
        (n: string) => n,
        (n: string) => ` ${n} `,
        (n: string) => `"A B" <${n}>`,
        (n: string) => `sip:${n.replace(/[^0-9+]/g, '')}@gatekeeper.example`,
        (n: string) => `<sips:${n.replace(/[^0-9+]/g, '')}@127.0.0.1:5061;user=phone>`,
        (n: string) => `tel:${n.replace(/[^0-9+]/g, '')}`,
      ),
    })
    // 00 before fewer than seven digits may be an extension: not one of the ways to write a number that short.
    .filter(({ number, front }) => front !== '00' || number.length > 6);
  fc.assert(
    fc.property(written, fc.constantFrom(...callers), ({ number, gaps, front, wrap }, from) => {
      const text = wrap(front + [...number].map((digit, index) => digit + (index < number.length - 1 ? (gaps[index] ?? '') : '')).join(''));
      const options = { ownHosts, random: () => 0 };
      expect([text, summary(world.call(text, from, options))]).toEqual([text, summary(world.call(number, from, options))]);
    }),
    { numRuns: 1000 },
  );
});
