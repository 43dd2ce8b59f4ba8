import { z } from 'zod';
import { block, choice, flag, kinds, leaf, list, named, secret, text, whole } from '../../config/schema.js';
import { clean, phoneDigits } from './dialled.js';
import { parsePort } from './host.js';
import { canonicalDomain } from './normalise.js';

/*
 * The shape of config/e164-plan.yaml. What its parts mean together is checked in `checks/`. docs/address-plan.md is its reference.
 */

const digits = leaf({ what: 'the digits every number of the series begins with, 1 to 15 of them', example: '46101' }, (value) => {
  // Also a short prefix may be written with 00: no number of the plan begins so.
  const written = phoneDigits(value)?.replace(/^00/, '');
  return written === '' ? undefined : written;
});
const seriesLength = whole(0, 14, 4);
const domain = leaf({ what: 'a domain name', example: 'norr.example' }, canonicalDomain);
const count = whole(0, 10_000_000, 100, { standIn: '0' });
const NAMELESS = { standIn: '?' } as const;

const contact = block(
  {
    role: text('who answers there, as a role', 'Video service desk', undefined, NAMELESS),
    address: text('an address that reaches them (mail, telephone or web)', 'video@norr.example', undefined, NAMELESS),
  },
  '{ role: Video service desk, address: video@norr.example }',
  { standIn: { role: '?', address: '?' } },
);

const licences = block(
  { registrations: count, calls: count, meetingPorts: z.optional(whole(0, 10_000_000, 50)) },
  '{ registrations: 200, calls: 50 }',
  { standIn: { registrations: '0', calls: '0' } },
);

const replacement = text('what to put in its place, at most 200 characters', '46$1', /^.{0,200}$/u);
const rule = block(
  {
    prefix: z.optional(text('the text that what was dialled begins with', '9')),
    regex: z.optional(text('a regular expression for the whole of what was dialled', '0([1-9][0-9]{6,})')),
    replace: replacement,
    stop: z.optional(flag(true)),
    comment: z.optional(text('a remark', 'National form')),
  },
  "{ prefix: '9', replace: '' }",
);
const transforms = z.optional(list(rule, 'a list of rules', "[{ prefix: '9', replace: '' }]"));

const series = block(
  { prefix: digits, digits: seriesLength, zone: z.optional(text('the id of a zone of this organisation', 'norr')) },
  '{ prefix: 46101, digits: 4 }',
);

/** A bare name, or `{ name, zone }` where several zones make it necessary. */
const domainEntry = z.preprocess(
  (raw) => (typeof raw === 'string' ? { name: raw } : raw),
  block({ name: domain, zone: z.optional(text('the id of a zone of this organisation', 'norr')) }),
);

const sources = z.optional(
  block({
    addresses: z.optional(list(text('an address', '192.0.2.10'), 'a list of addresses', "['192.0.2.0/28', '192.0.2.99:5060']")),
    certificateNames: z.optional(list(text('a name in a certificate', 'sbc.norr.example'), 'a list of names', '[sbc.norr.example]')),
  }),
);

const common = {
  encryption: z.optional(choice('required', 'preferred')),
  signalling: z.optional(choice('secure', 'any')),
};

const password = secret('a password of 1 to 200 characters', /^.{1,200}$/u);
const accounts = z.optional(
  block(
    {
      sharedPassword: z.optional(password),
      users: z.optional(named(password, 'user names with their passwords', '{ anna: … }')),
    },
    '{ users: { anna: … } }',
  ),
);

const port = leaf({ what: 'a port from 1 to 65535', example: '5061' }, parsePort);
const host = leaf({ what: 'an IP address or host name', example: 'sbc.norr.example' }, (value) =>
  /^[^\s/@]{1,253}$/.test(value) ? clean(value) : undefined,
);
const order = { priority: z.optional(whole(0, 65_535, 10)), weight: z.optional(whole(0, 65_535, 1)) };
const sipPeer = block(
  { host, port: z.optional(port), transport: z.optional(choice('tls', 'tcp', 'udp')), ...order },
  '{ host: sbc.norr.example, transport: tls }',
);
const h323Peer = block({ host, port: z.optional(port), ...order }, '{ host: gk.norr.example }');

const kbps = whole(1, 1_000_000_000, 4000);
const bandwidth = z.optional(block({ call: z.optional(kbps), total: z.optional(kbps) }, '{ call: 4000, total: 200000 }'));
const unregistered = z.optional(flag(false));

const hosted = block({ kind: z.literal('hosted'), ...common, sources, accounts, bandwidth, unregistered });
const sipTrunk = block({
  kind: z.literal('sip-trunk'),
  ...common,
  sources,
  peers: list(sipPeer, 'a list of peers', '[{ host: sbc.norr.example, transport: tls }]'),
  ping: z.optional(
    block({
      intervalSeconds: z.optional(whole(0, 3600, 10)),
      missesUntilDown: z.optional(whole(1, 100, 2)),
      answersUntilUp: z.optional(whole(1, 100, 1)),
    }),
  ),
});
const h323Neighbour = block({
  kind: z.literal('h323-neighbour'),
  ...common,
  sources,
  peers: list(h323Peer, 'a list of peers', '[{ host: gk.norr.example }]'),
  search: z.optional(choice('parallel', 'in-order')),
  hopCount: z.optional(whole(1, 255, 7)),
});
const h323Gateway = block({ kind: z.literal('h323-gateway'), ...common, sources, accounts, bandwidth, unregistered });

const zone = kinds('kind', [hosted, sipTrunk, h323Neighbour, h323Gateway]);

const organisation = block({
  name: text('the name of the organisation', 'Region Norr', undefined, NAMELESS),
  contact,
  licences,
  series: z.optional(list(series, 'a list of number series', '[{ prefix: 46101, digits: 4 }]')),
  domains: z.optional(list(domainEntry, 'a list of domains', '[norr.example]')),
  zones: named(zone, 'zones, each with a name of its own', '{ norr: { kind: hosted } }'),
  transforms,
});

const pin = secret('a PIN of 4 to 12 digits', /^[0-9]{4,12}$/);
const permanentMeeting = block(
  {
    id: leaf({ what: 'the digits of its number, with or without the prefix of the meeting series', example: '10001' }, phoneDigits),
    name: z.optional(
      leaf({ what: 'a name of letters, digits, dots and hyphens, that no number could be', example: 'ronden' }, (value) => {
        const name = value.toLowerCase();
        return /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/.test(name) && phoneDigits(name) === undefined ? name : undefined;
      }),
    ),
    title: text('what its participants see', 'The Friday round'),
    organisation: text('the id of the organisation whose meeting it is', 'region-norr'),
    hostPin: z.optional(pin),
    guestPin: z.optional(pin),
    lobby: z.optional(choice('outsiders', 'guests', 'off')),
    admits: z.optional(choice('everybody', 'connected', 'organisation')),
    maxParticipants: z.optional(whole(1, 100_000, 50)),
    maxMinutes: z.optional(whole(1, 525_600, 120)),
    roomSystems: z.optional(flag(true)),
  },
  "{ id: '10001', title: The Friday round, organisation: region-norr }",
);
const permanent = z.optional(
  list(permanentMeeting, 'a list of meetings', "[{ id: '10001', title: The Friday round, organisation: region-norr }]"),
);

export const planSchema = block({
  network: block({ prefix: digits }, '{ prefix: 46 }', { standIn: { prefix: '0' } }),
  licences,
  meetings: block({ prefix: digits, digits: seriesLength, domain, permanent }, '{ prefix: 46900, digits: 5, domain: mote.example }', {
    standIn: { prefix: '0', digits: '0', domain: 'unknown.invalid' },
  }),
  internet: z.optional(block({ inbound: z.optional(flag(false)), outbound: z.optional(flag(false)), ...common })),
  transforms,
  organisations: named(organisation, 'organisations, each with a name of its own', '{ region-norr: { … } }'),
});

/** The plan as it stands in the file, each value read but nothing yet put together. */
export type PlanSource = z.output<typeof planSchema>;
export type OrganisationSource = z.output<typeof organisation>;
export type ZoneSource = z.output<typeof zone>;
export type PermanentMeetingSource = z.output<typeof permanentMeeting>;
export type RuleSource = z.output<typeof rule>;
export type SourcesSource = z.output<typeof sources>;
export type AccountsSource = z.output<typeof accounts>;
export type PeerSource = z.output<typeof sipPeer>;
export type BandwidthSource = z.output<typeof bandwidth>;
