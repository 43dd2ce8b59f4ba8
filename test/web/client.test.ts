import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type News, protocolName, requestSchema } from '../../src/bridge/browser/protocol.js';
import { MeetingConnection, problemOf, webSocketUrl } from '../../src/web/app/connection.js';
import { type ClientEvents, ConnectionError, ProtocolClient, ServiceError } from '../../src/web/connection/client.js';
import { PROTOCOL } from '../../src/web/connection/protocol-name.js';
import { ATTEMPTS_MAX } from '../../src/web/model/backoff.js';
import type { Problem } from '../../src/web/model/state.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Sent {
  readonly id: number;
  readonly do: string;
}

function client() {
  const sent: Sent[] = [];
  const news: News[] = [];
  let closed = 0;
  const made = new ProtocolClient(
    { send: (text) => sent.push(JSON.parse(text) as Sent), close: () => undefined },
    { news: (each) => news.push(each), closed: () => (closed += 1) },
  );
  const reply = (body: object, to = sent.at(-1)) => made.receive(JSON.stringify({ id: to?.id, ...body }));
  return { made, sent, news, reply, closed: () => closed };
}

describe('the protocol client', () => {
  it('speaks the protocol of its service', async () => {
    expect(PROTOCOL).toBe(protocolName);
    const { made, sent } = client();
    const asked = made.ask('mute', { participant: 'a', source: 'microphone' });
    expect(requestSchema.safeParse(sent[0]).success).toBe(true);
    made.closed();
    await expect(asked).rejects.toThrow(ConnectionError);
  });

  it('gives each answer to whom it belongs, in any order', async () => {
    const { made, sent, reply } = client();
    const [first, second] = [
      made.ask('produce', { transport: 't', source: 'camera', rtpParameters: {} }),
      made.ask('restartIce', { transport: 't' }),
    ];
    reply({ ok: true, iceParameters: { usernameFragment: 'u' } }, sent[1]);
    reply({ ok: true, stream: 'a/camera' }, sent[0]);
    expect((await first).stream).toBe('a/camera');
    expect((await second).iceParameters).toEqual({ usernameFragment: 'u' });
  });

  it('tells a refusal with all that it says', async () => {
    const { made, reply } = client();
    const asked = made.ask('lock', { locked: true });
    reply({ ok: false, error: 'notHost', message: 'Only a host may do this', retryMs: 5 });
    await expect(asked).rejects.toEqual(new ServiceError('notHost', 'Only a host may do this', 5, undefined));
    await expect(asked).rejects.toMatchObject({ code: 'notHost', retryMs: 5 });
  });

  it('keeps eight under way and the others waiting, and all are answered', async () => {
    const { made, sent, reply } = client();
    const asked = Array.from({ length: 30 }, () => made.ask('quality', { freezes: 0 }));
    expect(sent).toHaveLength(8);
    for (let index = 0; index < 30; index += 1) reply({ ok: true }, sent[index]);
    await Promise.all(asked);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(30);
  });

  it('has no endless queue', async () => {
    const { made } = client();
    const asked = Array.from({ length: 521 }, () => made.ask('quality', { freezes: 0 }));
    await expect(asked.at(-1)).rejects.toThrow('too much is waiting');
    made.closed();
    expect((await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected')).toHaveLength(521);
  });

  it('sends a hundred at once and then thirty a second, however fast the service answers', async () => {
    const { made, sent, reply } = client();
    const asked = Array.from({ length: 300 }, () => made.ask('quality', { freezes: 0 }));
    let answered = 0;
    const answerAll = () => {
      for (; answered < sent.length; answered += 1) reply({ ok: true }, sent[answered]);
    };
    answerAll();
    expect(sent).toHaveLength(100);
    const perSecond: number[] = [];
    for (let second = 0; second < 3; second += 1) {
      const before = sent.length;
      for (let tick = 0; tick < 100; tick += 1) {
        await vi.advanceTimersByTimeAsync(10);
        answerAll();
      }
      perSecond.push(sent.length - before);
    }
    for (const count of perSecond) expect([count, count > 20 && count <= 31]).toEqual([count, true]);
    made.closed();
    expect((await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected').length).toBe(300 - answered);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not let a button wait behind the streams of a large meeting', async () => {
    const { made, sent, reply } = client();
    const streams = Array.from({ length: 20 }, (_, index) =>
      made.ask('consume', { transport: 't', stream: `s${index}`, rtpCapabilities: {} }),
    );
    const pressed = [made.ask('pauseStream', { source: 'microphone', paused: true }), made.ask('lock', { locked: true })];
    for (const each of [...sent]) reply({ ok: true }, each);
    expect(sent.slice(8, 10).map((each) => each.do)).toEqual(['pauseStream', 'lock']);
    made.closed();
    expect((await Promise.allSettled([...streams, ...pressed])).filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
  });

  it('hands news on and drops what is not of the protocol', () => {
    const { made, news } = client();
    for (const text of ['', '[', 'null', '7', '{"id":1}', '{"id":99,"ok":true}', '{"news":5}', '{"news":"admitted"}']) made.receive(text);
    expect(news).toEqual([{ news: 'admitted' }]);
  });

  it('gives up a service that does not answer', async () => {
    const { made, closed } = client();
    const asked = expect(made.ask('leave', {})).rejects.toThrow(ConnectionError);
    await vi.advanceTimersByTimeAsync(15_000);
    await asked;
    expect(closed()).toBe(1);
    await expect(made.ask('leave', {})).rejects.toThrow(ConnectionError);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** A service for connections: what it answers to each join, in order. The last goes on for ever. */
function connection(answers: (object | 'away')[]) {
  const joins: { url: string; body: Record<string, unknown> }[] = [];
  const waits: number[] = [];
  const tried: string[] = [];
  const told: (string | Problem)[] = [];
  let current: ProtocolClient | undefined;
  let silent = false;
  let over: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    over = resolve;
  });
  const made = new MeetingConnection(
    { meeting: '900100', name: 'Anna', key: undefined, pin: '1234' },
    {
      url: 'wss://one.example/ws',
      language: () => 'sv',
      wait: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      random: () => 1,
      news: () => undefined,
      lost: (attempt) => told.push(`lost ${attempt}`),
      rejoined: ({ participant }) => {
        told.push(`rejoined as ${participant}`);
        over();
      },
      gaveUp: (problem) => {
        told.push(problem);
        over();
      },
      connect: (url: string, events: ClientEvents) => {
        tried.push(url);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer === 'away') return Promise.reject(new ConnectionError('away'));
        const client = new ProtocolClient(
          {
            send: (text) => {
              const { id, ...body } = JSON.parse(text) as { id: number };
              joins.push({ url, body });
              if (silent) return;
              queueMicrotask(() => client.receive(JSON.stringify({ id, ...answer })));
            },
            close: () => undefined,
          },
          events,
        );
        current = client;
        return Promise.resolve(client);
      },
    },
  );
  const goSilent = () => {
    silent = true;
  };
  return { made, joins, waits, tried, told, settled, goSilent, break: () => current?.closed() };
}

const seat = (participant: string) => ({
  ok: true,
  participant,
  where: 'in',
  role: 'guest',
  title: '',
  resume: `r-${participant}`,
  nodes: [] as string[],
});

describe('the connection of a seat', () => {
  it('joins with what the person gave', async () => {
    const { made, joins } = connection([seat('p1')]);
    expect((await made.join()).participant).toBe('p1');
    expect(joins[0]?.body).toEqual({ do: 'join', meeting: '900100', name: 'Anna', pin: '1234', language: 'sv' });
  });

  it('comes back with growing delays, as the one it was', async () => {
    const { made, joins, waits, told, settled, break: broken } = connection([seat('p1'), 'away', 'away', seat('p1')]);
    await made.join();
    broken();
    await settled;
    expect(told).toEqual(['lost 1', 'lost 2', 'lost 3', 'rejoined as p1']);
    expect(waits).toEqual([500, 1000, 2000]);
    expect(joins.at(-1)?.body.resume).toBe('r-p1');
  });

  it('waits for as long as the service wants to be left alone', async () => {
    const {
      made,
      waits,
      settled,
      break: broken,
    } = connection([
      seat('p1'),
      { ok: false, error: 'tooMany', message: '', retryMs: 7000 },
      { ok: false, error: 'licencesExhausted', message: '', retryMs: 3_600_000 },
      seat('p1'),
    ]);
    await made.join();
    broken();
    await settled;
    expect(waits).toEqual([500, 7000, 30_000]);
    made.close();
  });

  it('notices in the lobby, too, that nobody answers any more', async () => {
    const { made, joins, told, goSilent } = connection([{ ...seat('p1'), where: 'lobby' }]);
    await made.join();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(joins.map(({ body }) => body.do)).toEqual(['join', 'quality']);
    goSilent();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(told[0]).toBe('lost 1');
    made.close();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks nothing of its own while the page asks', async () => {
    const { made, joins } = connection([seat('p1')]);
    await made.join();
    for (let second = 0; second < 30; second += 5) {
      await vi.advanceTimersByTimeAsync(5_000);
      await made.ask('lock', { locked: true });
    }
    expect(joins.filter(({ body }) => body.do === 'quality')).toEqual([]);
    made.close();
  });

  it('gives up at a refusal that another try does not mend', async () => {
    const {
      made,
      told,
      settled,
      break: broken,
    } = connection([seat('p1'), { ok: false, error: 'tooMany', message: '' }, { ok: false, error: 'meetingLocked', message: '' }]);
    await made.join();
    broken();
    await settled;
    expect(told.at(-1)).toEqual({ code: 'meetingLocked', retryMs: undefined });
    expect(told).toHaveLength(3);
  });

  it('tries the other nodes in turn, when the one it was at does not answer', async () => {
    const first = { ...seat('p1'), nodes: ['https://two.example', 'https://one.example'] };
    const { made, joins, tried, settled, break: broken } = connection([first, 'away', seat('p2')]);
    await made.join();
    broken();
    await settled;
    expect(tried).toEqual(['wss://one.example/ws', 'wss://one.example/ws', 'wss://two.example/ws']);
    expect(joins.at(-1)?.body).toMatchObject({ meeting: '900100', name: 'Anna', pin: '1234' });
  });

  it('gives up when its seat is gone for good, and says why', async () => {
    const { made, told, settled, break: broken } = connection([seat('p1'), { ok: false, error: 'out', message: '', reason: 'expelled' }]);
    await made.join();
    broken();
    await settled;
    expect(told).toEqual(['lost 1', { code: 'out', retryMs: undefined, reason: 'expelled' }]);
  });

  it('gives up in the end when nobody answers', async () => {
    const { made, waits, told, settled, break: broken } = connection([seat('p1'), 'away']);
    await made.join();
    broken();
    await settled;
    expect(waits).toHaveLength(ATTEMPTS_MAX);
    expect(told.at(-1)).toEqual({ code: 'connection' });
  });

  it('does not come back once it was left', async () => {
    const { made, told, break: broken } = connection([seat('p1')]);
    await made.join();
    made.leave();
    broken();
    expect(told).toEqual([]);
    await expect(made.ask('muteAll', {})).rejects.toThrow(ConnectionError);
  });

  it('follows the meeting to the node that holds it, and does not go in circles', async () => {
    const elsewhere = (url: string) => ({ ok: false, error: 'elsewhere', message: '', url });
    const { made, joins } = connection([elsewhere('https://two.example/m/900100'), seat('p1')]);
    await made.join();
    expect(joins.map(({ url }) => url)).toEqual(['wss://one.example/ws', 'wss://two.example/ws']);
    const circle = connection([elsewhere('wss://two.example/ws')]);
    await expect(circle.made.join()).rejects.toMatchObject({ code: 'elsewhere' });
    expect(circle.joins).toHaveLength(4);
  });
});

describe('what the service names', () => {
  it.each([
    ['https://b.example', 'wss://b.example/ws'],
    ['http://b.example:8080/m/1#k=secret', 'ws://b.example:8080/ws'],
    ['wss://b.example/other', 'wss://b.example/other'],
    ['/ws?node=b', 'wss://a.example/ws?node=b'],
  ])('%s', (named, url) => expect(webSocketUrl(named, 'wss://a.example/ws')).toBe(url));

  it('is a problem that the dictionary knows', () => {
    expect(problemOf(new ServiceError('pinWrong', '', undefined, undefined))).toEqual({ code: 'pinWrong', retryMs: undefined });
    expect(problemOf(new ConnectionError(''))).toEqual({ code: 'connection' });
    expect(problemOf(new TypeError())).toEqual({ code: 'internal' });
  });
});
