import { once } from 'node:events';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { protocolName } from '../../src/bridge/browser/protocol.js';
import { openBrowser, openPage } from './browser.js';
import { buildPage } from './build-page.js';
import { MeetingServer } from './meeting-server.js';

vi.setConfig({ testTimeout: 90_000 });

let browser: Browser;
let server: MeetingServer;

beforeAll(async () => {
  server = await MeetingServer.open(await buildPage());
  browser = await openBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

interface Faults {
  readonly notItems: readonly string[];
  readonly unnamed: readonly string[];
  readonly small: readonly string[];
  readonly headings: number;
  readonly wide: number;
  readonly idTwice: readonly string[];
}

/** What an inspector would look for: names, sizes of targets (2.5.8), one h1, nothing wider than the screen (1.4.10). */
function inspect(page: Page, smallest: number): Promise<Faults> {
  return page.evaluate((least) => {
    const shown = (element: Element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
    const text = (element: Element) => element.outerHTML.slice(0, 120);
    const controls = [...document.querySelectorAll('button, input, select, [tabindex="0"]')].filter(shown);
    const nameOf = (element: Element) =>
      element.getAttribute('aria-label') ??
      (element instanceof HTMLInputElement || element instanceof HTMLSelectElement
        ? element.labels?.[0]?.textContent
        : element.textContent) ??
      '';
    const pictures = [...document.querySelectorAll('video')].filter((video) => !video.getAttribute('aria-label'));
    // What stands in a list is an item of it (1.3.1).
    const notItems = [...document.querySelectorAll('ul[role], ul > :not(li), li[role], :not(ul, ol) > li')];
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    return {
      notItems: notItems.map(text),
      unnamed: [...controls.filter((element) => nameOf(element).trim() === ''), ...pictures].map(text),
      small: controls
        .filter((element) => element.matches('button, input, select'))
        .filter((element) => Math.min(element.getBoundingClientRect().width, element.getBoundingClientRect().height) < least - 0.5)
        .map(text),
      headings: document.querySelectorAll('h1').length,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      idTwice: ids.filter((id, index) => ids.indexOf(id) !== index),
    };
  }, smallest);
}

const faultless: Faults = { notItems: [], unnamed: [], small: [], headings: 1, wide: 0, idTwice: [] };

/** The names of what Tab leads to, in order. */
async function tabOrder(page: Page, steps: number): Promise<string[]> {
  const names: string[] = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press('Tab');
    names.push(
      await page.evaluate(() => {
        const focused = document.activeElement;
        const outline = focused ? getComputedStyle(focused).outlineStyle : 'none';
        const name = focused?.getAttribute('aria-label') ?? (focused as HTMLInputElement | null)?.name ?? focused?.textContent ?? '';
        return outline === 'none' ? `${name} (no visible focus)` : name || (focused?.textContent ?? '');
      }),
    );
  }
  return names;
}

async function enter(page: Page): Promise<void> {
  await page.locator('input[name=name]').fill('Anna Ek');
  await page.keyboard.press('Enter');
  await page.locator('.meeting').waitFor();
}

describe.each([
  ['a desktop', { viewport: { width: 1280, height: 800 } }],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  // 1280 pixels at 400 % are 320 (1.4.10).
  ['a page zoomed to 320 pixels', { viewport: { width: 320, height: 568 } }],
  ['a phone on its side', { viewport: { width: 740, height: 360 }, hasTouch: true, isMobile: true }],
])('on %s', (_what, options) => {
  it('everything has a name, is large enough to hit and within the screen, on every screen', async () => {
    const { page, faults } = await openPage(browser, `${server.url}/m/900100#k=host`, options);
    await page.getByRole('meter').waitFor();
    expect(await inspect(page, 44)).toEqual(faultless);
    await enter(page);
    await page.locator('.tile').first().waitFor();
    expect(await inspect(page, 44)).toEqual(faultless);
    await page.getByRole('button', { name: /^Deltagare/ }).click();
    await page.locator('.people').waitFor();
    expect(await inspect(page, 44)).toEqual(faultless);
    await page.getByRole('button', { name: 'Inställningar' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await inspect(page, 44)).toEqual(faultless);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });
});

describe('with the keyboard alone', () => {
  it('the first screen is gone through in the order that it is read, with a visible focus', async () => {
    const { page } = await openPage(browser, `${server.url}/`);
    await page.getByRole('meter').waitFor();
    await page.locator('.languages button').first().focus();
    expect(await tabOrder(page, 6)).toEqual(['English', 'Stäng av mikrofonen', 'Stäng av kameran', 'meeting', 'name', 'Gå till mötet']);
  });

  it('a dialog takes the focus, keeps it, and gives it back', async () => {
    const { page } = await openPage(browser, `${server.url}/m/900100#k=guest`);
    await enter(page);
    const settings = page.getByRole('button', { name: 'Inställningar' });
    await settings.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await settings.evaluate((button) => button === document.activeElement)).toBe(true);
  });

  it('the focus goes on where it was, when what was pressed vanishes', async () => {
    const lobby = await MeetingServer.open(await buildPage(), { lobby: true });
    try {
      const { page } = await openPage(browser, `${lobby.url}/m/900100#k=host`);
      await enter(page);
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
      await page.keyboard.press('Tab');
      const people = page.getByRole('button', { name: /^Deltagare/ });
      await people.press('Enter');
      await expect.poll(focused).toBe('Deltagare (1)');
      await page.keyboard.press('Escape');
      await expect.poll(() => people.evaluate((button) => button === document.activeElement)).toBe(true);

      for (const name of ['Bo Al', 'Ulla Berg']) {
        const guest = new WebSocket(`${lobby.url.replace('http', 'ws')}/ws`, protocolName);
        await once(guest, 'open');
        guest.send(JSON.stringify({ id: 1, do: 'join', meeting: '900100', name }));
        await once(guest, 'message');
      }
      await people.press('Enter');
      await page.getByRole('button', { name: 'Släpp in Bo Al' }).press('Enter');
      await expect.poll(focused).toBe('Släpp in Ulla Berg');
      await page.getByRole('button', { name: 'Avvisa Ulla Berg' }).press('Enter');
      await expect.poll(focused).toBe('Deltagare (2)');
      await page.getByRole('button', { name: 'Ta bort Bo Al från mötet' }).press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Ta bort', exact: true }).press('Enter');
      await expect.poll(focused).toBe('Deltagare (1)');
    } finally {
      await lobby.close();
    }
  });

  it('the language changes at once, for the document too', async () => {
    const { page } = await openPage(browser, `${server.url}/`);
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('sv');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Join a video meeting' }).waitFor();
    expect(await page.evaluate(() => [document.documentElement.lang, document.title])).toEqual(['en', 'Join a video meeting · Portvakt']);
  });
});

describe('for screen readers', () => {
  it('arrivals, speakers and muted microphones are told in words', async () => {
    const { page } = await openPage(browser, `${server.url}/m/900100#k=guest`);
    await enter(page);
    const guest = await openPage(browser, `${server.url}/m/900100#k=guest`);
    await guest.page.locator('input[name=name]').fill('Bo Al');
    await guest.page.keyboard.press('Enter');
    const tile = page.locator('.tile', { hasText: 'Bo Al' });
    await tile.getByText(/krypterad \(DTLS-SRTP AES-128\)/).waitFor({ state: 'attached' });
    const id = await tile.getAttribute('data-participant');
    server.tell({ news: 'speaking', participants: [id ?? ''], speaker: id ?? '' });
    await tile.getByText('talar').waitFor({ state: 'attached' });
    await page.getByRole('status').getByText('Bo Al talar').waitFor({ state: 'attached' });
    await guest.page.getByRole('button', { name: 'Lämna mötet' }).click();
    await page.getByRole('log').getByText('Bo Al har lämnat mötet.').waitFor();
  });
});
