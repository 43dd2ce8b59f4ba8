import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { until } from '../support/until.js';
import { type Collected, openBrowser, openPage, received } from './browser.js';
import { buildPage } from './build-page.js';
import { type MeetingRules, MeetingServer } from './meeting-server.js';

// A browser that encodes and decodes pictures shares two cores with the others.
vi.setConfig({ testTimeout: 90_000 });

let folder: string;
let browser: Browser;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  folder = await buildPage();
  browser = await openBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const each of open.splice(0)) await each.close();
});

async function meeting(rules?: MeetingRules): Promise<MeetingServer> {
  const server = await MeetingServer.open(folder, rules);
  open.push(server);
  return server;
}

async function join(
  server: MeetingServer,
  name: string,
  link = '/m/900100#k=guest',
  options = {},
): Promise<{ page: Page; faults: string[] }> {
  const opened = await openPage(browser, `${server.url}${link}`, options);
  await opened.page.getByLabel('Ditt namn').fill(name);
  await opened.page.getByRole('button', { name: 'Gå till mötet' }).click();
  return opened;
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const tileOf = (page: Page, name: string) => page.locator('.tile', { has: page.locator('.nameplate .name', { hasText: name }) });

/** How many of the tracks that the page got from cameras and microphones are still open. */
const liveDevices = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { kept: Collected }).kept.devices.filter(({ readyState }) => readyState === 'live').length);

/** Pictures and sound of the others come in, more than there were. */
async function receives(page: Page, before = { framesDecoded: 0, energy: 0 }): Promise<void> {
  let last = '';
  const more = async () => {
    const now = await received(page);
    last = `${JSON.stringify(now)}, ${await page.locator('main').innerText()}`;
    return now.framesDecoded > before.framesDecoded + 10 && now.energy > before.energy + 0.0005;
  };
  await until(more, () => `pictures and sound: ${last}`, 30_000);
}

describe('joining', () => {
  it('asks for what is missing, in words beside the field that takes the focus', async () => {
    const server = await meeting();
    const { page } = await openPage(browser, `${server.url}/`);
    await page.getByRole('button', { name: 'Gå till mötet' }).click();
    const number = page.getByLabel('Mötesnummer');
    expect(await number.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(await number.getAttribute('aria-invalid')).toBe('true');
    await page.getByText('Skriv mötets nummer.').waitFor();
    await number.fill(' 900 100 ');
    await page.getByLabel('Ditt namn').fill('Anna Ek');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    expect(server.asked[0]).toMatchObject({ do: 'join', meeting: '900100', name: 'Anna Ek' });
  });

  it('asks for the PIN when there is one, says that it was wrong, and how long to wait after too many', async () => {
    const server = await meeting({ pin: '1234', lockOut: { after: 2, retryMs: 8000 } });
    const { page } = await join(server, 'Anna Ek');
    const pin = page.getByLabel('PIN-kod');
    await pin.waitFor();
    const problem = page.getByRole('alert');
    await problem.getByText('Mötet har en PIN-kod').waitFor();
    await pin.fill('1111');
    await page.keyboard.press('Enter');
    await problem.getByText('PIN-koden stämmer inte').waitFor();
    expect(await pin.evaluate((field) => field === document.activeElement)).toBe(true);
    await pin.fill('2222');
    await page.keyboard.press('Enter');
    await problem.getByText('Försök igen om 8 sekunder').waitFor();
    await pin.fill('1234');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
  });

  it('says in plain words that camera and microphone are not allowed, and lets in without', async () => {
    const strict = await openBrowser(['--deny-permission-prompts']);
    try {
      const server = await meeting();
      const context = await strict.newContext({ locale: 'en-GB', permissions: [] });
      const page = await context.newPage();
      await page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      });
      await page.goto(`${server.url}/m/900100#k=guest`);
      await page.getByText('The browser may not use the camera').waitFor();
      await page.getByText('The browser may not use the microphone').waitFor();
      await page.getByLabel('Your name').fill('Anna Ek');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    } finally {
      await strict.close();
    }
  });
});

describe('devices that come late', () => {
  it('are sent as soon as they are there', async () => {
    const server = await meeting();
    const { page } = await openPage(browser, `${server.url}/m/900100#k=guest`, {}, () => {
      const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const asked = new Promise<void>((resolve) => {
        addEventListener('allow', () => resolve(), { once: true });
      });
      navigator.mediaDevices.getUserMedia = (constraints) => asked.then(() => original(constraints));
    });
    await page.getByLabel('Ditt namn').fill('Anna Ek');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    await page.evaluate(() => dispatchEvent(new Event('allow')));
    const sent = () => new Set(server.asked.flatMap((asked) => (asked.do === 'produce' ? [asked.source] : [])));
    await until(
      () => sent().size === 2,
      () => `both to be sent: ${[...sent()]}`,
    );
  });
});

describe('the lobby', () => {
  it('waits until a host lets in, with the focus on what is new', async () => {
    const server = await meeting({ lobby: true });
    const host = await join(server, 'Anna Ek', '/m/900100#k=host');
    const guest = await join(server, 'Bo Al');
    const waiting = guest.page.getByRole('heading', { name: 'Du är i väntrummet' });
    await waiting.waitFor();
    expect(await waiting.evaluate((heading) => heading === document.activeElement)).toBe(true);
    await host.page.getByText('En person väntar på att få komma in').waitFor();
    await button(host.page, 'Visa').click();
    await button(host.page, 'Släpp in Bo Al').click();
    await guest.page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    await guest.page.getByText('Du är insläppt i mötet.').waitFor();
    await receives(guest.page);
  });

  it('tells who is turned away', async () => {
    const server = await meeting({ lobby: true });
    const host = await join(server, 'Anna Ek', '/m/900100#k=host');
    const guest = await join(server, 'Bo Al');
    await guest.page.getByRole('heading', { name: 'Du är i väntrummet' }).waitFor();
    await button(host.page, /^Deltagare/).click();
    await button(host.page, 'Avvisa Bo Al').click();
    await guest.page.getByRole('heading', { name: 'Du släpptes inte in' }).waitFor();
  });
});

describe('a meeting of two pages', () => {
  it('lets them see and hear each other, mute, share, and leave', async () => {
    const server = await meeting();
    const anna = await join(server, 'Anna Ek', '/m/900100#k=host');
    const bo = await join(server, 'Bo Al');
    await Promise.all([receives(anna.page), receives(bo.page)]);

    // Two large tiles: the full layer.
    await until(
      async () => (await received(bo.page)).heights.includes(720),
      () => 'the full picture',
      20_000,
    );

    await button(anna.page, 'Stäng av mikrofonen').click();
    await tileOf(bo.page, 'Anna Ek').getByText('mikrofonen av', { exact: true }).waitFor();
    await anna.page.keyboard.press('Control+d');
    await button(anna.page, 'Stäng av mikrofonen').waitFor();
    await tileOf(bo.page, 'Anna Ek').getByText('mikrofonen av', { exact: true }).waitFor({ state: 'detached' });

    await button(bo.page, 'Dela skärmen').click();
    await bo.page.getByText('Du visar din skärm för alla i mötet.').waitFor();
    const slides = anna.page.locator('.tile.slides.enlarged');
    await slides.getByText('Bo Al visar sin skärm').waitFor();
    await slides.locator('video').evaluate(async (video) => {
      const element = video as HTMLVideoElement;
      while (element.videoWidth === 0) await new Promise((resolve) => element.addEventListener('resize', resolve, { once: true }));
    });
    await button(bo.page, 'Sluta dela').first().click();
    await slides.waitFor({ state: 'detached' });

    await button(bo.page, 'Stäng av kameran').click();
    await tileOf(anna.page, 'Bo Al').getByText('BA').waitFor();
    await button(bo.page, 'Slå på kameran').click();
    await tileOf(anna.page, 'Bo Al').locator('video').waitFor();

    await button(bo.page, 'Lämna mötet').click();
    await bo.page.getByRole('heading', { name: 'Du har lämnat mötet' }).waitFor();
    await anna.page.getByText('Bo Al har lämnat mötet.').waitFor();
    expect(await anna.page.locator('.tile').count()).toBe(1);

    await button(anna.page, 'Lämna mötet').click();
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Avsluta för alla' }).click();
    await anna.page.getByRole('heading', { name: 'Mötet är slut' }).waitFor();
    expect([...anna.faults, ...bo.faults]).toEqual([]);
  });

  it('obeys its host: mute, which its owner takes back, lock, call in, and remove', async () => {
    const server = await meeting();
    const anna = await join(server, 'Anna Ek', '/m/900100#k=host');
    const bo = await join(server, 'Bo Al');
    await button(anna.page, /^Deltagare/).click();
    await button(anna.page, 'Stäng av mikrofonen för Bo Al').click();
    await bo.page.getByText('Mötesledaren har stängt av din mikrofon.').waitFor();
    await button(bo.page, 'Slå på mikrofonen').click();
    await until(
      () => server.asked.some((asked) => asked.do === 'pauseStream' && asked.source === 'microphone' && !asked.paused),
      () => 'the microphone on again',
    );
    await button(anna.page, 'Lås mötet').click();
    await bo.page.getByText('Mötet är låst: ingen mer kommer in.').waitFor();
    await button(anna.page, 'Ring upp en deltagare').click();
    await anna.page.getByLabel('Nummer eller adress').fill('461020001');
    await anna.page.keyboard.press('Enter');
    await bo.page.getByText('Ringer 461020001').waitFor();
    await button(anna.page, 'Ta bort Bo Al från mötet').click();
    await anna.page.getByRole('dialog').getByRole('button', { name: 'Ta bort', exact: true }).click();
    await bo.page.getByRole('heading', { name: 'Du har tagits bort från mötet' }).waitFor();
  });

  it('tries again what the service could not take at that moment', async () => {
    const server = await meeting();
    // Her microphone and her camera, one after the other.
    server.fail('produce', 'mediaUnavailable', 2);
    const anna = await join(server, 'Anna Ek', '/m/900100#k=host');
    await anna.page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    server.fail('consume', 'internal', 2);
    const bo = await join(server, 'Bo Al');
    await Promise.all([receives(anna.page), receives(bo.page)]);
    server.fail('produce', 'mediaUnavailable', 1);
    await button(bo.page, 'Dela skärmen').click();
    await anna.page.locator('.tile.slides.enlarged video').waitFor();
    await bo.page.getByText('Du visar din skärm för alla i mötet.').waitFor();
  });

  it('takes the key out of the address, and finds it when it is loaded anew', async () => {
    const server = await meeting({ pin: '1234' });
    const { page } = await join(server, 'Anna Ek', '/m/900100#k=host');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    expect(page.url()).toBe(`${server.url}/m/900100`);
    await page.reload();
    await button(page, 'Gå till mötet').click();
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    expect(server.asked.filter((asked) => asked.do === 'join').at(-1)).toMatchObject({ name: 'Anna Ek', key: 'host' });
    // Another link of the same meeting, over this one.
    await page.evaluate(() => {
      location.hash = '#k=guest';
    });
    await button(page, 'Gå till mötet').click();
    await page.getByText('Mötet har en PIN-kod').waitFor();
  });

  it('opens a muted microphone for as long as the space bar is held', async () => {
    const server = await meeting();
    const { page } = await join(server, 'Anna Ek');
    await button(page, 'Stäng av mikrofonen').click();
    await button(page, 'Slå på mikrofonen').waitFor();
    await page.getByRole('heading', { name: 'Vårdplanering' }).focus();
    await page.keyboard.down('Space');
    await button(page, 'Stäng av mikrofonen').waitFor();
    await page.keyboard.up('Space');
    await button(page, 'Slå på mikrofonen').waitFor();
  });
});

describe('a connection that breaks', () => {
  it('comes back at another node when its own is gone, with its seat’s token', async () => {
    const two = await meeting();
    const one = await meeting({ nodes: [two.url] });
    const { page } = await join(one, 'Bo Al');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    open.splice(open.indexOf(one), 1);
    await one.close();
    await page.getByText('Du är ansluten igen.').waitFor();
    expect(two.asked[0]).toMatchObject({ do: 'join', name: 'Bo Al', key: 'guest', resume: expect.any(String) });
    await until(
      () => new Set(two.asked.flatMap((asked) => (asked.do === 'produce' ? [asked.source] : []))).size === 2,
      () => 'its sound and picture at the other node',
    );
  });

  it('does not come back to a seat that was taken away meanwhile, and lets the camera and the microphone go', async () => {
    const server = await meeting();
    const { page } = await join(server, 'Bo Al');
    await page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
    expect(await liveDevices(page)).toBe(2);
    server.cutAndRemove('Bo Al', 'expelled');
    await page.getByRole('heading', { name: 'Du har tagits bort från mötet' }).waitFor();
    expect(await liveDevices(page)).toBe(0);
    expect(server.asked.filter((asked) => asked.do === 'join')).toHaveLength(2);
  });

  it('comes back by itself, says so, and goes on with the same media', async () => {
    const server = await meeting();
    const anna = await join(server, 'Anna Ek', '/m/900100#k=host');
    const bo = await join(server, 'Bo Al');
    await receives(bo.page);
    const transports = server.asked.filter((asked) => asked.do === 'openTransport').length;
    server.cut('Bo Al');
    await bo.page.getByText('Du är ansluten igen.').waitFor();
    await receives(bo.page, await received(bo.page));
    expect(server.asked.filter((asked) => asked.do === 'openTransport')).toHaveLength(transports);
    expect(server.asked.filter((asked) => asked.do === 'join').at(-1)).toMatchObject({ name: 'Bo Al', resume: expect.any(String) });
    expect(anna.faults).toEqual([]);
  });

  it('opens its media anew when the service lost them', async () => {
    const server = await meeting();
    const anna = await join(server, 'Anna Ek', '/m/900100#k=host');
    const bo = await join(server, 'Bo Al');
    await Promise.all([receives(anna.page), receives(bo.page)]);
    server.loseMedia();
    await bo.page.getByText('Ljud och bild ansluts på nytt.').waitFor();
    await Promise.all([receives(anna.page), receives(bo.page)]);
  });
});
