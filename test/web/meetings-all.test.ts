import type { Browser } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Ends, hears, join, mute, type Packet, packets, showsTo, startRoom } from '../interop/meeting-rooms.js';
import { testPlan } from '../support/plan.js';
import { type InProcess, startService } from '../support/service.js';
import { Capture } from '../support/tshark.js';
import { until } from '../support/until.js';
import { openBrowser } from './browser.js';
import { buildPage } from './build-page.js';
import { flows, hearsOnly, joinAs, type Person, press, seesAll } from './meeting-person.js';

const ends: Ends = [];
let service: InProcess;
let browser: Browser;

beforeEach(async () => {
  const plan = testPlan(({ organisations }) => {
    for (const { zones } of [organisations.norr, organisations.syd]) {
      for (const zone of Object.values(zones)) Object.assign(zone, { signalling: 'secure', encryption: 'required' });
    }
    Object.assign(organisations.norr.licences, { meetingPorts: 20 });
  });
  service = await startService({ plan, bridge: {}, page: await buildPage() });
  ends.push(() => service.stop());
  browser = await openBrowser();
  ends.push(() => browser.close());
}, 120_000);
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function makeMeeting(): Promise<{ readonly id: string; readonly hostLink: string }> {
  const answer = await fetch(`${service.url}/api/v1/meetings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Vårdplanering', organisation: 'norr', lobby: 'off', guestPin: null }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; hostLink: string };
}

/** Where the service receives and sends the media of pages, on loopback. */
async function mediaPort({ page }: Person): Promise<number> {
  return until(
    () =>
      page.evaluate(async () => {
        const { kept } = globalThis as unknown as { kept: { connections: RTCPeerConnection[] } };
        for (const connection of kept.connections) {
          const report = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
          for (const entry of report.values()) {
            if (entry.type !== 'candidate-pair' || entry.state !== 'succeeded') continue;
            const remote = report.get(String(entry.remoteCandidateId));
            if (remote?.protocol === 'udp') return Number(remote.port);
          }
        }
        return undefined;
      }),
    () => 'the page to send its media',
  );
}

/** Every picture that comes in goes on, and every sound but of those who are muted. */
async function receives(person: Person, counts: { readonly pictures: number; readonly sounds: number }): Promise<void> {
  const before = new Map((await flows(person)).map((flow) => [flow.track, flow]));
  let last = '';
  await until(
    async () => {
      const now = await flows(person);
      last = JSON.stringify(now);
      const grown = now.filter(({ track, framesDecoded, energy }) => {
        const was = before.get(track);
        return framesDecoded > (was?.framesDecoded ?? 0) + 5 || energy > (was?.energy ?? 0) + 0.001;
      });
      return (
        grown.filter(({ kind }) => kind === 'video').length >= counts.pictures &&
        grown.filter(({ kind }) => kind === 'audio').length >= counts.sounds
      );
    },
    () => `${counts.pictures} pictures and ${counts.sounds} sounds on the ${person.colour} page: ${last}`,
    30_000,
  );
}

/** Each stream's payloads begin with any byte: those of sound or pictures in the clear begin with one of a few. */
function expectEncrypted(seen: readonly Packet[], streams: number): void {
  const firstBytes = new Map<string, number[]>();
  for (const { from, to, ssrc, payload } of seen) {
    const stream = `${ssrc} from ${from} to ${to}`;
    const bytes = firstBytes.get(stream) ?? [];
    firstBytes.set(stream, bytes);
    bytes.push(payload[0] ?? 0);
  }
  const long = [...firstBytes].filter(([, bytes]) => bytes.length >= 40);
  expect(long.length).toBeGreaterThanOrEqual(streams);
  for (const [stream, bytes] of long) expect(new Set(bytes.slice(0, 40)).size, stream).toBeGreaterThan(25);
}

it('two room systems and two browsers in one meeting: all see and hear each other, and nobody on the way can', async () => {
  const { id, hostLink } = await makeMeeting();
  const anna = await startRoom(service, ends, '461010001', 'red', 440);
  const bertil = await startRoom(service, ends, '461020001', 'blue', 1000);
  const tones = [440, 1000, 1700, 2500];
  const onRooms = await Capture.start(
    `udp and (portrange ${anna.rtpPort}-${anna.rtpPort + 19} or portrange ${bertil.rtpPort}-${bertil.rtpPort + 19})`,
  );
  ends.push(() => onRooms.remove());

  const cecilia = await joinAs(browser, hostLink, 'Cecilia', 'green', 1700);
  const david = await joinAs(browser, hostLink, 'David', 'yellow', 2500);
  const onPages = await Capture.start(`udp and port ${await mediaPort(cecilia)}`);
  ends.push(() => onPages.remove());
  // A room system that comes while others speak has a picture within a second (meetings-rooms.test.ts) where no browsers encode beside it.
  const waited = [await join(anna, id), await join(bertil, id)];
  expect(Math.min(...waited)).toBeLessThan(2_000);

  await Promise.all([seesAll(cecilia, ['red', 'blue', 'yellow']), seesAll(david, ['red', 'blue', 'green'])]);
  await Promise.all([cecilia, david].map((person) => receives(person, { pictures: 3, sounds: 2 })));

  // The mix has room for three: one after another is silent.
  await press(david.page, 'Stäng av mikrofonen');
  await Promise.all([hears(anna, [1000, 1700], [440, 2500]), hears(bertil, [440, 1700], [1000, 2500])]);
  await Promise.all([hearsOnly(cecilia, [440, 1000], tones), hearsOnly(david, [440, 1000, 1700], tones)]);
  mute(anna);
  mute(bertil);
  await Promise.all([showsTo(anna, 'green'), showsTo(bertil, 'green')]);

  await press(cecilia.page, 'Stäng av mikrofonen');
  await press(david.page, 'Slå på mikrofonen');
  await Promise.all([showsTo(anna, 'yellow'), showsTo(bertil, 'yellow')]);
  await Promise.all([hears(anna, [2500], [440, 1000, 1700]), hears(bertil, [2500], [440, 1000, 1700])]);
  await hearsOnly(cecilia, [2500], tones);

  await press(david.page, 'Stäng av mikrofonen');
  mute(anna);
  // Who speaks is not shown himself, but who spoke before him.
  await Promise.all([showsTo(anna, 'yellow'), showsTo(bertil, 'red')]);
  await Promise.all([hears(bertil, [440], [1000, 1700, 2500]), hearsOnly(cecilia, [440], tones), hearsOnly(david, [440], tones)]);

  await Promise.all([onRooms.stop(), onPages.stop()]);
  const [roomPackets, pagePackets] = await Promise.all([packets(onRooms), packets(onPages)]);
  // Sound and pictures of two, each way; to and from pages: their own two, and the six of the others.
  expectEncrypted(roomPackets, 8);
  expectEncrypted(pagePackets, 12);
  expect([...cecilia.faults, ...david.faults]).toEqual([]);
}, 120_000);
