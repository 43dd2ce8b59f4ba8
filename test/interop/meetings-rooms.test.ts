import { afterEach, expect, it } from 'vitest';
import type { BaresipOptions } from '../support/baresip.js';
import type { Colour } from '../support/colour.js';
import { testPlan } from '../support/plan.js';
import { type InProcess, startService } from '../support/service.js';
import { Capture } from '../support/tshark.js';
import { dial, type Ends, hears, join, mute, packets, type Room, showsTo, startRoom } from './meeting-rooms.js';

const ends: Ends = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A meeting 46900 10001 of norr, for everybody. Keys in SDP travel over TLS alone. */
async function gatekeeper(): Promise<InProcess> {
  const plan = testPlan(({ organisations, meetings }) => {
    for (const { zones } of [organisations.norr, organisations.syd]) {
      for (const zone of Object.values(zones)) Object.assign(zone, { signalling: 'secure', encryption: 'required' });
    }
    Object.assign(meetings, { permanent: [{ id: '10001', title: 'Ronden', organisation: 'norr' }] });
  });
  const service = await startService({ plan, bridge: {} });
  ends.push(() => service.stop());
  return service;
}

function room(service: InProcess, user: string, colour: Colour, tone: number, more?: Partial<BaresipOptions>): Promise<Room> {
  return startRoom(service, ends, user, colour, tone, more);
}

it('two room systems see and hear each other, and nobody on the way can', async () => {
  const service = await gatekeeper();
  const anna = await room(service, '461010001', 'red', 440);
  const bertil = await room(service, '461020001', 'blue', 1000);
  const ports = `portrange ${anna.rtpPort}-${anna.rtpPort + 19} or portrange ${bertil.rtpPort}-${bertil.rtpPort + 19}`;
  const capture = await Capture.start(`udp and (${ports})`);
  ends.push(() => capture.remove());
  await dial(anna);
  await join(bertil);
  await Promise.all([showsTo(anna, 'blue'), showsTo(bertil, 'red')]);
  await Promise.all([hears(anna, [1000], [440]), hears(bertil, [440], [1000])]);
  for (const { baresip } of [anna, bertil]) baresip.command('hangup');
  const records = await service.records(2);
  expect(records.map(({ reason }) => reason)).toEqual(['completed', 'completed']);
  await capture.stop();

  const seen = await packets(capture);
  const sound = seen.filter(({ payloadType }) => payloadType === 8);
  const pictures = seen.filter(({ payloadType }) => payloadType >= 96 && payloadType !== 101);
  expect(sound.length).toBeGreaterThan(200);
  expect(pictures.length).toBeGreaterThan(100);
  // A tone in G.711 is a handful of different bytes, and H.264 begins with one of a few NAL headers.
  for (const { payload } of sound) expect(new Set(payload).size).toBeGreaterThan(50);
  expect(new Set(pictures.map(({ payload }) => payload[0])).size).toBeGreaterThan(60);
}, 60_000);

it('room systems that speak different codecs hear each other', async () => {
  const service = await gatekeeper();
  const anna = await room(service, '461010001', 'red', 440, { mediaEncryption: 'srtp-mand', audioCodec: 'G722/16000/1' });
  const bertil = await room(service, '461020001', 'blue', 1000, { mediaEncryption: 'srtp-mand', audioCodec: 'PCMU/8000/1' });
  await dial(anna);
  await join(bertil);
  await Promise.all([hears(anna, [1000], [440]), hears(bertil, [440], [1000])]);
}, 60_000);

it('three room systems: all see who speaks, in one unbroken stream, and he sees who spoke before him', async () => {
  const service = await gatekeeper();
  const anna = await room(service, '461010001', 'red', 440);
  const bertil = await room(service, '461020001', 'blue', 1000);
  const cecilia = await room(service, '461020002', 'green', 1700);
  const capture = await Capture.start(`udp and dst portrange ${cecilia.rtpPort}-${cecilia.rtpPort + 19}`);
  ends.push(() => capture.remove());

  await dial(anna);
  await join(bertil);
  mute(bertil);
  await Promise.all([showsTo(bertil, 'red'), hears(bertil, [440], [1000])]);
  // Who comes while another speaks has a picture within a second.
  expect(await join(cecilia)).toBeLessThan(1_000);
  mute(cecilia);
  await Promise.all([showsTo(anna, 'blue'), showsTo(cecilia, 'red')]);
  await hears(cecilia, [440], [1000, 1700]);

  mute(anna);
  mute(bertil);
  await Promise.all([showsTo(anna, 'blue'), showsTo(bertil, 'red'), showsTo(cecilia, 'blue')]);
  await Promise.all([hears(anna, [1000], [440, 1700]), hears(cecilia, [1000], [440, 1700])]);

  mute(bertil);
  mute(cecilia);
  await Promise.all([showsTo(anna, 'green'), showsTo(bertil, 'green'), showsTo(cecilia, 'blue')]);

  await capture.stop();
  const pictures = (await packets(capture)).filter(({ payloadType }) => payloadType >= 96 && payloadType !== 101);
  expect(new Set(pictures.map(({ ssrc }) => ssrc)).size).toBe(1);
  const steps: number[] = [];
  pictures.reduce((before, packet) => {
    const step = (packet.sequence - before.sequence) & 0xffff;
    // mediasoup leaves out one number where it goes from one layer to the other, which Cecilia's stream does once, as she begins to speak: there
    // one picture has ended and a whole one begins, so nothing is missed.
    if (step !== 1) expect(before.marker).toBe(true);
    steps.push(step);
    expect((packet.timestamp - before.timestamp) | 0).toBeGreaterThanOrEqual(0);
    return packet;
  });
  expect(steps.filter((step) => step !== 1)).toSatisfy((skips: number[]) => skips.length <= 1 && skips.every((step) => step === 2));
}, 90_000);
