import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../src/config/finding.js';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';

/** Line 6 is the first of `meetings`. */
function build(meetings: readonly string[], licences = '{ registrations: 50, calls: 5, meetingPorts: 10 }') {
  const text = `network: { prefix: 46 }
licences: { registrations: 100, calls: 10, meetingPorts: 20 }
meetings:
  { prefix: 46900, digits: 5, domain: mote.example,
    permanent: [
${meetings.map((meeting) => `      { ${meeting} },`).join('\n')}
    ] }
organisations:
  norr:
    name: Region Norr
    contact: { role: Desk, address: desk@norr.example }
    licences: ${licences}
    series: [{ prefix: 46101, digits: 4 }]
    zones:
      norr: { kind: hosted, accounts: { sharedPassword: x } }
`;
  return buildPlan({ file: 'plan.yaml', text });
}
const found = (...meetings: string[]) => build(meetings).findings.map((finding) => formatFinding(finding).replace(/^plan\.yaml:/, ''));
const norr = 'title: Round, organisation: norr';

describe('permanent meetings', () => {
  it('are known by their numbers, however these are written, with what is left out filled in', () => {
    const { plan, findings } = build([`id: '00001', ${norr}`, `id: '+46 900 10002', name: Ronden, ${norr}, hostPin: '0123', lobby: off`]);
    expect(findings).toEqual([]);
    expect([...(plan?.meetings.permanent.values() ?? [])]).toEqual([
      {
        id: '4690000001',
        kind: 'permanent',
        name: undefined,
        title: 'Round',
        organisation: 'norr',
        hostPin: undefined,
        guestPin: undefined,
        lobby: 'outsiders',
        admits: 'everybody',
        maxParticipants: 100,
        maxMinutes: undefined,
        from: undefined,
        until: undefined,
        roomSystems: true,
      },
      expect.objectContaining({ id: '4690010002', name: 'ronden', hostPin: '0123', lobby: 'off' }),
    ]);
    expect([...(plan?.meetings.names ?? [])]).toEqual([['ronden', '4690010002']]);
  });

  it('that are not there are none', () => {
    const { plan } = buildPlan({ file: 'plan.yaml', text: 'network: { prefix: 46 }' });
    expect(plan).toBeUndefined();
    expect(build([]).plan?.meetings.permanent.size).toBe(0);
  });

  it('must have a number of the series, one each, and a name of their own', () => {
    expect(found(`id: '100001', ${norr}`)).toEqual([
      '6:13: error: 100001 is no number of the meeting series; write 5 digits, or 46900 and 5 more (quoted, when the first is 0)',
    ]);
    expect(found(`id: '4610110001', ${norr}`)).toHaveLength(1);
    expect(found(`id: '10001', name: a, ${norr}`, `id: 4690010001, name: A, ${norr}`)).toEqual([
      '7:13: error: the meeting 4690010001 stands in the plan already (line 6); give this meeting another one',
      "7:31: error: the meeting name 'a' stands in the plan already (line 6); give this meeting another one",
    ]);
    expect(found(`id: '10001', name: '12345', ${norr}`)).toEqual([
      "6:28: error: 'name' is '12345'; write a name of letters, digits, dots and hyphens, that no number could be, for example 'name: ronden'",
    ]);
  });

  it('must be of an organisation that there is', () => {
    expect(found("id: '10001', title: Round, organisation: syd")).toEqual([
      "6:50: error: there is no organisation 'syd'; write one of norr",
    ]);
  });

  it('have PINs of 4 to 12 digits, which no finding shows', () => {
    const all = [...['123', '1234567890123', '12a4'].flatMap((pin) => found(`id: '10001', ${norr}, hostPin: '${pin}'`))];
    expect(all).toEqual(Array(3).fill("6:65: error: 'hostPin' is an unusable value; write a PIN of 4 to 12 digits"));
    const same = found(`id: '10001', ${norr}, hostPin: '8642', guestPin: '8642'`);
    expect(same).toEqual([
      '6:83: error: the guests of the meeting 4690010001 have the PIN of its hosts; give them one of their own, or none',
    ]);
    expect([...all, ...same].join()).not.toContain('8642');
  });

  it('with a lobby that nobody could let anybody out of get a warning', () => {
    expect(found(`id: '10001', ${norr}, lobby: guests`)).toEqual([
      "6:63: warning: every guest of the meeting 4690010001 waits in the lobby, and nobody is host by a PIN; write 'hostPin:', unless its hosts come by host links",
    ]);
  });
});

describe('licences for meeting ports', () => {
  it('are read, and may be left out', () => {
    expect(build([]).plan?.organisations.get('norr')?.licences).toEqual({ registrations: 50, calls: 5, meetingPorts: 10 });
    expect(build([], '{ registrations: 50, calls: 5 }').plan?.organisations.get('norr')?.licences.meetingPorts).toBeUndefined();
  });

  it('of an organisation beyond those of the service get a warning', () => {
    expect(build([], '{ registrations: 50, calls: 5, meetingPorts: 21 }').findings.map(formatFinding)).toEqual([
      expect.stringContaining('warning: norr has more licences for meeting ports (21) than the whole service (20)'),
    ]);
  });
});

it('no zone may have the name of the meeting service, or of its pages', () => {
  for (const id of ['meetings', 'browser', 'internet']) {
    const { findings } = buildPlan({
      file: 'plan.yaml',
      text: `network: { prefix: 46 }
licences: { registrations: 1, calls: 1 }
meetings: { prefix: 46900, digits: 5, domain: mote.example }
organisations:
  norr:
    name: Region Norr
    contact: { role: Desk, address: desk@norr.example }
    licences: { registrations: 1, calls: 1 }
    series: [{ prefix: 46101, digits: 4 }]
    zones:
      ${id}: { kind: hosted, accounts: { sharedPassword: x } }
`,
    });
    expect(findings.map(formatFinding)).toEqual([expect.stringContaining(`error: '${id}' is the id of`)]);
  }
});
