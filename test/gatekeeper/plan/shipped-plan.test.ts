import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../src/config/finding.js';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';

const file = 'config/e164-plan.yaml';
const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const built = buildPlan({ file, text });

describe('the shipped plan', () => {
  it('has nothing wrong with it', () => {
    expect(built.findings.map(formatFinding)).toEqual([]);
  });

  it('knows four organisations, their zones and the meetings', () => {
    const plan = built.plan;
    expect([...(plan?.organisations.keys() ?? [])]).toEqual(['region-norr', 'region-syd', 'kommun-vik', 'vardbolaget']);
    expect([...(plan?.zones.values() ?? [])].map((zone) => [zone.id, zone.kind, zone.encryption, zone.signalling])).toEqual([
      ['norr', 'hosted', 'required', 'any'],
      ['syd', 'hosted', 'required', 'any'],
      ['vik', 'hosted', 'required', 'any'],
      ['vardbolaget-trunk', 'sip-trunk', 'required', 'any'],
      ['internet', 'internet', 'required', 'secure'],
    ]);
    expect(plan?.meetings).toMatchObject({ prefix: '46900', digits: 5, domain: 'mote.portvakt.example' });
    expect([...(plan?.meetings.permanent.values() ?? [])].map(({ id, name, organisation }) => [id, name, organisation])).toEqual([
      ['4690010001', 'regionronden', 'region-norr'],
      ['4690010002', undefined, 'kommun-vik'],
      ['4690010003', 'syd-drift', 'region-syd'],
    ]);
    expect(plan?.internet).toMatchObject({ inbound: false, outbound: false });
    const trunk = plan?.zones.get('vardbolaget-trunk');
    expect(trunk?.kind === 'sip-trunk' && trunk.peers.map((peer) => peer.id)).toEqual([
      'vardbolaget-trunk/127.0.0.1:5071;udp',
      'vardbolaget-trunk/127.0.0.1:5072;udp',
    ]);
    expect(trunk?.sources.addresses).toEqual(['127.0.0.1:5071', '127.0.0.1:5072']);
  });

  it('is never read with an exception, however it is damaged, and every finding has a place in it', () => {
    const lines = text.split('\n');
    const damage = fc.record({
      line: fc.nat(lines.length - 1),
      at: fc.nat(60),
      cut: fc.nat(10),
      put: fc.constantFrom('', '  ', '{', '[', '- ', ': ', '*x', '&x ', "'", '9', 'x: y', '\t', '#', '__proto__: 1'),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (all) => {
        const damaged = [...lines];
        for (const { line, at, cut, put } of all) {
          const old = damaged[line] ?? '';
          damaged[line] = old.slice(0, at) + put + old.slice(at + cut);
        }
        const { plan, findings } = buildPlan({ file, text: damaged.join('\n') });
        expect(plan === undefined).toBe(findings.some(({ severity }) => severity === 'error'));
        for (const { line, column, message, hint } of findings) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(damaged.length + 1);
          expect(column).toBeGreaterThan(0);
          expect(message).not.toBe('');
          expect(hint).not.toBe('');
          expect(`${message}${hint}`).not.toContain('something else');
        }
      }),
      { numRuns: 150 },
    );
  });
});
