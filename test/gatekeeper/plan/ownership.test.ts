import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import { normalise } from '../../../src/gatekeeper/plan/normalise.js';
import { ownerOf } from '../../../src/gatekeeper/plan/ownership.js';

const file = 'config/e164-plan.yaml';
const { plan } = buildPlan({ file, text: readFileSync(file, 'utf8') });

describe('whose address it is', () => {
  it.each([
    ['461010001', 'region-norr'],
    ['0001@syd.example', 'region-syd'],
    ['anna@vik.example', 'kommun-vik'],
    // Another organisation's number is that organisation's, whatever domain stands behind it.
    ['461020001@norr.example', 'region-syd'],
    ['4690012345', undefined],
    ['anna@elsewhere.example', undefined],
    ['anna@192.0.2.1', undefined],
    ['Conference room', undefined],
  ])('%s: %s', (text, organisation) => {
    const alias = normalise(text);
    expect(plan && alias && ownerOf(plan, alias)?.id).toBe(organisation);
  });
});
