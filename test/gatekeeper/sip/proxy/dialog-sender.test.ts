import { expect, it } from 'vitest';
import type { Zone } from '../../../../src/gatekeeper/plan/plan.js';
import type { Registration } from '../../../../src/gatekeeper/registry/registration.js';
import type { DialogSide } from '../../../../src/gatekeeper/sip/proxy/dialog.js';
import { mayAct } from '../../../../src/gatekeeper/sip/proxy/dialog-sender.js';
import { planOf, TestFlow } from '../registrar-fixture.js';

const plan = planOf([
  { id: 'norr', prefix: '46101', domains: ['norr.example'], addresses: ['192.0.2.0/24'] },
  { id: 'vard', prefix: '46301', domains: ['vard.example'], kind: 'sip-trunk', addresses: ['203.0.113.0/24'] },
  { id: 'lab', prefix: '46302', domains: ['lab.example'], kind: 'sip-trunk', addresses: ['198.51.100.0/24'] },
]);
const before = new TestFlow('udp', '192.0.2.7', 5060);

function side(organisation: string, alias?: string): DialogSide {
  const zone: Zone | undefined = plan.zones.get(`${organisation}-zone`);
  if (!zone) throw new Error(`no zone of ${organisation}`);
  return { zone, address: '', tag: 't', contact: '', routeSet: [], flow: before, cseq: 1, seenAt: 0, alias };
}

/** A look-up in which `461010001` is registered over this flow. */
function registrations(over?: TestFlow) {
  const binding = { contact: '', expiresAt: 0, q: 1000, callId: '', cseq: 1, instance: '', regId: 0, path: [] };
  const registration: Registration = {
    alias: '461010001',
    organisation: 'norr',
    zone: 'norr-zone',
    protocol: 'sip',
    bindings: over ? [{ ...binding, flow: over.id }] : [],
  };
  return { size: 1, find: (alias: string) => (alias === registration.alias ? registration : undefined) };
}

const acts = (who: DialogSide, from: TestFlow, { token = false, over }: { token?: boolean; over?: TestFlow } = {}) =>
  mayAct({ plan: () => plan, registrations: registrations(over) }, who, from, token);

const elsewhere = new TestFlow('udp', '192.0.2.8', 5060);

it('the way it came before', () => {
  expect(acts(side('norr'), before)).toBe(true);
  expect(acts(side('norr'), new TestFlow('udp', '192.0.2.7', 5060))).toBe(true);
});

it('another port, host or transport is a stranger', () => {
  for (const flow of [elsewhere, new TestFlow('udp', '192.0.2.7', 5061), new TestFlow('tcp', '192.0.2.7', 5060)]) {
    expect(acts(side('norr', '461010001'), flow)).toBe(false);
  }
});

it('whoever has the token', () => {
  expect(acts(side('norr'), elsewhere, { token: true })).toBe(true);
});

it('every address of an exchange, but no other exchange', () => {
  expect(acts(side('vard'), new TestFlow('udp', '203.0.113.200', 40_000))).toBe(true);
  expect(acts(side('vard'), new TestFlow('udp', '198.51.100.1', 40_000))).toBe(false);
});

it("an endpoint does not act by its zone's addresses: its colleagues share them", () => {
  expect(acts(side('norr'), elsewhere)).toBe(false);
});

it('an endpoint that registered over the new connection', () => {
  const now = new TestFlow('tls', '192.0.2.9', 40_000);
  expect(acts(side('norr', '461010001'), now, { over: now })).toBe(true);
  expect(acts(side('norr', '461010002'), now, { over: now })).toBe(false);
  expect(acts(side('norr'), now, { over: now })).toBe(false);
});
