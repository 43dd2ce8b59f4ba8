import { describe, expect, expectTypeOf, it } from 'vitest';
import { endings, type Refusal, refusals } from '../../../src/gatekeeper/calls/reasons.js';
import type {
  AdmissionRejectReason,
  LocationRejectReason,
  RegistrationRejectReason,
  ReleaseCompleteReason,
} from '../../../src/gatekeeper/h323/asn1/h225.js';

/** The alternatives of a CHOICE that carry nothing, which is what an edge can give without knowing more. */
type Plain<T extends { readonly type: string; readonly value: unknown }> = Extract<T, { readonly value: null }>['type'];

describe('reasons', () => {
  it('have names of H.225.0 in H.323', () => {
    type H323 = Refusal['h323'];
    expectTypeOf<H323['release']>().toExtend<Plain<ReleaseCompleteReason>>();
    expectTypeOf<H323['admission']>().toExtend<Plain<AdmissionRejectReason>>();
    expectTypeOf<H323['location']>().toExtend<Plain<LocationRejectReason>>();
    expectTypeOf<Exclude<H323['registration'], 'duplicateAlias'>>().toExtend<Plain<RegistrationRejectReason>>();
    expectTypeOf<H323['registration']>().toExtend<RegistrationRejectReason['type']>();
  });

  it('tell a registrant which of its aliases, its password or its registration is wrong', () => {
    const registration = (code: keyof typeof refusals) => refusals[code].h323.registration;
    expect(registration('aliasTaken')).toBe('duplicateAlias');
    expect(registration('aliasForeign')).toBe('invalidAlias');
    expect(registration('credentialsWrong')).toBe('securityDenial');
    expect(registration('endpointNotRegistered')).toBe('fullRegistrationRequired');
    for (const code of ['registrationLicencesExhausted', 'overloaded', 'instanceStopping'] as const) {
      expect(registration(code)).toBe('resourceUnavailable');
    }
  });

  it('have a metric each, of their own, and a sentence without a full stop', () => {
    const all = [...Object.values(refusals), ...Object.values(endings)];
    expect(new Set(all.map(({ metric }) => metric)).size).toBe(all.length);
    for (const { metric } of all) expect(metric).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const { sip } of Object.values(refusals)) expect(sip.warning).toMatch(/^[A-Z].*[^.]$/);
    for (const { h323 } of Object.values(refusals)) expect(h323.q850).toSatisfy((cause: number) => cause >= 1 && cause <= 127);
  });
});
