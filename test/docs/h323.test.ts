import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatFinding } from '../../src/config/finding.js';
import { loadConfiguration } from '../../src/config/load.js';
import { readService } from '../../src/config/service-config.js';
import { refusals } from '../../src/gatekeeper/calls/reasons.js';
import { H323MessageBody, RasMessage, ReleaseCompleteReason, rasMessage } from '../../src/gatekeeper/h323/asn1/h225.js';
import type { Asn1Type } from '../../src/gatekeeper/h323/asn1/schema.js';
import { callsForNextRoute, endingOf, type Release } from '../../src/gatekeeper/h323/signalling/release-reasons.js';
import { Metrics } from '../../src/monitoring/metrics.js';
import { anywhere, RAS, RasWorld } from '../gatekeeper/h323/ras/world.js';
import { arbitraryOf } from '../support/asn1-arbitrary.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const document = read('docs/h323.md');

function sourcesIn(folder: string): string {
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`${folder}/${name}`))
    .join('\n');
}
const ras = sourcesIn('src/gatekeeper/h323/ras');
const sources = `${sourcesIn('src/gatekeeper/h323')}\n${read('src/gatekeeper/calls/reasons.ts')}`;

function section(heading: string): string {
  const text = document.slice(document.indexOf(`\n## ${heading}\n`) + 1);
  return text.split('\n## ')[0] ?? '';
}

/** The rows of the first table below a heading, without its head, as cells. */
function rowsBelow(heading: string): string[][] {
  const lines = section(heading).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|---'));
  const after = lines.slice(first + 1);
  const end = after.findIndex((line) => !line.startsWith('| '));
  return after.slice(0, end < 0 ? after.length : end).map((line) => line.slice(2, -2).split(' | '));
}

const quoted = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
const firstQuoted = (cells: readonly string[]): string => quoted(cells[0])[0] ?? '';

/** The names of a CHOICE's alternatives, and their types. */
function alternativesOf({ node }: Asn1Type<unknown>): [string, Asn1Type<unknown>][] {
  if (node.kind !== 'choice') throw new Error('This is no CHOICE');
  return Object.entries({ ...node.alternatives, ...node.extensions });
}
const namesOf = (type: Asn1Type<unknown>): string[] => alternativesOf(type).map(([name]) => name);

describe('the messages in docs/h323.md', () => {
  const rows = rowsBelow('RAS messages');
  const received = new Map(rows.map((cells) => [firstQuoted(cells), cells[1] ?? '']));

  it('are all of RAS, in its order', () => {
    expect(rows.map(firstQuoted)).toEqual(namesOf(RasMessage));
  });

  it('are dropped where it says so, and nowhere else', () => {
    const waitedFor = ['unregistrationConfirm', 'unregistrationReject', 'locationConfirm', 'locationReject'];
    const dropped = alternativesOf(RasMessage).flatMap(([type, body]) => {
      const world = new RasWorld();
      const [value] = fc.sample(arbitraryOf(body, { plainest: true }), { numRuns: 1, seed: 1 });
      world.gatekeeper.receive(rasMessage.encode({ type, value } as RasMessage), anywhere(1), RAS);
      world.gatekeeper.close();
      const unasked = `${type} came, and nobody here waits for it`;
      expect(world.malformed.filter((why) => why !== unasked)).toEqual([]);
      return world.malformed.includes(unasked) && !waitedFor.includes(type) ? [type] : [];
    });
    const told = [...received].filter(([, text]) => text.startsWith('dropped')).map(([type]) => type);
    expect(told).toEqual(dropped.filter((type) => type !== 'unknownMessageResponse' && type !== 'requestInProgress'));
  });

  it('are sent where it says so, and nowhere else', () => {
    // What `Questions` could ask, and nobody lets it.
    const couldAsk = ['bandwidthRequest', 'disengageRequest'];
    const sent = namesOf(RasMessage).filter((type) => new RegExp(`type: '${type}', value`).test(ras.replace(/,\s+value/g, ', value')));
    expect(rows.filter((cells) => cells[2] !== '—').map(firstQuoted)).toEqual(sent.filter((type) => !couldAsk.includes(type)));
  });

  it('are all of call signalling, in its order', () => {
    expect(rowsBelow('Call signalling messages').map(firstQuoted)).toEqual(namesOf(H323MessageBody));
  });
});

describe('the reasons in docs/h323.md', () => {
  it('are those of every refusal, as reasons.ts has them', () => {
    const rows = Object.entries(refusals).map(([code, { h323 }]) => [
      ...[code, h323.registration, h323.admission, h323.location, h323.release].map((name) => `\`${name}\``),
      String(h323.q850),
    ]);
    expect(rowsBelow('Refusals')).toEqual(rows);
  });

  it('are those that the handlers of RAS give besides', () => {
    const told = rowsBelow('Other rejects').flatMap((cells) => quoted(cells[0]));
    const given = [...ras.matchAll(/plain(?:<\w+>)?\(\s*'(\w+)'/g)].map(([, reason = '']) => reason);
    expect(given.length).toBeGreaterThan(20);
    expect(given.filter((reason) => !told.includes(reason))).toEqual([]);
  });

  it('say what is wrong with a token', () => {
    const errors = [...read('src/gatekeeper/h323/h235/authentication-faults.ts').matchAll(/error\('(\w+)'\)/g)].map(
      ([, name = '']) => name,
    );
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.filter((name) => !section('Who is asking').includes(`\`${name}\``))).toEqual([]);
  });

  it('become the endings that it says', () => {
    for (const [ending = '', reasons = '', causes = ''] of rowsBelow('Endings')) {
      const releases = [
        ...quoted(reasons).map((reason) => ({ reason: reason as Release['reason'], cause: undefined })),
        ...(causes.match(/\d+/g) ?? []).map((cause) => ({ reason: undefined, cause: Number(cause) })),
      ];
      expect(releases.map(endingOf)).toEqual(releases.map(() => quoted(ending)[0]));
    }
    expect(endingOf({ reason: undefined, cause: 27 })).toBe('calleeRefused');
  });

  it('lead to the next route where it says so', () => {
    const [, causes = '', reasons = ''] = /causes ([\d, to]+), or the reasons ([^.]+)\./s.exec(section('Calls')) ?? [];
    const told = causes.split(', ').flatMap((part) => {
      const [from = 0, to = from] = part.split(' to ').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
    expect(told).toEqual(
      Array.from({ length: 128 }, (_, cause) => cause).filter((cause) => callsForNextRoute({ reason: undefined, cause })),
    );
    const all = namesOf(ReleaseCompleteReason) as Release['reason'][];
    expect(quoted(reasons).toSorted()).toEqual(all.filter((reason) => callsForNextRoute({ reason, cause: undefined })).toSorted());
  });

  it('are explained by sentences that exist', () => {
    const flat = sources.replaceAll("\\'", "'");
    const pieces = rowsBelow('Troubleshooting').flatMap((cells) => quoted(cells[0]).flatMap((text) => text.split('…')));
    const sentences = pieces.map((piece) => piece.trim()).filter((piece) => piece.length > 2);
    expect(sentences.length).toBeGreaterThan(25);
    expect(sentences.filter((piece) => !flat.includes(piece))).toEqual([]);
  });
});

describe('the numbers in docs/h323.md', () => {
  const { service } = readService('portvakt.yaml', 'dataDirectory: data\n');
  const shipped = (path: string): unknown =>
    path.split('.').reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), service);

  it('are the timers as shipped', () => {
    for (const [keys, values] of rowsBelow('Timers')) {
      const [first = '', ...others] = quoted(keys);
      const block = first.slice(0, first.lastIndexOf('.'));
      const names = first.endsWith('…') ? ['min', 'default', 'max'] : [first.slice(block.length + 1), ...others];
      expect([first, names.map((name) => shipped(`${block}.${name}`)).join(', ')]).toEqual([first, values]);
    }
  });

  it('are the limits as shipped', () => {
    const all = [...section('Limits').matchAll(/`(\w+)` ([\d,]+)/g)];
    expect(all.length).toBeGreaterThan(3);
    for (const [, key = '', value = ''] of all)
      expect([key, shipped(`h323.limits.${key}`)]).toEqual([key, Number(value.replaceAll(',', ''))]);
  });

  it('are counted under names that exist', async () => {
    const metrics = new Metrics('0');
    const { text } = await metrics.scrape();
    metrics.close();
    const names = [...new Set(document.match(/portvakt_[a-z0-9_]+/g))].filter((name) => name !== 'portvakt_');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
  });
});

it('has examples with which check finds nothing wrong', async () => {
  const blocks = [...document.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => parse(text) as Record<string, object>);
  const organisations = Object.assign({}, ...blocks.map((block) => block.organisations));
  expect(
    Object.values<{ zones: Record<string, { kind: string }> }>(organisations).flatMap(({ zones }) =>
      Object.values(zones).map(({ kind }) => kind),
    ),
  ).toEqual(['hosted', 'h323-gateway', 'h323-neighbour']);
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-docs-'));
  try {
    const whole = {
      network: { prefix: 46 },
      licences: { registrations: 500, calls: 100 },
      meetings: { prefix: 46900, digits: 5, domain: 'mote.example' },
      organisations,
    };
    await writeFile(join(folder, 'plan.yaml'), stringify(whole));
    const h323 = blocks.find((block) => 'h323' in block)?.h323;
    await writeFile(join(folder, 'portvakt.yaml'), stringify({ plan: 'plan.yaml', dataDirectory: 'data', h323 }));
    const { findings } = await loadConfiguration(join(folder, 'portvakt.yaml'));
    expect(h323).toBeDefined();
    expect(findings.map(formatFinding)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
