import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../src/config/finding.js';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';

/** A plan with nothing wrong, in parts: each test breaks one. Line numbers count from the line that `network:` is on. */
const parts = {
  network: 'network: { prefix: 46 }',
  licences: 'licences: { registrations: 100, calls: 10 }',
  meetings: 'meetings: { prefix: 46900, digits: 5, domain: mote.example }',
  internet: 'internet: { inbound: false }',
  transforms: 'transforms: []',
  organisations: 'organisations:',
  norr: `  norr:
    name: Region Norr
    contact: { role: Desk, address: desk@norr.example }
    licences: { registrations: 50, calls: 5 }
    series: [{ prefix: 46101, digits: 4 }]
    domains: [norr.example]
    zones:
      norr: { kind: hosted, accounts: { sharedPassword: x } }`,
  syd: `  syd:
    name: Region Syd
    contact: { role: Desk, address: desk@syd.example }
    licences: { registrations: 50, calls: 5 }
    series: [{ prefix: 46102, digits: 4 }]
    domains: [syd.example]
    zones:
      syd:
        kind: sip-trunk
        peers: [{ host: 192.0.2.1, port: 5060, transport: tls }]
        sources: { addresses: [192.0.2.1] }`,
};
type Parts = typeof parts;

function build(changed: Partial<Parts> = {}) {
  return buildPlan({ file: 'plan.yaml', text: `${Object.values({ ...parts, ...changed }).join('\n')}\n` });
}
const found = (changed: Partial<Parts>) => build(changed).findings.map((finding) => formatFinding(finding).replace(/^plan\.yaml:/, ''));
const norr = (from: string | RegExp, to: string): Partial<Parts> => ({ norr: parts.norr.replace(from, to) });
const syd = (from: string | RegExp, to: string): Partial<Parts> => ({ syd: parts.syd.replace(from, to) });
const neighbour = (more: string, host = '192.0.2.1') =>
  syd(/syd:\n {8}kind: sip-trunk[\s\S]*/, `syd: { kind: h323-neighbour, peers: [{ host: ${host} }], ${more} }`);
const rules = (...lines: string[]): Partial<Parts> => ({ transforms: ['transforms:', ...lines.map((line) => `  - ${line}`)].join('\n') });

it('tells a trunk that wants a certificate by nothing else: not by the addresses of its peers', () => {
  const { plan } = build(syd('addresses: [192.0.2.1]', 'certificateNames: [sbc.syd.example]'));
  expect(plan?.zones.get('syd')?.sources).toEqual({ addresses: [], certificateNames: ['sbc.syd.example'] });
});

describe('buildPlan', () => {
  it('makes a plan of what has nothing wrong', () => {
    const { plan, findings } = build();
    expect(findings).toEqual([]);
    expect(plan?.networkPrefix).toBe('46');
    expect(plan?.series.lookup('461010001')?.series.zone?.id).toBe('norr');
    expect(plan?.domains.get('syd.example')?.zone?.id).toBe('syd');
    expect(plan?.domains.get('mote.example')).toMatchObject({ meeting: true, organisation: undefined });
    expect(plan?.zones.get('syd')).toMatchObject({
      encryption: 'required',
      signalling: 'secure',
      ping: { intervalSeconds: 10, missesUntilDown: 2, answersUntilUp: 1 },
      sources: { addresses: ['192.0.2.1', '192.0.2.1:5060'], certificateNames: [] },
      peers: [{ id: 'syd/192.0.2.1:5060;tls', host: '192.0.2.1', port: 5060, transport: 'tls', priority: 0, weight: 1 }],
    });
    expect(plan?.revision).toMatch(/^[0-9a-f]{12}$/);
    expect(build({ internet: '' }).plan?.internet).toBeUndefined();
  });

  it('takes a prefix in any of its written forms', () => {
    for (const written of ['+46', '0046', "'+46 101'", '+46-101']) {
      expect(build({ network: `network: { prefix: ${written} }` }).plan?.networkPrefix).toBe(written.includes('101') ? '46101' : '46');
    }
  });

  it('reads every kind of zone, with several in one organisation', () => {
    const { plan, findings } = build({
      syd: `  syd:
    name: Region Syd
    contact: { role: Desk, address: desk@syd.example }
    licences: { registrations: 50, calls: 5 }
    series: [{ prefix: 46102, digits: 4, zone: gk }, { prefix: 46103, digits: 4, zone: mcu }, { prefix: 46104, digits: 4, zone: rooms }]
    domains: [{ name: Syd.Example., zone: sbc }]
    zones:
      gk: { kind: h323-neighbour, peers: [{ host: '2001:DB8::7' }], encryption: preferred }
      mcu: { kind: h323-gateway, accounts: { users: { '+46 103 0001': y } } }
      rooms: { kind: hosted, accounts: { users: { Anna: a, Bo@syd.example: b, '0001': c } } }
      sbc: { kind: sip-trunk, peers: [{ host: sbc.syd.example }], sources: { addresses: ['2001:DB8:0::/32', '[::1]:5071', '192.0.2.77/28'], certificateNames: [SBC.syd.example] } }`,
    });
    expect(findings).toEqual([]);
    const unlimited = { callKbps: undefined, totalKbps: undefined };
    expect(plan?.zones.get('gk')).toMatchObject({
      encryption: 'preferred',
      peers: [{ id: 'gk/[2001:db8::7]:1719', port: 1719 }],
      sources: { addresses: ['2001:db8::7'] },
      search: 'parallel',
      hopCount: 7,
    });
    for (const id of ['mcu', 'rooms']) expect(plan?.zones.get(id)).toMatchObject({ unregistered: false, bandwidth: unlimited });
    const rooms = plan?.zones.get('rooms');
    expect(rooms?.kind === 'hosted' && [...rooms.accounts.users.keys()]).toEqual(['anna', 'bo@syd.example', '0001']);
    expect(plan?.zones.get('sbc')).toMatchObject({
      peers: [{ id: 'sbc/sbc.syd.example:5061;tls' }],
      sources: { addresses: ['2001:db8::/32', '[::1]:5071', '192.0.2.64/28'], certificateNames: ['sbc.syd.example'] },
    });
    expect(plan?.domains.get('syd.example')?.zone?.id).toBe('sbc');
    expect(plan?.series.lookup('461030001')?.series.zone?.id).toBe('mcu');
  });

  it('reads what H.323 zones may say', () => {
    const keys = 'bandwidth: { call: 4000, total: 200000 }, unregistered: true, sources: { addresses: [192.0.2.0/24] }';
    const bandwidth = { callKbps: 4000, totalKbps: 200_000 };
    for (const kind of ['hosted', 'h323-gateway']) {
      const { plan, findings } = build(norr('kind: hosted,', `kind: ${kind}, ${keys},`));
      expect(findings).toEqual([]);
      expect(plan?.zones.get('norr')).toMatchObject({ kind, bandwidth, unregistered: true });
    }
    const { plan, findings } = build(neighbour('search: in-order, hopCount: 3'));
    expect(findings).toEqual([]);
    expect(plan?.zones.get('syd')).toMatchObject({ search: 'in-order', hopCount: 3 });
  });

  it('knows a neighbour by its address, whatever the port, unless something more exact is written', () => {
    const sources = (more: string, host = '192.0.2.1') => build(neighbour(more, host)).plan?.zones.get('syd')?.sources.addresses;
    expect(sources('sources: { addresses: [192.0.2.9] }')).toEqual(['192.0.2.9', '192.0.2.1']);
    expect(sources('sources: { addresses: ["127.0.0.1:1719"] }', '127.0.0.1')).toEqual(['127.0.0.1:1719']);
    expect(sources('sources: { addresses: [192.0.2.0/28] }')).toEqual(['192.0.2.0/28', '192.0.2.1']);
    expect(sources('sources: { certificateNames: [gk.syd.example] }')).toEqual([]);
  });

  it.each<[string, Partial<Parts>, string[]]>([
    [
      'bandwidth of a call above that of all',
      norr('kind: hosted,', 'kind: hosted, bandwidth: { call: 900, total: 800 },'),
      [
        "14:48: error: one call may have more (900 kbit/s) than all calls of the zone together (800 kbit/s); write at most 800, or raise 'total'",
      ],
    ],
    [
      'callers without a registration and without a source',
      norr('kind: hosted,', 'kind: hosted, unregistered: true,'),
      [
        "14:43: error: calls without a registration are told by their source, and this zone has none; write 'sources: { addresses: [192.0.2.10] }' in the zone, or take 'unregistered' away",
      ],
    ],
    [
      'H.323 keys where they mean nothing',
      syd('kind: sip-trunk', 'kind: sip-trunk\n        search: parallel'),
      ["24:9: error: unknown key 'search'; take it away; known here: kind, encryption, signalling, sources, peers, ping"],
    ],
    [
      'hop counts that no LRQ can carry',
      neighbour('hopCount: 256, search: both'),
      [
        "22:76: error: 'hopCount' is '256'; write a whole number from 1 to 255, for example 'hopCount: 7'",
        "22:89: error: 'search' is 'both'; write one of parallel, in-order, for example 'search: parallel'",
      ],
    ],
    [
      'a neighbour that takes in the whole machine',
      neighbour('search: parallel', '127.0.0.1'),
      [
        `22:44: warning: '127.0.0.1' takes in every caller on this machine, also those who would log on; write address and port as the zone's sources, for example 'sources: { addresses: ["127.0.0.1:1719"] }'`,
      ],
    ],
    [
      'a neighbour known by name only',
      neighbour('search: parallel', 'gk.syd.example'),
      [
        "22:44: warning: calls from this peer cannot be told to be the zone's: it is known by name only; write 'sources: { addresses: [192.0.2.10] }' or 'sources: { certificateNames: […] }' in the zone",
      ],
    ],
    [
      "a neighbour's address that another zone has",
      { ...neighbour('search: parallel'), ...norr('kind: hosted,', 'kind: hosted, sources: { addresses: [192.0.2.1] },') },
      ["22:43: error: '192.0.2.1' tells callers of the zone 'norr' already; keep it in one zone: a caller must belong to exactly one"],
    ],
    [
      'a gateway that logs on as another zone',
      {
        ...norr('kind: hosted, accounts: { sharedPassword: x }', 'kind: h323-gateway, accounts: { users: { gw-1: x } }'),
        ...syd(/kind: sip-trunk[\s\S]*/, 'kind: h323-gateway\n        accounts: { users: { GW-1: y } }'),
      },
      ["24:28: error: the user 'gw-1' logs on to the zone 'norr' already; give each gateway a name of its own"],
    ],
    [
      'a gateway nobody can log on to',
      norr('kind: hosted, accounts: { sharedPassword: x }', 'kind: h323-gateway'),
      ["14:7: warning: nobody can log on to the zone 'norr'; write 'accounts:' with a sharedPassword or users, or 'sources:'"],
    ],
    [
      'a series that two organisations have',
      syd('prefix: 46102', 'prefix: 46101'),
      [
        '19:24: error: the series 46101 of syd is the same as the series 46101 of norr (line 11); give one of them a prefix that neither begins nor continues the other',
      ],
    ],
    [
      'a series inside another',
      syd('prefix: 46102', 'prefix: 461015'),
      [
        '19:24: error: the series 461015 of syd lies inside the series 46101 of norr (line 11); give one of them a prefix that neither begins nor continues the other',
      ],
    ],
    [
      'a series around another, when it stands after it',
      syd('prefix: 46102', 'prefix: 461'),
      [
        '19:24: error: the series 461 of syd lies around the series 46101 of norr (line 11); give one of them a prefix that neither begins nor continues the other',
      ],
    ],
    [
      "an organisation's series inside the meetings'",
      syd('prefix: 46102', 'prefix: 469001'),
      [
        '19:24: error: the series 469001 of syd lies inside the meeting series 46900 (line 3); give one of them a prefix that neither begins nor continues the other',
      ],
    ],
    [
      "the meetings' series inside an organisation's",
      syd('prefix: 46102', 'prefix: 469'),
      [
        '19:24: error: the series 469 of syd lies around the meeting series 46900 (line 3); give one of them a prefix that neither begins nor continues the other',
      ],
    ],
    [
      'a domain that stands twice',
      syd('[syd.example]', '[syd.example, NORR.example.]'),
      ['20:28: error: the domain norr.example belongs to norr already (line 12); keep it in one place'],
    ],
    [
      "the meetings' domain",
      syd('[syd.example]', '[mote.example]'),
      ['20:15: error: the domain mote.example belongs to the meetings already (line 3); keep it in one place'],
    ],
    [
      'too long numbers',
      norr('digits: 4', 'digits: 11'),
      ["11:39: error: numbers of the series 46101 would have 16 digits, and E.164 allows 15; write 'digits: 10' or less"],
    ],
    [
      'a foreign prefix',
      norr('prefix: 46101', 'prefix: 101'),
      ["11:24: warning: the series 101 does not begin with the network's prefix 46; write '46101' if that was meant"],
    ],
    [
      'a series in national form',
      norr('prefix: 46101', "prefix: '0101'"),
      ["11:24: error: the series 0101 begins with 0, and no international number does (ITU-T E.164); write '46101'"],
    ],
    [
      "a network's prefix in national form",
      { network: 'network: { prefix: 046 }' },
      [
        "1:20: error: the network's prefix 046 begins with 0, and no international number does (ITU-T E.164); write it as it is dialled from abroad, without 00, for example 'prefix: 46'",
      ],
    ],
    [
      'a series without a zone',
      { norr: parts.norr.replace(/ {4}zones:[\s\S]*$/, '    zones: {}') },
      [
        "11:14: error: no zone serves the series 46101: norr has none; write 'zones:' with one in norr",
        "12:15: error: no zone serves the domain norr.example: norr has none; write 'zones:' with one in norr",
      ],
    ],
    [
      'a series for a zone that is not there',
      norr('digits: 4', 'digits: 4, zone: nord'),
      ["11:48: error: no zone serves the series 46101: norr has no zone 'nord'; write one of its zones: norr"],
    ],
    [
      'a series that does not say which zone',
      { norr: `${parts.norr}\n      east: { kind: hosted, accounts: { sharedPassword: x } }` },
      [
        "11:14: error: no zone serves the series 46101: norr has several, and none is named; write 'zone: ' and one of norr, east",
        "12:15: error: no zone serves the domain norr.example: norr has several, and none is named; write 'zone: ' and one of norr, east",
        "14:7: warning: the zone 'norr' serves no series and no domain; write 'zone: norr' at a series or domain of norr",
        "15:7: warning: the zone 'east' serves no series and no domain; write 'zone: east' at a series or domain of norr",
      ],
    ],
    [
      'a zone id that stands twice',
      syd('      syd:\n', '      norr:\n'),
      ["22:7: error: the zone 'norr' stands in the plan already (line 14); give every zone of the plan an id of its own"],
    ],
    [
      'an organisation that stands twice',
      syd('  syd:\n', '  norr:\n'),
      ["15:3: error: the key 'norr' stands here twice; keep one of the two"],
    ],
    [
      'the id internet',
      syd('      syd:\n', '      internet:\n'),
      ["22:7: error: 'internet' is the id of the zone for everybody else; give this zone another id"],
    ],
    [
      'an id that is none',
      syd('  syd:\n', '  Region Syd:\n'),
      [
        "15:3: error: 'Region Syd' cannot be the id of an organisation; write a small letter, then small letters, digits and hyphens, at most 63",
      ],
    ],
    [
      'no organisation',
      { norr: '', syd: '', organisations: 'organisations: {}' },
      ["6:16: error: the plan has no organisation; write at least one below 'organisations:'"],
    ],
    [
      'nothing to call',
      { norr: parts.norr.replace(/ {4}series.*\n.*\n/, '') },
      ["7:3: warning: nobody can call norr: it has neither a series nor a domain; write 'series:' or 'domains:'"],
    ],
    [
      'a zone nobody can log on to',
      norr(', accounts: { sharedPassword: x }', ''),
      ["14:7: warning: nobody can log on to the zone 'norr'; write 'accounts:' with a sharedPassword or users, or 'sources:'"],
    ],
    [
      "somebody else's user",
      norr('{ sharedPassword: x }', '{ users: { anna@syd.example: x } }'),
      [
        "14:50: error: the user 'anna@syd.example' is not one of norr's numbers or domains; write a number or an address of norr, or add its series or domain",
      ],
    ],
    [
      'a user that is none',
      norr('{ sharedPassword: x }', "{ users: { 'a@b@': x } }"),
      ["14:50: error: 'a@b@' cannot be a user name; write a number ('461010001'), a name ('anna') or 'anna@norr.example'"],
    ],
    [
      'a user in two writings',
      norr('{ sharedPassword: x }', '{ users: { anna: x, Anna: y } }'),
      ["14:59: error: 'Anna' is the user 'anna', who stands here already; keep one of the two"],
    ],
    [
      'more licences than there are',
      norr('calls: 5', 'calls: 11'),
      ['10:43: warning: norr has more licences for calls (11) than the whole service (10); write at most 10, or raise licences.calls'],
    ],
    [
      'no peer',
      syd(/\[\{ host.*\}\]/, '[]'),
      ["24:16: error: the zone 'syd' has no peer, so no call can reach it; write 'peers:' with at least one '- host: …'"],
    ],
    [
      'a peer that is no host',
      syd('host: 192.0.2.1', 'host: 192.0.2.999'),
      [
        "24:25: error: '192.0.2.999' is neither an IP address nor a host name; write for example 'host: sbc.norr.example', and the port as 'port: 5061'",
      ],
    ],
    [
      'a peer that stands twice',
      syd(/\[(\{ host.*\})\]/, '[$1, $1]'),
      ['24:66: error: the peer 192.0.2.1:5060;tls stands in the plan already (line 24); keep it in one zone, once'],
    ],
    [
      'a source that two zones have',
      norr('accounts: { sharedPassword: x }', 'sources: { addresses: [192.0.2.1] }'),
      ["25:32: error: '192.0.2.1' tells callers of the zone 'norr' already; keep it in one zone: a caller must belong to exactly one"],
    ],
    [
      'a source that is a peer elsewhere',
      norr('accounts: { sharedPassword: x }', "sources: { addresses: ['192.0.2.1:5060'] }"),
      ["24:16: error: '192.0.2.1:5060' tells callers of the zone 'norr' already; keep it in one zone: a caller must belong to exactly one"],
    ],
    [
      'a certificate that two zones have',
      {
        ...norr('accounts: {', 'sources: { certificateNames: [A.example] }, accounts: {'),
        ...syd('addresses: [192.0.2.1]', 'certificateNames: [a.example]'),
      },
      ["25:39: error: 'a.example' tells callers of the zone 'norr' already; keep it in one zone: a caller must belong to exactly one"],
    ],
    [
      'a source that is none',
      syd('[192.0.2.1]', '[sbc.example]'),
      [
        "24:17: warning: calls from this peer cannot be told to be the zone's: it calls from another port than 5060, as all do over tls; write 'sources: { addresses: [192.0.2.1] }' or 'sources: { certificateNames: […] }' in the zone",
        "25:32: error: 'sbc.example' is not an address to know a caller by; write '192.0.2.10', '192.0.2.0/28', '192.0.2.10:5060' or '[2001:db8::7]:5060'",
      ],
    ],
    [
      'a source that takes in all of loopback',
      syd('[192.0.2.1]', '[127.0.0.1]'),
      [
        "25:32: warning: '127.0.0.1' takes in every caller on this machine, also those who would log on; write address and port, for example '127.0.0.1:5071'",
      ],
    ],
    [
      'a peer that cannot be recognised',
      syd(/\n {8}sources.*$/, ''),
      [
        "24:17: warning: calls from this peer cannot be told to be the zone's: it calls from another port than 5060, as all do over tls; write 'sources: { addresses: [192.0.2.1] }' or 'sources: { certificateNames: […] }' in the zone",
      ],
    ],
    [
      'keys over TLS only and a peer without',
      syd('transport: tls', 'transport: udp'),
      [
        "24:17: warning: the peer speaks udp, but the zone lets SRTP keys (SDES) travel over TLS only: calls that use them will be refused; write 'transport: tls', or 'signalling: any' in the zone",
      ],
    ],
    [
      'a rule of two kinds',
      rules("{ prefix: '9', regex: '9', replace: '' }"),
      ["6:5: error: this rule has both a prefix and a regex; write one of them, for example 'prefix: 9'"],
    ],
    [
      'a rule of no kind',
      rules("{ replace: '' }"),
      ["6:5: error: this rule has neither a prefix nor a regex; write one of them, for example 'prefix: 9'"],
    ],
    [
      'a regex that could hang',
      rules("{ regex: '(9+)+\\1', replace: '' }"),
      [
        '6:14: error: this regular expression cannot be used (invalid escape sequence: `\\1`); write RE2 syntax: no back-references (\\1), no look-ahead or look-behind',
      ],
    ],
    [
      'a group that is not there',
      rules("{ regex: '9(.*)', replace: '$2' }"),
      ["6:32: error: '$2' stands for a group the regex does not have (it has one group); put ( ) around the part to keep"],
    ],
    [
      'a dollar sign alone',
      rules("{ regex: '9(.*)', replace: 'a$' }"),
      ["6:32: error: '$' means nothing here; write $1 to $9 for a group of the regex, or $$ for a dollar sign"],
    ],
    [
      'a rule behind one with a shorter prefix',
      rules("{ prefix: '9', replace: '' }", "{ prefix: '90', replace: '46' }"),
      [
        '7:5: error: this rule is never reached: the rule on line 6 matches everything it would match; move the more exact rule up, or take this one away',
      ],
    ],
    [
      'a regex behind its prefix',
      rules("{ regex: '90.*', replace: '46', stop: true }", "{ regex: '901([0-9]+)', replace: '$1' }"),
      [
        '7:5: error: this rule is never reached: the rule on line 6 matches everything it would match; move the more exact rule up, or take this one away',
      ],
    ],
    [
      'a regex that stands twice',
      rules("{ regex: '9([0-9]+)', replace: '$1' }", "{ regex: '9([0-9]+)', replace: '8$1' }"),
      [
        '7:5: error: this rule is never reached: the rule on line 6 matches everything it would match; move the more exact rule up, or take this one away',
      ],
    ],
    [
      'a rule that changes nothing',
      rules("{ prefix: '9', replace: '9' }"),
      ["6:5: error: this rule changes nothing; write 'stop: true' if it is an exception to the rules after it, or take it away"],
    ],
    [
      'a rule in capitals',
      rules("{ prefix: Anna, replace: '' }"),
      ['6:15: error: this rule never matches: what was dialled is compared in lower case; write it in lower case'],
    ],
    [
      'a rule for +',
      rules("{ prefix: '+47', replace: '46' }"),
      ["6:15: warning: numbers stand without + and 00 when rules see them; write the digits alone, for example '46'"],
    ],
    [
      'rules in a circle',
      rules("{ prefix: '8', replace: '9' }", "{ prefix: '9', replace: '8' }"),
      [
        "6:5: error: this rule leads in a circle (8 -> 9 -> 8 …); write 'stop: true' in the rule that should be the last",
        "7:5: error: this rule leads in a circle (9 -> 8 -> 9 …); write 'stop: true' in the rule that should be the last",
      ],
    ],
    [
      'a rule that feeds itself',
      rules("{ prefix: '46', replace: '4646' }"),
      [
        "6:5: error: this rule leads in a circle (46 -> 4646 -> 464646 -> 46464646 …); write 'stop: true' in the rule that should be the last",
      ],
    ],
    [
      'a regex that repeats too often',
      rules("{ regex: '(a{1000}){1000}', replace: '' }"),
      ['6:14: error: this regular expression repeats more than 1000 times; write a smaller count'],
    ],
    [
      'a regex that feeds itself, once',
      rules("{ regex: '([0-9]+)', replace: '$1$1' }"),
      [
        "6:5: error: this rule leads in a circle: 461010001 can never be called (461010001 -> 461010001461010001 -> 461010001461010001461010001461010001 …); write 'stop: true' in the rule that should be the last, or a regex that does not match what it makes",
      ],
    ],
    [
      'a circle for meetings alone',
      rules("{ regex: '(46900.*)', replace: '$1@x' }"),
      [
        "6:5: error: this rule leads in a circle: 4690000001 can never be called (4690000001 -> 4690000001@x -> 4690000001@x@x …); write 'stop: true' in the rule that should be the last, or a regex that does not match what it makes",
      ],
    ],
    [
      "an organisation's rule that takes numbers out of the plan",
      norr('    domains:', "    transforms: [{ prefix: '4610', replace: '4620' }]\n    domains:"),
      [
        "12:18: warning: this rule makes 461010001 into 462010001, which no series and no domain of the plan has; write a rule that leaves such numbers alone, or an exception with 'stop: true' before it",
      ],
    ],
    [
      "a rule that takes an organisation's short forms",
      rules("{ prefix: '0', replace: '46' }"),
      [
        "6:5: warning: this rule makes 0001, short for 461010001 inside norr, into 46001, which no series and no domain of the plan has; write a rule that leaves such numbers alone, or an exception with 'stop: true' before it",
      ],
    ],
  ])('finds %s', (_, changed, expected) => {
    expect(found(changed)).toEqual(expected);
    expect(build(changed).plan === undefined).toBe(expected.some((line) => line.includes(': error: ')));
  });

  it('finds what is wrong in shape and in meaning at once, and makes nothing up about what it had to leave out', () => {
    expect(
      found({
        licences: 'licences: { registrations: many, calls: 10 }',
        transforms: 'transform: []',
        norr: parts.norr.replace('kind: hosted', 'kind: hotel').replace('role: Desk, ', ''),
        syd: parts.syd
          .replace('digits: 4 }]', 'digits: four }, { prefix: 4690, digits: 6 }]')
          .replace('[syd.example]', '[syd.example, "not a domain", syd.example]'),
      }),
    ).toEqual([
      "2:28: error: 'registrations' is 'many'; write a whole number from 0 to 10000000, for example 'registrations: 100'",
      "5:1: error: unknown key 'transform'; did you mean 'transforms'?",
      "9:14: error: 'role' is missing; write who answers there, as a role, for example 'role: Video service desk'",
      "14:21: error: 'kind' is 'hotel'; write one of hosted, sip-trunk, h323-neighbour, h323-gateway, for example 'kind: hosted'",
      "19:39: error: 'digits' is 'four'; write a whole number from 0 to 14, for example 'digits: 4'",
      '19:57: error: the series 4690 of syd lies around the meeting series 46900 (line 3); give one of them a prefix that neither begins nor continues the other',
      "20:28: error: entry 2 is 'not a domain'; write a domain name, for example 'norr.example'",
      '20:44: error: the domain syd.example belongs to syd already (line 20); keep it in one place',
    ]);
  });

  it('tells which keys are known to no kind of zone where the kind itself is missing or wrong', () => {
    expect(found({ ...norr('kind: hosted', 'kidn: hosted, encription: required'), ...syd('kind: sip-trunk', 'kind: trunk') })).toEqual([
      "14:13: error: 'kind' is missing; write one of hosted, sip-trunk, h323-neighbour, h323-gateway, for example 'kind: hosted'",
      "14:15: error: unknown key 'kidn'; did you mean 'kind'?",
      "14:29: error: unknown key 'encription'; did you mean 'encryption'?",
      "23:15: error: 'kind' is 'trunk'; write one of hosted, sip-trunk, h323-neighbour, h323-gateway, for example 'kind: hosted'",
    ]);
  });

  it('lets rules lead to names, to extensions and, where the plan lets calls out, anywhere', () => {
    const rule = rules("{ regex: '461010001', replace: 'desk@syd.example' }", "{ regex: '461020001', replace: 'bo@far.example' }");
    expect(found({ ...rule, internet: 'internet: { outbound: true }' })).toEqual([]);
    expect(found(rule)).toHaveLength(1);
    expect(found(norr('    domains:', "    transforms: [{ prefix: '46101', replace: '' }]\n    domains:"))).toEqual([]);
  });

  it('sends numbers of 10,000 series through the rules of 100 organisations in a moment', () => {
    const organisations = Array.from({ length: 100 }, (_, at) => {
      const id = String(at).padStart(2, '0');
      const series = Array.from({ length: 100 }, (_, i) => `{ prefix: 461${id}${String(i).padStart(2, '0')}, digits: 4 }`);
      return parts.norr
        .replace('  norr:', `  norr${id}:`)
        .replace('      norr:', `      norr${id}:`)
        .replace('norr.example]', `norr${id}.example]\n    transforms: [{ regex: '0([1-9][0-9]{6,})', replace: '46$1' }]`)
        .replace(/series: .*/, `series: [${series.join(', ')}]`);
    });
    const begun = performance.now();
    expect(found({ norr: organisations.join('\n'), syd: '' })).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('says what an empty file needs', () => {
    const { findings } = buildPlan({ file: 'plan.yaml', text: '' });
    expect(findings.map(({ message }) => message)).toEqual([
      "'network' is missing",
      "'licences' is missing",
      "'meetings' is missing",
      "'organisations' is missing",
    ]);
  });

  it('never shows a password', () => {
    const shown = found(norr('sharedPassword: x', 'sharedPassword: "top\\nsecret"'));
    expect(shown).toHaveLength(1);
    expect(shown[0]).not.toContain('secret"');
    expect(shown[0]).toContain("'sharedPassword' is an unusable value");
  });
});
