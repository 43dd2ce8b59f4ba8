import { type Browser, chromium, type Page } from 'playwright-core';

/** What two pages of a meeting may cost together: small machines run this. */
const fakeMedia = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream=fps=10',
  '--autoplay-policy=no-user-gesture-required',
  '--auto-accept-this-tab-capture',
  '--auto-select-desktop-capture-source=Entire screen',
  // Names instead of addresses (mDNS) want a responder that test machines lack.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** Debian's Chromium, with a camera that shows a pattern and a microphone that beeps. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...fakeMedia, ...more] });
}

export interface Collected {
  readonly connections: RTCPeerConnection[];
  /** All tracks of cameras and microphones that the page was given. */
  readonly devices: MediaStreamTrack[];
}

/** Opens a page whose media connections the test can look into, and whose faults it hears of. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
  before: (() => void) | { readonly content: string } = () => undefined,
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ locale: 'sv-SE', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.addInitScript(() => {
    const kept: Collected = { connections: [], devices: [] };
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await original(constraints);
      kept.devices.push(...stream.getTracks());
      return stream;
    };
    Object.assign(globalThis, { kept });
    const Original = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        kept.connections.push(this);
      }
    };
  });
  await page.addInitScript(before);
  await page.goto(url);
  return { page, faults };
}

export interface Received {
  /** Of all pictures together. */
  readonly framesDecoded: number;
  /** Of each picture: its height. */
  readonly heights: readonly number[];
  /** Of all sounds together. */
  readonly energy: number;
}

/** What a page has received so far. */
export function received(page: Page): Promise<Received> {
  return page.evaluate(async () => {
    const { kept } = globalThis as unknown as { kept: Collected };
    const sum = { framesDecoded: 0, heights: [] as number[], energy: 0 };
    for (const connection of kept.connections) {
      if (connection.connectionState === 'closed') continue;
      const report = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
      for (const entry of report.values()) {
        if (entry.type !== 'inbound-rtp') continue;
        if (entry.kind === 'video') {
          sum.framesDecoded += Number(entry.framesDecoded ?? 0);
          sum.heights.push(Number(entry.frameHeight ?? 0));
        } else sum.energy += Number(entry.totalAudioEnergy ?? 0);
      }
    }
    return sum;
  });
}
