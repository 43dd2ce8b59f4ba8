import { expect, it } from 'vitest';
import type { Zone } from '../../../../src/gatekeeper/plan/plan.js';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { dropForeignIdentities } from '../../../../src/gatekeeper/sip/proxy/identity-headers.js';
import { demoPlan } from '../registrar-fixture.js';

function zone(id: string): Zone {
  const found = demoPlan.zones.get(`${id}-zone`);
  if (!found) throw new Error(`no zone ${id}`);
  return found;
}

/** What is left of these values when they come from this zone. */
function left(from: Zone, ...values: string[]): string[] {
  const request = SipRequest.create(
    'INVITE',
    'sip:461020001@syd.example',
    values.map((value) => ['P-Asserted-Identity', value] as const),
  );
  dropForeignIdentities(demoPlan, request, from);
  return [...request.list('p-asserted-identity')];
}

it.each([
  ['its own number', '<sip:463010001@vard.example>'],
  ['its own number at our address', '<sip:463010001@192.0.2.1>'],
  ['a number from beyond it', '<sip:+4930123456@carrier.example>'],
  ['a tel URI of its own', '<tel:+463010001>'],
])('an exchange may assert %s', (_what, value) => {
  expect(left(zone('vard'), value)).toEqual([value]);
});

it.each([
  ['a number of another organisation', '<sip:461010001@vard.example>'],
  ['an address of another organisation', '"Chief" <sip:chief@norr.example>'],
  ['a tel URI of another organisation', '<tel:+461010001>'],
  ['what cannot be read', '<sip:'],
])('an exchange may not assert %s', (_what, value) => {
  expect(left(zone('vard'), value)).toEqual([]);
});

it('of several values those that may stay stay', () => {
  expect(left(zone('vard'), '<sip:463010001@vard.example>, <sip:461010001@norr.example>', '<tel:+463010001>')).toEqual([
    '<sip:463010001@vard.example>',
    '<tel:+463010001>',
  ]);
});

it('an endpoint may assert nothing, not even itself', () => {
  expect(left(zone('norr'), '<sip:461010001@norr.example>')).toEqual([]);
});

it('the short and the long way to say who calls are treated alike', () => {
  const request = SipRequest.create('INVITE', 'sip:461020001@syd.example', [
    ['REMOTE-PARTY-ID', '<sip:461010001@norr.example>;party=calling'],
  ]);
  dropForeignIdentities(demoPlan, request, zone('vard'));
  expect(request.has('remote-party-id')).toBe(false);
});
