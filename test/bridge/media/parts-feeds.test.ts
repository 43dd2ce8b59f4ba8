import { describe, expect, it } from 'vitest';
import { MediaError } from '../../../src/bridge/media/media.js';
import type { PartApi } from '../../../src/bridge/media/part-api.js';
import type { PartHandle } from '../../../src/bridge/media/part-place.js';
import { Feeds } from '../../../src/bridge/media/parts-feeds.js';
import type { Leg } from '../../../src/bridge/media/parts-leg.js';
import { Pipes } from '../../../src/bridge/media/pipes.js';
import { until } from '../../support/until.js';
import { h264, pcma } from './part-world.js';

/** A home that makes feeds by name and notes what it is told; `lines` is what each line is sent. */
function home(): { part: PartHandle; log: string[]; feeds: Set<string>; lines: Map<string, string | undefined> } {
  const log: string[] = [];
  const feeds = new Set<string>();
  const lines = new Map<string, string | undefined>();
  const api: Partial<PartApi> = {
    makeFeed: async ({ kind, participant }) => {
      const feed = kind === 'sound' ? `own of ${participant}` : 'picture';
      feeds.add(feed);
      log.push(`make ${feed}`);
      return feed;
    },
    dropFeed: async (feed) => {
      feeds.delete(feed);
      log.push(`drop ${feed}`);
    },
    feedRoomLine: async (participant, line, feed) => {
      await Promise.resolve();
      if (feed !== undefined && !feeds.has(feed)) throw new MediaError('leg_gone', `There is no stream ${feed}`);
      lines.set(`${participant} ${line}`, feed);
      log.push(`${participant} ${line}: ${feed}`);
    },
  };
  const place = { node: 'here', load: 0, createPart: () => Promise.reject(new Error('not here')) };
  const part: PartHandle = {
    id: '1',
    node: 'here',
    place,
    api: api as PartApi,
    load: 0,
    carry: () => undefined,
    close: async () => undefined,
  };
  return { part, log, feeds, lines };
}

function world() {
  const at = home();
  const failures: string[] = [];
  const showing: boolean[] = [];
  const failed = (what: string): void => void failures.push(what);
  const feeds = new Feeds(at.part, new Pipes(failed), (shows) => showing.push(shows), failed);
  const leg = (participant: string, waiting = false): Leg => ({
    participant,
    kind: 'room',
    part: at.part,
    waiting,
    muted: new Set(),
    sound: undefined,
    bySignalling: new Set(),
    asking: 0,
    gone: false,
  });
  return { ...at, made: at.feeds, feeds, failures, showing, leg };
}

describe('what room systems are sent', () => {
  it('is made once, given, and dropped with the last line that has it', async () => {
    const { feeds, leg, log, lines } = world();
    const [one, two] = [leg('one'), leg('two')];
    await feeds.connect(one, 'video', h264(97), 'sendrecv');
    await feeds.connect(two, 'video', h264(97), 'sendonly');
    expect([...lines.values()]).toEqual(['picture', 'picture']);
    await feeds.close(one, 'video');
    expect(log).not.toContain('drop picture');
    await feeds.closeLeg(two);
    expect(log.at(-1)).toBe('drop picture');
  });

  it('is nothing on hold, and the same again after that', async () => {
    const { feeds, leg, lines, made } = world();
    const one = leg('one');
    await feeds.connect(one, 'audio', pcma, 'recvonly');
    expect([lines.get('one audio'), made.size]).toEqual([undefined, 0]);
    await feeds.direct(one, 'audio', 'sendrecv');
    expect(lines.get('one audio')).toBe('own of one');
    await feeds.direct(one, 'audio', 'inactive');
    expect(lines.get('one audio')).toBeUndefined();
    await feeds.direct(one, 'audio', 'sendrecv');
    expect(lines.get('one audio')).toBe('own of one');
  });

  it('is sound alone in the waiting room, and never slides', async () => {
    const { feeds, leg, lines, showing } = world();
    const one = leg('one', true);
    await feeds.connect(one, 'audio', pcma, 'sendrecv');
    await feeds.connect(one, 'video', h264(97), 'sendrecv');
    await feeds.connect(one, 'slides', h264(98), 'sendrecv');
    expect([...lines]).toEqual([['one audio', 'own of one']]);
    expect(showing.at(-1)).toBe(false);
    one.waiting = false;
    await feeds.waited(one);
    expect(lines.get('one video')).toBe('picture');
    expect(showing.at(-1)).toBe(true);
    await feeds.closeLeg(one);
    expect(showing.at(-1)).toBe(false);
  });

  it('changes at the word of home, and what nobody has any more is dropped', async () => {
    const { feeds, leg, lines, made, log } = world();
    const one = leg('one');
    await feeds.connect(one, 'audio', pcma, 'sendrecv');
    made.add('shared');
    feeds.changed(one, 'audio', 'shared');
    await until(
      () => lines.get('one audio') === 'shared',
      () => 'the shared feed',
    );
    expect(log.at(-1)).toBe('drop own of one');
  });

  it('is made again when it was dropped while home spoke of it', async () => {
    const { feeds, leg, lines, made, failures } = world();
    const one = leg('one');
    await feeds.connect(one, 'audio', pcma, 'sendrecv');
    made.add('shared');
    feeds.changed(one, 'audio', 'shared');
    await until(
      () => lines.get('one audio') === 'shared',
      () => 'the shared feed',
    );
    // It said so before it heard that this one was dropped.
    feeds.changed(one, 'audio', 'own of one');
    await until(
      () => lines.get('one audio') === 'own of one',
      () => 'its own feed again',
    );
    expect(made.has('own of one')).toBe(true);
    expect(failures).toEqual([]);
  });

  it('ends up as home said last, however fast it changes', async () => {
    const { feeds, leg, lines, made } = world();
    const one = leg('one');
    for (const feed of ['a', 'b', 'c']) made.add(feed);
    const connecting = feeds.connect(one, 'audio', pcma, 'sendrecv');
    for (const feed of ['a', 'b', 'a', 'c']) feeds.changed(one, 'audio', feed);
    await connecting;
    await until(
      () => lines.get('one audio') === 'c',
      () => 'the last feed',
    );
    expect([...made]).toEqual(['c']);
  });

  it('is reported when it cannot be given', async () => {
    const { feeds, leg, part, failures } = world();
    const one = leg('one');
    await feeds.connect(one, 'audio', pcma, 'sendrecv');
    part.api.makeFeed = () => Promise.resolve('other');
    part.api.feedRoomLine = () => Promise.reject(new MediaError('media_unavailable', 'no answer'));
    feeds.changed(one, 'audio', 'other');
    await until(
      () => failures.length === 1,
      () => 'the failure',
    );
    await expect(feeds.connect(leg('two'), 'audio', pcma, 'sendrecv')).rejects.toThrow('no answer');
  });

  it('goes with the ports of a line that is opened anew', async () => {
    const { feeds, leg, made, part, log } = world();
    const one = leg('one');
    part.api.makeFeed = async ({ codec }) => {
      const feed = `picture:${codec.sendPayloadType}`;
      made.add(feed);
      return feed;
    };
    for (const payloadType of [96, 97, 98, 99]) await feeds.connect(one, 'video', h264(payloadType), 'sendrecv');
    expect([...made]).toEqual(['picture:99']);
    await feeds.closeLeg(one);
    expect(made.size).toBe(0);
    expect(log.filter((line) => line.startsWith('drop'))).toHaveLength(4);
  });

  it('is not made for one who has left, and dropped when home speaks of it too late', async () => {
    const { feeds, leg, made, log, failures } = world();
    const one = leg('one');
    await feeds.connect(one, 'audio', pcma, 'sendrecv');
    one.gone = true;
    await feeds.closeLeg(one);
    log.splice(0);
    await expect(feeds.connect(one, 'video', h264(97), 'sendrecv')).rejects.toMatchObject({ code: 'leg_gone' });
    expect(log).toEqual([]);
    made.add('late');
    feeds.changed(one, 'audio', 'late');
    expect([...made]).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('is not made any more once one leaves who is about to get it', async () => {
    const { feeds, leg, made, log } = world();
    const one = leg('one');
    const connecting = feeds.connect(one, 'video', h264(97), 'sendrecv');
    one.gone = true;
    const closing = feeds.closeLeg(one);
    await Promise.all([connecting, closing]);
    expect(log.filter((line) => line.startsWith('make'))).toEqual([]);
    expect(made.size).toBe(0);
  });

  it('is forgotten when the line closes while it is on its way', async () => {
    const { feeds, leg, made } = world();
    const one = leg('one');
    const connecting = feeds.connect(one, 'video', h264(97), 'sendrecv');
    await feeds.closeLeg(one);
    await connecting;
    expect(made.size).toBe(0);
  });
});
