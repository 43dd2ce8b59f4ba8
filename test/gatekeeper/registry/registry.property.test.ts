import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ContactChange } from '../../../src/gatekeeper/registry/registration.js';
import { Registry } from '../../../src/gatekeeper/registry/registry.js';
import { MAX_CONTACTS } from '../../../src/gatekeeper/registry/update-bindings.js';
import { change, contact } from './changes.js';

const ORGANISATIONS = ['norr', 'syd', 'vik'];
const LIMITS = { organisation: 3, total: 6 };

const contactChange: fc.Arbitrary<ContactChange> = fc
  .record({
    contact: fc.nat({ max: 14 }).map((n) => `<sip:c${n}@192.0.2.1>`),
    expires: fc.constantFrom(0, 1, 5, 60),
    q: fc.constantFrom(0, 500, 1000),
    instance: fc.constantFrom('', 'device'),
    regId: fc.nat({ max: 2 }),
    flow: fc.constantFrom('udp:a', 'tls-1', 'tls-2'),
    path: fc.constantFrom([], ['<sip:edge.example;lr>']),
  })
  .map(contact);

const request = fc
  .record({
    alias: fc.nat({ max: 9 }).map((n) => `a${n}`),
    organisation: fc.constantFrom(...ORGANISATIONS),
    protocol: fc.constantFrom('sip' as const, 'sip' as const, 'sip' as const, 'h323' as const),
    callId: fc.constantFrom('x', 'y', ''),
    cseq: fc.nat({ max: 20 }),
    contacts: fc.array(contactChange, { maxLength: 6 }),
    removeAll: fc.boolean(),
    exclusive: fc.constantFrom(false, false, true),
  })
  .map((one) => change({ ...one, removeAll: one.removeAll && one.contacts.length === 0, limits: LIMITS }));

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('apply' as const), request }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('applyAll' as const), requests: fc.array(request, { maxLength: 5 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 20_000 }), budget: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), flow: fc.constantFrom('udp:a', 'tls-1', 'tls-2') }) },
);

/** Everything the registry holds, as plain data: two of these are equal when nothing changed. */
function contents(registry: Registry): unknown {
  return JSON.parse(JSON.stringify([...registry.values()]));
}

function expectSound(registry: Registry, now: number): void {
  const all = [...registry.values()];
  expect(registry.size).toBe(all.length);
  expect(registry.size).toBeLessThanOrEqual(LIMITS.total);
  for (const organisation of ORGANISATIONS) {
    const own = all.filter((registration) => registration.organisation === organisation);
    expect(registry.count(organisation)).toBe(own.length);
    expect(own.length).toBeLessThanOrEqual(LIMITS.organisation);
  }
  for (const registration of all) {
    expect(registry.find(registration.alias)).toBe(registration);
    const { bindings } = registration;
    expect(bindings.length).toBeGreaterThan(0);
    expect(bindings.length).toBeLessThanOrEqual(MAX_CONTACTS);
    expect(bindings.map((binding) => binding.q)).toEqual(bindings.map((binding) => binding.q).sort((a, b) => b - a));
    const devices = bindings.filter((binding) => binding.regId > 0 && binding.instance !== '').map((binding) => binding.regId);
    expect(new Set(devices).size).toBe(devices.length);
    // Bindings of this alias that are over may still be there, but for no more than a second after the last full sweep.
    expect(bindings.every((binding) => binding.expiresAt > now - 1000)).toBe(true);
  }
}

it('keeps counts, limits, order and ends right, and applies all of a change or nothing, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const registry = new Registry();
      const heard = new Map<string, unknown>();
      registry.onChange((alias, registration) => {
        if (registration) heard.set(alias, JSON.parse(JSON.stringify(registration)));
        else heard.delete(alias);
      });
      let now = 1_000_000;
      for (const step of operations) {
        if (step.do === 'wait') {
          now += step.ms;
          for (let more = true; more; ) more = registry.expire(now, step.budget);
        } else if (step.do === 'drop') {
          registry.dropFlow(step.flow);
        } else if (step.do === 'apply') {
          const before = contents(registry);
          const result = registry.apply(step.request, now);
          if (!result.ok && result.refusal !== 'registrationLicencesExhausted') expect(contents(registry)).toEqual(before);
          if (result.ok) expect(registry.find(step.request.alias)).toBe(result.registration);
        } else {
          const before = contents(registry);
          const { requests } = step;
          const result = registry.applyAll(requests, now);
          if (!result.ok && result.refusal !== 'registrationLicencesExhausted') expect(contents(registry)).toEqual(before);
          for (const [index, { alias }] of requests.entries()) {
            const isLast = requests.findLastIndex((other) => other.alias === alias) === index;
            if (result.ok && isLast) expect(registry.find(alias)).toBe(result.registrations[index]);
          }
        }
        expectSound(registry, now);
        expect(new Map([...registry.values()].map((one) => [one.alias, JSON.parse(JSON.stringify(one))]))).toEqual(heard);
      }
      now += 61_000;
      for (let more = true; more; ) more = registry.expire(now, 3);
      expect(registry.size).toBe(0);
      for (const organisation of ORGANISATIONS) expect(registry.count(organisation)).toBe(0);
      for (const flow of ['tls-1', 'tls-2']) expect(registry.dropFlow(flow)).toBe(0);
    }),
    { numRuns: 300 },
  );
});
