import { describe, expect, test } from 'vitest';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import { hostedUser, identify, zoneOfUser } from '../../../src/gatekeeper/plan/source-zone.js';
import { gateway, neighbour, planText, testPlan } from '../../support/plan.js';
import { PASSWORD, planOf } from '../sip/registrar-fixture.js';

const from = (address: string, port = 40_000, certificateNames: readonly string[] = []) => ({
  remote: { address, port },
  certificateNames,
});

describe('identify', () => {
  const plan = planOf([
    { id: 'wide', prefix: '46101', domains: [], addresses: ['198.51.100.0/24', '2001:db8::/32'] },
    { id: 'narrow', prefix: '46102', domains: [], addresses: ['198.51.100.128/25', '2001:db8:1::/48'] },
    { id: 'host', prefix: '46103', domains: [], addresses: ['198.51.100.200', '2001:db8:1:0::7'] },
    { id: 'port', prefix: '46104', domains: [], addresses: ['198.51.100.200:5071', '[2001:db8:1::7]:5071'] },
    { id: 'named', prefix: '46105', domains: [], certificateNames: ['sbc.named.example', 'sip:named.example'] },
    { id: 'trunk', prefix: '46106', domains: [], kind: 'sip-trunk', addresses: ['192.0.2.71:5071'] },
  ]);
  const zone = (...flow: Parameters<typeof from>) => identify(plan, from(...flow))?.organisation?.id;

  test.each([
    ['198.51.100.1', 40_000, 'wide'],
    ['198.51.100.129', 40_000, 'narrow'],
    ['198.51.100.200', 40_000, 'host'],
    ['198.51.100.200', 5071, 'port'],
    ['2001:db8:2::1', 40_000, 'wide'],
    ['2001:db8:1::1', 40_000, 'narrow'],
    ['2001:db8:1::7', 40_000, 'host'],
    ['2001:db8:1::7', 5071, 'port'],
    ['2001:db8:1::7%eth0', 5071, 'port'],
    ['::ffff:198.51.100.200', 5071, 'port'],
    ['::ffff:198.51.100.1', 40_000, 'wide'],
    ['192.0.2.71', 5071, 'trunk'],
    ['192.0.2.71', 5072, undefined],
    ['203.0.113.1', 40_000, undefined],
    ['::1', 40_000, undefined],
    ['fe80::1%lo', 40_000, undefined],
  ])('%s port %i is %s', (address, port, expected) => {
    expect(zone(address, port)).toBe(expected);
    expect(zone(address, port)).toBe(expected);
  });

  test('a name in the certificate goes before every address', () => {
    expect(zone('198.51.100.200', 5071, ['other.example', 'sbc.named.example'])).toBe('named');
    expect(zone('203.0.113.1', 1, ['named.example'])).toBe('named');
    expect(zone('203.0.113.1', 1, ['sips:named.example'])).toBe('named');
    expect(zone('203.0.113.1', 1, ['evil-sbc.named.example'])).toBeUndefined();
  });

  test('each plan has its own answer', () => {
    const other = planOf([{ id: 'other', prefix: '46101', domains: [], addresses: ['198.51.100.1'] }]);
    expect(identify(other, from('198.51.100.1'))?.id).toBe('other-zone');
    expect(zone('198.51.100.1')).toBe('wide');
  });
});

describe('zoneOfUser', () => {
  const plan = planOf([
    {
      id: 'norr',
      prefix: '46101',
      domains: ['norr.example'],
      users: { anna: 'by-name', '461010009': 'by-number', '0008': 'by-extension' },
    },
    { id: 'syd', prefix: '46102', domains: ['syd.example'], users: { 'anna@syd.example': 'by-address' }, shared: false },
    { id: 'vard', prefix: '46301', domains: ['vard.example'], kind: 'sip-trunk' },
  ]);
  const found = (username: string, domain?: string) => {
    const user = zoneOfUser(plan, username, domain);
    return user && [user.zone.id, user.user, user.account.password];
  };

  test.each([
    ['461010001', undefined, ['norr-zone', '461010001', PASSWORD]],
    ['+46 101-00 01', undefined, ['norr-zone', '461010001', PASSWORD]],
    ['0046101 0009', undefined, ['norr-zone', '461010009', 'by-number']],
    ['0008', 'norr.example', ['norr-zone', '461010008', 'by-extension']],
    ['0001@norr.example', undefined, ['norr-zone', '461010001', PASSWORD]],
    ['461010009@norr.example', 'syd.example', ['norr-zone', '461010009', 'by-number']],
    ['Anna', 'norr.example', ['norr-zone', 'anna@norr.example', 'by-name']],
    ['anna', 'syd.example', ['syd-zone', 'anna@syd.example', 'by-address']],
    ['anna@syd.example', 'norr.example', ['syd-zone', 'anna@syd.example', 'by-address']],
    ['sip:Nils@Norr.example', undefined, ['norr-zone', 'nils@norr.example', PASSWORD]],
    ['461010001@192.0.2.1', undefined, ['norr-zone', '461010001', PASSWORD]],
    ['anna@192.0.2.1', 'norr.example', ['norr-zone', 'anna@norr.example', 'by-name']],
  ])('%s, in a request about %s', (username, domain, expected) => {
    expect(found(username, domain)).toEqual(expected);
  });

  test.each([
    ['a name without a domain', 'anna', undefined],
    ['an extension without a domain', '0001', undefined],
    ['a user without a password', 'nils@syd.example', undefined],
    ['a number of a trunk', '463010001', undefined],
    ['a user of a trunk', 'anna@vard.example', undefined],
    ['a number of nobody', '469990001', 'norr.example'],
    ['a domain of nobody', 'anna@example.org', 'norr.example'],
    ['nothing', '', 'norr.example'],
    ['something too long', 'a'.repeat(300), 'norr.example'],
    ['what is no name', '<>@@', 'norr.example'],
  ])('%s is nobody', (_, username, domain) => {
    expect(found(username, domain)).toBeUndefined();
  });
});

describe('H.323 zones', () => {
  const { plan, findings } = buildPlan({
    file: 'plan.yaml',
    text: planText(
      testPlan(({ organisations }) => {
        organisations.vik = gateway({
          accounts: { users: { 'gw-vik': 'of the gateway', '0007': 'of a number', 'anna@vik.example': 'of Anna', '462010009': 'of nine' } },
        });
        organisations.ost = neighbour([{ host: '192.0.2.40', port: 1719 }]);
        organisations.norr.zones = {
          norr: { kind: 'hosted', signalling: 'any', accounts: { sharedPassword: 'shared', users: { 'gw-vik@norr.example': 'own' } } },
        };
      }),
    ),
  });
  if (!plan) throw new Error(findings.map(({ message }) => message).join());
  const found = (username: string, domain?: string) => {
    const user = zoneOfUser(plan, username, domain);
    return user && [user.zone.id, user.user, user.account.password];
  };

  test('a gateway logs on with any name of its zone, and nobody over SIP', () => {
    expect(found('GW-Vik')).toEqual(['vik', 'gw-vik', 'of the gateway']);
    expect(found('anna@vik.example')).toEqual(['vik', 'anna@vik.example', 'of Anna']);
    expect(found('+46 201 0009')).toEqual(['vik', '462010009', 'of nine']);
    expect(found('0007@vik.example')).toEqual(['vik', '462010007', 'of a number']);
    expect(found('gw-vast')).toBeUndefined();
    expect(found('462010001')).toBeUndefined();
    for (const name of ['gw-vik', 'anna@vik.example', '462010009', '0007@vik.example'])
      expect(hostedUser(plan, name, undefined)).toBeUndefined();
  });

  test("a gateway's name hides no hosted user's", () => {
    expect(found('gw-vik@norr.example')).toEqual(['norr', 'gw-vik@norr.example', 'own']);
    expect(hostedUser(plan, 'gw-vik', 'norr.example')?.account.password).toBe('own');
    expect(found('461010001')).toEqual(['norr', '461010001', 'shared']);
  });

  test('a neighbour is known by its address, from any port', () => {
    expect(identify(plan, from('192.0.2.40', 1719))?.id).toBe('ost');
    expect(identify(plan, from('192.0.2.40', 49_152))?.id).toBe('ost');
    expect(identify(plan, from('192.0.2.41', 1719))).toBeUndefined();
  });
});
