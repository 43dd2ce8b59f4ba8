import type { Browser, Page } from 'playwright-core';
import { type Colour, colours, nearestColour } from '../support/colour.js';
import { until } from '../support/until.js';
import { openPage } from './browser.js';

/** Another person at a browser, whose camera shows one colour and whose microphone one tone. */
export interface Person {
  readonly page: Page;
  readonly faults: readonly string[];
  readonly colour: Colour;
  readonly tone: number;
}

/** In place of camera and microphone. Runs in the page, before anything else of it. */
function standIn({ rgb, hertz }: { rgb: readonly number[]; hertz: number }): void {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 176, height: 144 });
  const pen = canvas.getContext('2d');
  // With something that moves, so that there is a picture to be sent each time.
  setInterval(() => {
    if (!pen) return;
    pen.fillStyle = `rgb(${rgb.join(',')})`;
    pen.fillRect(0, 0, 176, 144);
    pen.fillStyle = '#000';
    pen.fillRect((performance.now() / 20) % 176, 70, 4, 4);
  }, 100);
  const pictures = canvas.captureStream(10);
  const context = new AudioContext();
  const sound = context.createMediaStreamDestination();
  const tone = new OscillatorNode(context, { frequency: hertz });
  tone.connect(new GainNode(context, { gain: 0.25 })).connect(sound);
  tone.start();
  navigator.mediaDevices.getUserMedia = async ({ audio, video }: MediaStreamConstraints = {}) =>
    new MediaStream([
      ...(audio ? sound.stream.getAudioTracks() : []).map((track) => track.clone()),
      ...(video ? pictures.getVideoTracks() : []).map((track) => track.clone()),
    ]);
}

/** Opens the link and joins the meeting. */
export async function joinAs(browser: Browser, link: string, name: string, colour: Colour, tone: number): Promise<Person> {
  const devices = JSON.stringify({ rgb: colours[colour], hertz: tone });
  const { page, faults } = await openPage(
    browser,
    link,
    { viewport: { width: 800, height: 600 } },
    { content: `(${standIn})(${devices})` },
  );
  await page.getByLabel('Ditt namn').fill(name);
  await press(page, 'Gå till mötet');
  await page.getByRole('button', { name: 'Lämna mötet', exact: true }).waitFor();
  return { page, faults, colour, tone };
}

export function press(page: Page, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click();
}

export interface Flow {
  readonly kind: 'audio' | 'video';
  /** Of pictures. */
  readonly framesDecoded: number;
  /** Of sound. */
  readonly energy: number;
  readonly track: string;
}

/** Each stream that comes in, by WebRTC's own count. */
export function flows({ page }: Person): Promise<Flow[]> {
  return page.evaluate(async () => {
    const { kept } = globalThis as unknown as { kept: { connections: RTCPeerConnection[] } };
    const found: Flow[] = [];
    for (const connection of kept.connections) {
      if (connection.connectionState === 'closed') continue;
      const report = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
      for (const { type, kind, framesDecoded, totalAudioEnergy, trackIdentifier } of report.values()) {
        if (type !== 'inbound-rtp') continue;
        found.push({
          kind: kind === 'video' ? 'video' : 'audio',
          framesDecoded: Number(framesDecoded ?? 0),
          energy: Number(totalAudioEnergy ?? 0),
          track: String(trackIdentifier),
        });
      }
    }
    return found;
  });
}

/** The colours of the others' pictures that the page shows at this moment. */
async function coloursOn({ page }: Person): Promise<Set<Colour>> {
  const means = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 16, height: 16 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    if (!pen) return [];
    return [...document.querySelectorAll<HTMLVideoElement>('.tile video')].flatMap((video) => {
      if (video.videoWidth === 0) return [];
      pen.drawImage(video, 0, 0, 16, 16);
      const { data } = pen.getImageData(0, 0, 16, 16);
      const sum = [0, 0, 0];
      data.forEach((value, at) => {
        if (at % 4 < 3) sum[at % 4] = (sum[at % 4] ?? 0) + value / 256;
      });
      return [sum];
    });
  });
  return new Set(means.map(nearestColour));
}

/** Which of these tones there are in what comes in now, all streams together, by the browser's own spectrum. */
function tonesIn({ page }: Person, tones: readonly number[]): Promise<number[]> {
  return page.evaluate((wanted) => {
    interface Ear {
      readonly context: AudioContext;
      readonly analyser: AnalyserNode;
      readonly heard: Set<string>;
    }
    const global = globalThis as unknown as { kept: { connections: RTCPeerConnection[] }; ear?: Ear };
    if (!global.ear) {
      const context = new AudioContext();
      const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
      global.ear = { context, analyser, heard: new Set() };
    }
    const { context, analyser, heard } = global.ear;
    for (const connection of global.kept.connections) {
      for (const { track } of connection.getReceivers()) {
        if (track.kind !== 'audio' || track.readyState !== 'live' || heard.has(track.id)) continue;
        heard.add(track.id);
        context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      }
    }
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(spectrum);
    const width = context.sampleRate / analyser.fftSize;
    return wanted.filter((hertz) => {
      const bin = Math.round(hertz / width);
      // What the others' tones leave in the bins around stays 40 dB below a tone.
      return Math.max(...spectrum.slice(bin - 2, bin + 3)) > -45;
    });
  }, tones);
}

export async function seesAll(person: Person, expected: readonly Colour[]): Promise<void> {
  let seen = new Set<Colour>();
  await until(
    async () => {
      seen = await coloursOn(person);
      return expected.every((colour) => seen.has(colour));
    },
    () => `the ${person.colour} page to see ${expected.join(' and ')}; it sees ${[...seen].join(', ')}`,
    30_000,
  );
}

/** These of all tones, and no others. */
export async function hearsOnly(person: Person, expected: readonly number[], all: readonly number[]): Promise<void> {
  let heard: readonly number[] = [];
  await until(
    async () => {
      heard = await tonesIn(person, all);
      return heard.join() === all.filter((tone) => expected.includes(tone)).join();
    },
    () => `the ${person.colour} page to hear ${expected.join(' and ')} Hz; it hears ${heard.join(', ')}`,
    30_000,
  );
}
