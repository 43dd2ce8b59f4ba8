import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { testPlan } from '../support/plan.js';
import { type InProcess, startService } from '../support/service.js';
import { until } from '../support/until.js';
import { openBrowser, openPage, received } from './browser.js';
import { buildPage } from './build-page.js';

// A browser that encodes and decodes pictures shares two cores with the others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let service: InProcess;
let browser: Browser;

beforeAll(async () => {
  const plan = testPlan((draft) => {
    Object.assign(draft.organisations.norr.licences, { meetingPorts: 20 });
  });
  service = await startService({ plan, bridge: {}, page: await buildPage() });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

interface Made {
  readonly id: string;
  readonly guestPin: string;
  readonly hostLink: string;
}

async function makeMeeting(): Promise<Made> {
  const answer = await fetch(`${service.url}/api/v1/meetings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Vårdplanering', organisation: 'norr', lobby: 'guests' }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Made;
}

async function receives(page: Page): Promise<void> {
  const both = async () => {
    const { framesDecoded, energy } = await received(page);
    return framesDecoded > 10 && energy > 0.0005;
  };
  await until(both, () => 'pictures and sound', 60_000);
}

/** Pictures come, and are not held back on their way. */
const moves = (video: Locator) =>
  video.evaluate(async (element: HTMLVideoElement) => {
    while (element.videoWidth === 0) await new Promise((resolve) => element.addEventListener('resize', resolve, { once: true }));
  });

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

it('a host and a guest meet in the service itself: wrong PIN, lobby, sound and pictures both ways, share, mute, end', async () => {
  const made = await makeMeeting();
  const host = await openPage(browser, made.hostLink);
  await host.page.getByLabel('Ditt namn').fill('Anna Ek');
  await press(host.page, 'Gå till mötet');
  await host.page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();

  const guest = await openPage(browser, new URL('/', made.hostLink).href);
  await guest.page.getByLabel('Mötesnummer').fill(made.id);
  await guest.page.getByLabel('Ditt namn').fill('Bo Al');
  await press(guest.page, 'Gå till mötet');
  const pin = guest.page.getByLabel('PIN-kod');
  await pin.fill(made.guestPin === '000000' ? '000001' : '000000');
  await press(guest.page, 'Gå till mötet');
  await guest.page.getByRole('alert').getByText('PIN-koden stämmer inte').waitFor();
  await pin.fill(made.guestPin);
  // After a wrong one nothing is listened to for a moment.
  const heading = guest.page.getByRole('heading', { name: 'Du är i väntrummet' });
  await until(
    async () => {
      if (await heading.isVisible()) return true;
      const again = guest.page.getByRole('button', { name: 'Gå till mötet', exact: true });
      if (await again.isVisible()) await again.click();
      return false;
    },
    () => 'the lobby',
    30_000,
  );

  await press(host.page, 'Visa');
  await press(host.page, 'Släpp in Bo Al');
  await guest.page.getByRole('heading', { name: 'Vårdplanering' }).waitFor();
  await Promise.all([receives(host.page), receives(guest.page)]);

  await press(guest.page, 'Dela skärmen');
  await host.page.locator('.tile.slides.enlarged video').waitFor();
  await guest.page.getByRole('button', { name: 'Sluta dela', exact: true }).first().click();
  await host.page.locator('.tile.slides').waitFor({ state: 'detached' });

  await press(host.page, 'Stäng av mikrofonen för Bo Al');
  await guest.page.getByText('Mötesledaren har stängt av din mikrofon, och kan låta dig tala igen.').waitFor();
  await press(host.page, 'Låt Bo Al tala igen');
  await guest.page.getByText('Mötesledaren låter dig tala igen.').waitFor();
  await press(guest.page, 'Slå på mikrofonen');
  await press(guest.page, 'Stäng av mikrofonen');

  await press(guest.page, 'Dela skärmen');
  await press(host.page, 'Stoppa skärmdelningen från Bo Al');
  await guest.page.getByText('Mötesledaren har stoppat din skärmdelning.').waitFor();
  await host.page.locator('.tile.slides').waitFor({ state: 'detached' });
  await press(guest.page, 'Dela skärmen');
  await moves(host.page.locator('.tile.slides.enlarged video'));

  await press(host.page, 'Lämna mötet');
  await press(host.page, 'Avsluta för alla');
  await guest.page.getByRole('heading', { name: 'Mötet är slut' }).waitFor();
  await host.page.getByRole('heading', { name: 'Mötet är slut' }).waitFor();
  expect([...host.faults, ...guest.faults]).toEqual([]);
});
