import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { PeerNews } from '../../../src/gatekeeper/peers/peer-news.js';
import { Hints } from '../../support/hints.js';

function two() {
  const clock = new VirtualClock(1_000_000);
  const hints = new Hints();
  const heard: string[] = [];
  const one = new PeerNews(hints.join('one'), clock);
  const other = new PeerNews(hints.join('other'), clock);
  const remove = other.listen((peerId, up) => heard.push(`${peerId} ${up ? 'up' : 'down'}`));
  return { clock, hints, heard, one, other, remove };
}

const turn = () => Promise.resolve();

test('what one finds out the other hears, as text with a version', async () => {
  const { one, heard, hints, clock, remove } = two();
  one.tell('trunk/192.0.2.7:5060;udp', false);
  await turn();
  clock.advance(5000);
  one.tell('trunk/192.0.2.7:5060;udp', true);
  await turn();
  expect(heard).toEqual(['trunk/192.0.2.7:5060;udp down', 'trunk/192.0.2.7:5060;udp up']);
  expect(hints.told.map(({ kind, value }) => `${kind}: ${value}`)).toEqual([
    'peer: 1 down trunk/192.0.2.7:5060;udp',
    'peer: 1 up trunk/192.0.2.7:5060;udp',
  ]);
  remove();
  expect(hints.listeners).toBe(0);
});

test('what was said a moment ago is not said again, by nobody', async () => {
  const { one, other, hints, clock } = two();
  one.tell('a/1', false);
  await turn();
  other.tell('a/1', false);
  one.tell('a/1', false);
  expect(hints.told).toHaveLength(1);
  clock.advance(10_000);
  other.tell('a/1', false);
  expect(hints.told).toHaveLength(2);
});

test('who changes its mind all the time is believed once a second that a peer is down, and that it is up', async () => {
  const { one, heard, clock } = two();
  for (let at = 0; at < 30; at++) {
    one.tell('a/1', at % 2 === 0);
    await turn();
    clock.advance(100);
  }
  expect(heard.filter((news) => news === 'a/1 down')).toHaveLength(3);
  expect(heard.filter((news) => news === 'a/1 up')).toHaveLength(3);
});

test('a clock that is set back silences nobody', async () => {
  const { one, heard, hints, clock } = two();
  const back = new VirtualClock(1000);
  one.tell('a/1', false);
  one.tell('a/1', true);
  one.tell('a/1', false);
  await turn();
  expect(heard).toEqual(['a/1 down', 'a/1 up']);
  clock.now = () => back.now();
  one.tell('a/1', false);
  await turn();
  expect(hints.told).toHaveLength(4);
  expect(heard).toEqual(['a/1 down', 'a/1 up', 'a/1 down']);
});

test('what cannot be read, or is of a later version, is nothing', () => {
  const { hints, heard } = two();
  for (const value of ['', '1', '1 down', '1 down ', '1 maybe a/1', '2 down a/1', '1 down a b', `1 down ${'a'.repeat(301)}`, '{}'])
    hints.tellAll('peer', value, 'one');
  hints.tellAll('located', '1 down a/1', 'one');
  expect(heard).toEqual([]);
});

test('of very many peers the latest are remembered', () => {
  const { one, hints } = two();
  for (let at = 0; at <= 10_000; at++) one.tell(`a/${at}`, false);
  hints.told.length = 0;
  one.tell('a/10000', false);
  expect(hints.told).toEqual([]);
  one.tell('a/0', false);
  expect(hints.told).toHaveLength(1);
});
