import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { WebServer, type WebServerOptions } from '../../../src/bridge/browser/web-server.js';
import { type Clock, systemClock } from '../../../src/clock.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { openWorld, type PermanentMeetingText, standUp, type World } from '../meetings/world.js';

export interface Running extends World {
  readonly web: WebServer;
  readonly url: string;
  readonly refused: string[];
  readonly problems: unknown[];
}

export const guarded: PermanentMeetingText = { ...standUp, hostPin: '246813', guestPin: '135724' };
export const number = '4690010001';
export const limits = { connections: 100, connectionsPerSource: 50, messagesPerSecond: 50, messageBytes: 64 * 1024 };

/** The listener for browsers, before a meeting service whose media carry nothing. */
export async function open(
  meeting: PermanentMeetingText = standUp,
  { ports, ...changes }: Partial<WebServerOptions> & { readonly clock?: Clock; readonly ports?: number } = {},
): Promise<Running> {
  const clock = changes.clock ?? systemClock;
  const world = openWorld([meeting], { clock, ...(ports === undefined ? {} : { ports }) });
  const directory = join(await temporaryDirectory(), 'web');
  await mkdir(join(directory, 'assets'), { recursive: true });
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>Portvakt</title>');
  await writeFile(join(directory, 'assets', 'main-1a2b.js'), `export const page = ${JSON.stringify('x'.repeat(5000))};`);
  await writeFile(join(directory, 'assets', 'main-1a2b.js.map'), '{}');
  await writeFile(join(directory, '..', 'secret.html'), 'secret');
  const refused: string[] = [];
  const problems: unknown[] = [];
  const web = await WebServer.open({
    address: '127.0.0.1',
    port: 0,
    tls: undefined,
    url: undefined,
    directory,
    meetings: world.service,
    iceServers: [{ urls: 'stun:127.0.0.1:3478' }],
    limits,
    observer: { refused: (why) => refused.push(why), problem: (error) => problems.push(error) },
    ...changes,
    clock,
  });
  onTestFinished(() => web.close());
  onTestFinished(() => expect(problems).toEqual([]));
  return Object.assign(world, { web, url: web.url, refused, problems });
}
