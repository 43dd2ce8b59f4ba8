import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { PeerNews } from '../../../src/gatekeeper/peers/peer-news.js';
import type { Organisation, SipPeer, SipTrunkZone } from '../../../src/gatekeeper/plan/plan.js';
import { Transforms } from '../../../src/gatekeeper/plan/transforms.js';
import { isSeenHere, PeerHealth, PeerPinger, type PingResult, pingResult } from '../../../src/gatekeeper/sip/peers.js';
import { Hints } from '../../support/hints.js';

const thresholds = { missesUntilDown: 2, answersUntilUp: 3 };

function health(...peers: string[]) {
  const changes: string[] = [];
  const state = new PeerHealth((peerId, up, cause) => changes.push(`${peerId} ${up ? 'up' : 'down'}: ${cause}`));
  state.update(peers.map((peerId) => [peerId, thresholds]));
  return { state, changes };
}

describe('PeerHealth', () => {
  it('counts a peer that nobody has heard of as up', () => {
    const { state } = health('a');
    expect(state.isUp('a')).toBe(true);
    expect(state.isUp('unknown')).toBe(true);
    state.missed('unknown');
    state.suspect('unknown');
    expect([...state]).toEqual([{ peerId: 'a', up: true }]);
  });

  it('takes misses in a row for down, and answers in a row for up', () => {
    const { state, changes } = health('a', 'b');
    state.missed('a');
    state.answered('a');
    state.missed('a');
    expect(state.isUp('a')).toBe(true);
    state.missed('a');
    expect(state.isUp('a')).toBe(false);
    expect(state.isUp('b')).toBe(true);
    state.answered('a');
    state.answered('a');
    state.missed('a');
    state.answered('a');
    state.answered('a');
    expect(state.isUp('a')).toBe(false);
    state.answered('a');
    expect(state.isUp('a')).toBe(true);
    expect(changes).toEqual(['a down: missed', 'a up: answered']);
  });

  it('takes a peer down at once when a call got no answer', () => {
    const { state, changes } = health('a');
    const told: string[] = [];
    const remove = state.onSuspicion((peerId) => told.push(peerId));
    state.suspect('a');
    state.suspect('a');
    expect(state.isUp('a')).toBe(false);
    state.lift('a');
    expect(state.isUp('a')).toBe(true);
    remove();
    state.suspect('a');
    expect(told).toEqual(['a']);
    expect(changes).toEqual(['a down: call-unanswered', 'a up: hold-over', 'a down: call-unanswered']);
  });

  it('keeps what it knows of peers that stay when the plan changes, and forgets the others', () => {
    const { state } = health('a', 'b');
    state.suspect('a');
    state.suspect('b');
    state.update([['a', thresholds]]);
    expect(state.isUp('a')).toBe(false);
    state.update([
      ['a', thresholds],
      ['b', thresholds],
    ]);
    expect(state.isUp('b')).toBe(true);
  });

  it('believes another instance until it is answered or misses itself', () => {
    const { state, changes } = health('a');
    state.doubt('a', 10_000, true);
    expect(state.isUp('a')).toBe(false);
    // One answer is enough, where it takes three for a peer that was silent here.
    state.heard('a', 10_100);
    state.answered('a');
    expect(state.isUp('a')).toBe(true);
    state.doubt('a', 15_100, true);
    state.missed('a');
    state.heard('a', 15_200);
    state.answered('a');
    expect(state.isUp('a')).toBe(false);
    expect(changes).toEqual(['a down: hinted', 'a up: hint-unfounded', 'a down: hinted']);
  });

  it('does not believe that a peer is silent which it heard itself a moment ago, or which nobody can stand in for', () => {
    const { state, changes } = health('a', 'b');
    state.heard('a', 10_000);
    state.doubt('a', 14_999, true);
    state.doubt('b', 14_999, false);
    expect([state.isUp('a'), state.isUp('b')]).toEqual([true, true]);
    // But it takes one miss less.
    state.missed('b');
    expect(state.isUp('b')).toBe(false);
    state.answered('a');
    state.heard('a', 15_000);
    state.missed('a');
    expect(state.isUp('a')).toBe(true);
    expect(changes).toEqual(['b down: missed']);
  });

  it('lets no hint bring a peer up, or back to life what was silent here', () => {
    const { state } = health('a');
    state.suspect('a');
    state.doubt('a', 10_000, true);
    state.heard('a', 10_001);
    expect(state.isUp('a')).toBe(false);
  });

  it('goes down only by misses or suspicion, up only by enough answers, and tells each change once', () => {
    const event = fc.constantFrom('answered', 'missed', 'suspect');
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { state, changes } = health('a');
        let up = true;
        let turns = 0;
        let row = 0;
        let last = '';
        for (const name of events) {
          row = name === last ? row + 1 : 1;
          last = name;
          state[name]('a');
          const now = state.isUp('a');
          if (up && !now) expect(name === 'suspect' || (name === 'missed' && row >= thresholds.missesUntilDown)).toBe(true);
          if (!up && now) expect(name === 'answered' && row >= thresholds.answersUntilUp).toBe(true);
          if (up !== now) {
            turns++;
            row = 0;
          }
          up = now;
        }
        expect(changes.length).toBe(turns);
      }),
    );
  });
});

describe('pingResult', () => {
  it.each([
    [200, 'answered'],
    [404, 'answered'],
    [500, 'answered'],
    [503, 'silent'],
    [undefined, 'silent'],
  ])('%s is %s', (status, result) => {
    expect(pingResult(status)).toBe(result);
  });
});

const organisation: Organisation = {
  id: 'vardbolaget',
  name: 'Vårdbolaget',
  contact: { role: 'operations', address: 'drift@vardbolaget.example' },
  licences: { registrations: 0, calls: 10 },
  zones: [],
  series: [],
  domains: [],
  transforms: Transforms.none,
};

function zone(intervalSeconds: number, ports: readonly number[]): SipTrunkZone {
  const peers = ports.map(
    (port): SipPeer => ({ id: `trunk/127.0.0.1:${port};udp`, host: '127.0.0.1', port, transport: 'udp', priority: 1, weight: 1 }),
  );
  return {
    kind: 'sip-trunk',
    id: 'trunk',
    organisation,
    encryption: 'required',
    signalling: 'any',
    sources: { addresses: [], certificateNames: [] },
    peers,
    ping: { intervalSeconds, missesUntilDown: 2, answersUntilUp: 1 },
  };
}

/** A pinger in virtual time. `silent`: ports that do not answer. Each ping is `[time, port]`. */
function pinger(options: { concurrency?: number; answer?: () => Promise<PingResult> } = {}) {
  const clock = new VirtualClock();
  const changes: string[] = [];
  const state = new PeerHealth((peerId, up, cause) => changes.push(`${clock.now()} ${peerId} ${up ? 'up' : 'down'}: ${cause}`));
  const silent = new Set<number>();
  const pings: [number, number][] = [];
  const ping = (peer: SipPeer): Promise<PingResult> => {
    pings.push([clock.now(), peer.port]);
    return options.answer ? options.answer() : Promise.resolve(silent.has(peer.port) ? 'silent' : 'answered');
  };
  const pinging = new PeerPinger({
    health: state,
    clock,
    random: () => 0.5,
    ping,
    ...(options.concurrency ? { concurrency: options.concurrency } : {}),
  });
  /** Moves time on in steps, letting results come in between. */
  const advance = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  };
  return { clock, state, changes, silent, pings, pinging, advance };
}

describe('PeerPinger', () => {
  it('pings every peer of a trunk soon after the start, then at its interval', async () => {
    const { pings, pinging, advance, clock } = pinger();
    pinging.update([zone(30, [5071, 5072])]);
    await advance(65_000);
    expect(pings).toEqual([
      [1000, 5071],
      [1000, 5072],
      [31_000, 5071],
      [31_000, 5072],
      [61_000, 5071],
      [61_000, 5072],
    ]);
    pinging.close();
    expect(clock.pending).toBe(0);
  });

  it('asks a silent peer again soon, then ever less often, and sees it come back', async () => {
    const { pings, pinging, advance, silent, state, changes } = pinger();
    pinging.update([zone(4, [5071])]);
    silent.add(5071);
    await advance(20_000);
    expect(state.isUp('trunk/127.0.0.1:5071;udp')).toBe(false);
    expect(pings.map(([at]) => at)).toEqual([1000, 2000, 4000, 8000, 12_000, 16_000, 20_000]);
    silent.clear();
    await advance(4000);
    expect(state.isUp('trunk/127.0.0.1:5071;udp')).toBe(true);
    expect(changes).toEqual(['2000 trunk/127.0.0.1:5071;udp down: missed', '24000 trunk/127.0.0.1:5071;udp up: answered']);
  });

  it('pings a suspected peer at once, so that it is not missed for long', async () => {
    const { pings, pinging, advance, state } = pinger();
    pinging.update([zone(60, [5071])]);
    await advance(10_000);
    state.suspect('trunk/127.0.0.1:5071;udp');
    await advance(1000);
    expect(pings.map(([at]) => at)).toEqual([1000, 10_500]);
    expect(state.isUp('trunk/127.0.0.1:5071;udp')).toBe(true);
  });

  it('never pings a zone that wants no pings, and lets a suspected peer be tried again after a while', async () => {
    const { pings, pinging, advance, state, clock } = pinger();
    pinging.update([zone(0, [5071])]);
    state.suspect('trunk/127.0.0.1:5071;udp');
    await advance(29_000);
    pinging.update([zone(0, [5071])]);
    expect(state.isUp('trunk/127.0.0.1:5071;udp')).toBe(false);
    await advance(30_000);
    expect(state.isUp('trunk/127.0.0.1:5071;udp')).toBe(true);
    expect(pings).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('takes a ping without a result, or one that throws, for a miss', async () => {
    const answers: (() => Promise<PingResult>)[] = [
      () => new Promise(() => undefined),
      () => Promise.reject(new Error('ECONNREFUSED')),
      () => {
        throw new Error('thrown');
      },
    ];
    for (const answer of answers) {
      const { pinging, advance, changes } = pinger({ answer });
      pinging.update([zone(60, [5071])]);
      await advance(10_000);
      expect(changes.length).toBe(1);
      pinging.close();
    }
  });

  it('has no more pings under way than it may', async () => {
    const results: ((result: PingResult) => void)[] = [];
    const { pings, pinging, advance } = pinger({ concurrency: 2, answer: () => new Promise((resolve) => results.push(resolve)) });
    pinging.update([zone(60, [1, 2, 3, 4, 5])]);
    await advance(1000);
    expect(pings.length).toBe(2);
    results[0]?.('answered');
    await advance(100);
    expect(pings.map(([, port]) => port)).toEqual([1, 2, 3]);
  });

  it('follows the plan: new peers are pinged, old ones no more, and late results of theirs are nothing', async () => {
    const results: ((result: PingResult) => void)[] = [];
    const { pings, pinging, advance, state } = pinger({ answer: () => new Promise((resolve) => results.push(resolve)) });
    pinging.update([zone(10, [5071])]);
    await advance(1000);
    pinging.update([zone(10, [5072])]);
    results[0]?.('silent');
    await advance(1000);
    expect(pings.map(([, port]) => port)).toEqual([5071, 5072]);
    expect([...state].map(({ peerId }) => peerId)).toEqual(['trunk/127.0.0.1:5072;udp']);
    pinging.close();
    results[1]?.('silent');
    await advance(60_000);
    expect(pings.length).toBe(2);
    expect(state.isUp('trunk/127.0.0.1:5072;udp')).toBe(true);
  });
});

describe('instances that share hints', () => {
  interface Instance {
    readonly health: PeerHealth;
    readonly pinger: PeerPinger;
    readonly silent: Set<number>;
    readonly pings: [number, number][];
    readonly changes: string[];
  }
  const id = (port: number) => `trunk/127.0.0.1:${port};udp`;

  function cluster(count: number, zones: readonly SipTrunkZone[], random: () => number = () => 0.5) {
    const clock = new VirtualClock(1_000_000);
    const hints = new Hints();
    const instances = Array.from({ length: count }, (_, at): Instance => {
      const news = new PeerNews(hints.join(`instance-${at}`), clock);
      const changes: string[] = [];
      const state = new PeerHealth((peerId, up, cause) => {
        changes.push(`${clock.now()} ${peerId} ${up ? 'up' : 'down'}: ${cause}`);
        if (isSeenHere(cause)) news.tell(peerId, up);
      });
      const silent = new Set<number>();
      const pings: [number, number][] = [];
      const ping = (peer: SipPeer): Promise<PingResult> => {
        pings.push([clock.now(), peer.port]);
        return silent.has(peer.port) ? new Promise(() => undefined) : Promise.resolve('answered');
      };
      const pinging = new PeerPinger({ health: state, clock, random, news, ping });
      pinging.update(zones);
      return { health: state, pinger: pinging, silent, pings, changes };
    });
    const [first, second] = instances;
    if (!first || !second) throw new Error('a cluster is of two at least');
    const advance = async (ms: number) => {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        for (let i = 0; i < 10; i++) await Promise.resolve();
      }
    };
    const close = () => {
      for (const { pinger: one } of instances) one.close();
      expect([clock.pending, hints.listeners]).toEqual([0, 0]);
    };
    return { clock, hints, instances, first, second, advance, close };
  }

  it('spare the first caller of each the wait for a peer that is gone', async () => {
    const { first, second, advance, close } = cluster(2, [zone(60, [5071, 5072])]);
    await advance(10_000);
    for (const { silent } of [first, second]) silent.add(5071);
    first.health.suspect(id(5071));
    await advance(100);
    expect([second.health.isUp(id(5071)), second.health.isUp(id(5072))]).toEqual([false, true]);
    await advance(3000);
    // Asked within half a second, and not up again, as it did not answer this one either.
    expect(second.pings.find(([at]) => at > 1_010_000)).toEqual([1_010_250, 5071]);
    expect(second.health.isUp(id(5071))).toBe(false);
    // It comes back, and whoever sees it first has the other look at once.
    for (const { silent } of [first, second]) silent.clear();
    await advance(20_000);
    expect([first.health.isUp(id(5071)), second.health.isUp(id(5071))]).toEqual([true, true]);
    close();
  });

  it('lose a peer for one ping at most when only the way from another is broken', async () => {
    const { first, second, hints, advance, close } = cluster(2, [zone(60, [5071, 5072])]);
    await advance(10_000);
    first.silent.add(5071);
    first.health.suspect(id(5071));
    await advance(1000);
    expect(second.changes).toEqual([`1010000 ${id(5071)} down: hinted`, `1010300 ${id(5071)} up: hint-unfounded`]);
    await advance(120_000);
    expect([first.health.isUp(id(5071)), second.health.isUp(id(5071))]).toEqual([false, true]);
    // What the second saw says nothing to the first, which has to see for itself.
    expect(hints.told).toHaveLength(1);
    close();
  });

  it('go on calling the last peer of a zone, whatever they hear', async () => {
    const { first, second, advance, close } = cluster(2, [zone(60, [5071])]);
    await advance(10_000);
    first.health.suspect(id(5071));
    await advance(3000);
    expect(second.changes).toEqual([]);
    second.silent.add(5071);
    first.health.suspect(id(5071));
    await advance(100);
    expect(second.health.isUp(id(5071))).toBe(true);
    await advance(3000);
    expect(second.health.isUp(id(5071))).toBe(false);
    close();
  });

  it('look at once whether a peer is back that another hears again', async () => {
    const { first, second, advance, close } = cluster(2, [zone(300, [5071, 5072])]);
    await advance(3000);
    for (const { silent } of [first, second]) silent.add(5071);
    first.health.suspect(id(5071));
    second.health.suspect(id(5071));
    await advance(200_000);
    for (const { silent } of [first, second]) silent.clear();
    const asked = second.pings.length;
    first.health.answered(id(5071));
    expect(second.health.isUp(id(5071))).toBe(false);
    await advance(500);
    expect(second.pings.length).toBe(asked + 1);
    expect(second.health.isUp(id(5071))).toBe(true);
    close();
  });

  it('ask a peer soon, however often others say that it is up', async () => {
    const { second, hints, advance, close } = cluster(2, [zone(300, [5071, 5072])]);
    await advance(3000);
    second.silent.add(5071);
    second.health.suspect(id(5071));
    await advance(100_000);
    second.silent.clear();
    for (let at = 0; at < 10; at++) {
      hints.tellAll('peer', `1 up ${id(5071)}`, 'instance-0');
      await advance(100);
    }
    expect(second.health.isUp(id(5071))).toBe(true);
    close();
  });

  it('ask a zone that wants no pings nothing, and unknown peers neither', async () => {
    const { first, second, hints, advance, close } = cluster(2, [zone(0, [5071, 5072])]);
    first.health.suspect(id(5071));
    hints.tellAll('peer', `1 down ${id(9999)}`, 'instance-0');
    await advance(10_000);
    expect([second.changes, second.pings]).toEqual([[], []]);
    close();
  });

  it('make no storm when all peers go away for one: each is asked once by each of the others', async () => {
    const ports = Array.from({ length: 100 }, (_, at) => 10_000 + at);
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed / 2 ** 32;
    };
    const { instances, first, hints, advance, close } = cluster(8, [zone(300, ports)], random);
    await advance(10_000);
    const before = instances.map(({ pings }) => pings.length);
    for (const port of ports) first.silent.add(port);
    for (const port of ports) first.health.suspect(id(port));
    await advance(10_000);
    for (const [at, { pings, health: state }] of instances.entries()) {
      if (at === 0) continue;
      expect(pings.length - (before[at] ?? 0)).toBeLessThanOrEqual(100);
      expect(ports.every((port) => state.isUp(id(port)))).toBe(true);
    }
    expect(hints.told).toHaveLength(100);
    for (const { silent } of instances) silent.clear();
    await advance(2000);
    close();
  });
});
