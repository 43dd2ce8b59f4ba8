import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { slidesOf } from '../../../src/bridge/video/picture-source.js';
import { createSpeakerSwitch } from '../../../src/bridge/video/speaker-switch.js';
import type { PictureLayer, SpeakerSwitch, SwitchAction } from '../../../src/bridge/video/switch-api.js';
import { Camera, pps, type Seen, seen, slice, sps } from './packets.js';

const ntpAheadMs = 1_700_000_000_000;

/** A switch, and all that it did. */
class Room {
  readonly switch: SpeakerSwitch = createSpeakerSwitch({ ntpAheadMs, random: () => 0 });
  readonly cameras = new Map<string, Camera>();
  readonly tapped = new Set<string>();
  readonly sent: Record<PictureLayer, Seen[]> = { speaker: [], previous: [] };
  readonly log: SwitchAction[] = [];
  now = 0;

  do(actions: readonly SwitchAction[]): SwitchAction[] {
    for (const action of actions) {
      this.log.push(action);
      if (action.do === 'tap') this.tapped.add(action.participant);
      else if (action.do === 'untap') this.tapped.delete(action.participant);
      else if (action.do === 'send') this.sent[action.layer].push(seen(action.packet));
    }
    return [...actions];
  }

  add(who: string): SwitchAction[] {
    this.cameras.set(who, new Camera(1000 * (this.cameras.size + 1), 1_000_000 * this.cameras.size));
    return this.do(this.switch.add(who, this.now));
  }

  addSlides(who: string): SwitchAction[] {
    this.cameras.set(slidesOf(who), new Camera());
    return this.do(this.switch.addSlides(who, this.now));
  }

  remove(who: string): SwitchAction[] {
    return this.do(this.switch.remove(who, this.now));
  }

  receive(who: string, packets: readonly Buffer[]): SwitchAction[] {
    return packets.flatMap((packet) => this.do(this.switch.receive(who, packet, this.now)));
  }

  camera(who: string): Camera {
    const camera = this.cameras.get(who);
    if (!camera) throw new Error(`no camera of ${who}`);
    return camera;
  }

  keyFrame(who: string): SwitchAction[] {
    return this.receive(who, this.camera(who).keyFrame());
  }

  picture(who: string): SwitchAction[] {
    return this.receive(who, this.camera(who).picture());
  }

  tick(): SwitchAction[] {
    return this.do(this.switch.tick(this.now, this.now + ntpAheadMs));
  }

  /** Time passes with ticks; those in `moving` send a picture each. */
  pass(ms: number, moving: readonly string[] = []): SwitchAction[] {
    const out: SwitchAction[] = [];
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 100;
      for (const who of moving) out.push(...this.picture(who));
      out.push(...this.tick());
    }
    return out;
  }

  /** `who` speaks until it is the chosen one; the others are silent. */
  speak(who: string, moving: readonly string[] = []): SwitchAction[] {
    const out: SwitchAction[] = [];
    for (let index = 0; index < 12; index++) {
      this.now += 50;
      for (const one of moving) out.push(...this.picture(one));
      out.push(...this.do(this.switch.hear(new Map([[who, 100]]), this.now)));
    }
    return out;
  }

  /** Speaks, and gives its key frame. */
  show(who: string): SwitchAction[] {
    return [...this.speak(who), ...this.keyFrame(who)];
  }
}

const asks = (actions: readonly SwitchAction[]): string[] =>
  actions.flatMap((one) => (one.do === 'requestKeyFrame' ? [one.participant] : []));
const sends = (actions: readonly SwitchAction[], layer: PictureLayer): number =>
  actions.filter((one) => one.do === 'send' && one.layer === layer).length;

let room: Room;
beforeEach(() => {
  room = new Room();
});

describe('the first picture', () => {
  it('is tapped and asked for at once, though nobody speaks, and shown with its key frame', () => {
    expect(room.add('a')).toEqual([
      { do: 'tap', participant: 'a' },
      { do: 'requestKeyFrame', participant: 'a' },
    ]);
    expect(room.picture('a')).toEqual([]);
    const shown = room.keyFrame('a');
    expect(shown.map((one) => one.do)).toEqual(['shown', 'send', 'report', 'send', 'send']);
    expect(shown[0]).toEqual({ do: 'shown', speaker: 'a', previous: undefined });
    expect(shown[2]).toEqual({
      do: 'report',
      layer: 'speaker',
      ntpMs: ntpAheadMs,
      timestamp: expect.any(Number),
      packets: 1,
      octets: sps.length,
    });
    expect(room.switch.speaker).toBe('a');
  });

  it('stays when others come', () => {
    room.add('a');
    room.keyFrame('a');
    expect(room.add('b')).toEqual([]);
    expect(room.switch.speaker).toBe('a');
    expect([...room.tapped]).toEqual(['a']);
  });
});

describe('a new speaker', () => {
  beforeEach(() => {
    for (const who of ['a', 'b', 'c']) room.add(who);
    room.show('a');
  });

  it('is shown from his key frame on, and the old one until then, in one stream', () => {
    const before = room.speak('b', ['a']);
    expect(before).toContainEqual({ do: 'tap', participant: 'b' });
    expect(asks(before)).toEqual(['b']);
    room.picture('b');
    room.picture('a');
    expect(room.switch.speaker).toBe('a');
    const old = room.sent.speaker.length;
    const shown = room.keyFrame('b');
    expect(shown[0]).toEqual({ do: 'shown', speaker: 'b', previous: undefined });
    expect(room.sent.speaker[old]?.payload).toEqual(Buffer.from(sps));
    expect(room.picture('a')).toEqual([]);
    expect(room.tick()).toContainEqual({ do: 'untap', participant: 'a' });
    expect(sends(room.picture('b'), 'speaker')).toBe(1);
    room.sent.speaker.forEach((packet, index) => {
      expect(packet.sequence).toBe(index);
    });
  });

  it('is asked again after 300 ms, five times in all, and then not gone over to for a while', () => {
    const asked = asks([...room.speak('b', ['a']), ...room.pass(2_500, ['a'])]);
    expect(asked).toEqual(['b', 'b', 'b', 'b', 'b']);
    expect(room.switch.speaker).toBe('a');
    expect([...room.tapped]).toEqual(['a']);
    expect(room.switch.stats.givenUp).toBe(1);
    expect(asks(room.pass(1_500, ['a']))).toContain('b');
    room.keyFrame('b');
    expect(room.switch.speaker).toBe('b');
  });

  it('is tried again more and more seldom while he gives no key frame', () => {
    room.speak('b', ['a']);
    const tries: number[] = [];
    for (let second = 0; second < 120; second++) if (asks(room.pass(1_000, ['a'])).includes('b')) tries.push(second);
    // Five requests take two seconds; then come pauses of 2, 4, 8, 16, 32 and 32 s.
    expect(tries.length).toBeLessThan(30);
    expect(room.switch.stats.givenUp).toBeGreaterThan(5);
    expect(room.switch.stats.givenUp).toBeLessThan(9);
  });

  it('gets the parameter sets put before his key frame when he sent them only once', () => {
    room.speak('b');
    room.receive('b', room.camera('b').parameterSets());
    // It counts as a beginning. The next speaker's do not, as they come before he is tapped.
    expect(room.switch.speaker).toBe('b');
    room.picture('b');
    const at = room.sent.speaker.length;
    room.receive('b', room.camera('b').bareKeyFrame());
    expect(room.sent.speaker.slice(at).map(({ payload }) => payload[0])).toEqual([sps[0], pps[0], 0x65]);
    expect(new Set(room.sent.speaker.slice(at).map(({ timestamp }) => timestamp)).size).toBe(1);
  });

  it('is not gone over to on an IDR picture whose parameter sets nobody knows', () => {
    room.speak('b');
    room.receive('b', room.camera('b').bareKeyFrame());
    expect(room.switch.speaker).toBe('a');
  });

  it('leaves: the one before him comes back', () => {
    room.show('b');
    room.show('c');
    const away = room.remove('c');
    expect(away).toContainEqual({ do: 'untap', participant: 'c' });
    expect(asks(away)).toEqual(['b']);
    room.keyFrame('b');
    expect(room.switch.speaker).toBe('b');
  });

  it('falls silent on the wire: the one before him comes back after a second, and he again when he answers', () => {
    room.show('b');
    expect(asks(room.pass(900))).toEqual([]);
    expect(asks(room.pass(200))).toEqual(['a']);
    room.keyFrame('a');
    expect(room.switch.speaker).toBe('a');
    expect(asks(room.pass(2_000, ['a']))).toContain('b');
    room.keyFrame('b');
    expect(room.switch.speaker).toBe('b');
  });

  it('takes another turn while the key frame of the first is waited for: it is dropped', () => {
    room.speak('b');
    room.speak('c');
    expect(room.keyFrame('b')).toEqual([]);
    room.tick();
    expect([...room.tapped].sort()).toEqual(['a', 'c']);
    room.keyFrame('c');
    expect(room.switch.speaker).toBe('c');
  });

  it('begins his numbering anew: he is shown again from his next key frame on', () => {
    room.camera('a').sequence += 20_000;
    const lost = room.picture('a');
    expect(asks(lost)).toEqual(['a']);
    expect(room.picture('a')).toEqual([]);
    room.keyFrame('a');
    room.sent.speaker.forEach((packet, index) => {
      expect(packet.sequence).toBe(index);
    });
  });
});

describe('a picture that is opened again', () => {
  it('keeps its owner the speaker', () => {
    room.add('a');
    room.add('b');
    room.show('b');
    expect(asks(room.add('b'))).toEqual(['b']);
    room.keyFrame('b');
    expect(room.switch.speaker).toBe('b');
  });
});

describe('the last picture', () => {
  it('that goes leaves nobody', () => {
    room.add('a');
    room.keyFrame('a');
    expect(room.remove('a')).toEqual([
      { do: 'untap', participant: 'a' },
      { do: 'shown', speaker: undefined, previous: undefined },
    ]);
    expect(room.switch.speaker).toBeUndefined();
    expect(room.remove('a')).toEqual([]);
  });

  it('that freezes stays, and goes on when it moves again', () => {
    room.add('a');
    room.keyFrame('a');
    expect(asks(room.pass(10_000))).toEqual([]);
    expect(room.switch.speaker).toBe('a');
    expect(sends(room.picture('a'), 'speaker')).toBe(1);
  });
});

describe('what the speaker himself sees', () => {
  beforeEach(() => {
    for (const who of ['a', 'b', 'c']) room.add(who);
    room.show('a');
    room.show('b');
    room.tick();
  });

  it('is not sent unless it is wanted, and then is the speaker before him', () => {
    expect(room.tapped).toEqual(new Set(['b']));
    expect(room.do(room.switch.setPreviousWanted(true, room.now))).toEqual([
      { do: 'tap', participant: 'a' },
      { do: 'requestKeyFrame', participant: 'a' },
    ]);
    expect(room.keyFrame('a')[0]).toEqual({ do: 'shown', speaker: 'b', previous: 'a' });
    expect(room.sent.previous).toHaveLength(3);
    room.do(room.switch.setPreviousWanted(false, room.now));
    expect(sends(room.picture('a'), 'previous')).toBe(0);
    expect(room.tick()).toContainEqual({ do: 'untap', participant: 'a' });
  });

  it('changes when the speaker does, at that moment and not before', () => {
    room.do(room.switch.setPreviousWanted(true, room.now));
    room.keyFrame('a');
    const waiting = room.speak('c', ['a', 'b']);
    expect(asks(waiting)).toEqual(['c']);
    expect(sends(waiting, 'previous')).toBeGreaterThan(0);
    const over = room.keyFrame('c');
    expect(over[0]).toEqual({ do: 'shown', speaker: 'c', previous: 'a' });
    expect(asks(over)).toEqual(['b']);
    expect(room.keyFrame('b')[0]).toEqual({ do: 'shown', speaker: 'c', previous: 'b' });
    room.tick();
    expect(room.tapped).toEqual(new Set(['b', 'c']));
  });

  it('is nothing, and not himself, when two take turns, until the other one gives a key frame', () => {
    room.do(room.switch.setPreviousWanted(true, room.now));
    room.keyFrame('a');
    room.speak('a', ['a', 'b']);
    const over = room.keyFrame('a');
    expect(over[0]).toEqual({ do: 'shown', speaker: 'a', previous: undefined });
    expect(asks(over)).toEqual(['b']);
    expect(sends([...over, ...room.picture('a')], 'previous')).toBe(0);
    expect(room.keyFrame('b')[0]).toEqual({ do: 'shown', speaker: 'a', previous: 'b' });
  });

  it('can be wanted from within what makes it wanted, and still flows', () => {
    room.speak('c', ['b']);
    const over = room.switch.receive('c', room.camera('c').keyFrame()[0] ?? Buffer.alloc(0), room.now);
    for (const action of over) {
      room.do([action]);
      if (action.do === 'shown') expect(asks(room.do(room.switch.setPreviousWanted(true, room.now)))).toEqual(['b']);
    }
    room.tick();
    expect(room.tapped).toEqual(new Set(['b', 'c']));
    expect(sends(room.keyFrame('b'), 'previous')).toBe(3);
  });

  it('is never his own picture', () => {
    room.do(room.switch.setPreviousWanted(true, room.now));
    room.keyFrame('a');
    room.remove('a');
    room.remove('c');
    room.tick();
    expect(room.tapped).toEqual(new Set(['b']));
    expect(sends(room.picture('b'), 'previous')).toBe(0);
  });
});

describe('slides', () => {
  beforeEach(() => {
    for (const who of ['a', 'b']) room.add(who);
    room.show('a');
  });

  it('are shown instead of the speaker as long as they are there', () => {
    expect(asks(room.addSlides('b'))).toEqual(['b/slides']);
    expect(room.keyFrame('b/slides')[0]).toEqual({ do: 'shown', speaker: 'b', previous: undefined });
    expect(asks(room.speak('b'))).toEqual([]);
    expect(asks(room.remove('b/slides'))).toEqual(['b']);
    room.keyFrame('b');
    expect(room.switch.speaker).toBe('b');
  });

  it('let who shows them see the speaker, even one who speaks himself', () => {
    room.addSlides('b');
    room.keyFrame('b/slides');
    room.speak('b');
    room.do(room.switch.setPreviousWanted(true, room.now));
    expect(room.keyFrame('a')[0]).toEqual({ do: 'shown', speaker: 'b', previous: 'a' });
  });

  it('are the newest of several', () => {
    room.addSlides('a');
    room.keyFrame('a/slides');
    expect(asks(room.addSlides('b'))).toEqual(['b/slides']);
    room.keyFrame('b/slides');
    expect(asks(room.remove('b/slides'))).toEqual(['a/slides']);
  });

  it('that do not change are asked for a key frame before they are taken for frozen', () => {
    room.addSlides('b');
    room.keyFrame('b/slides');
    expect(asks(room.pass(2_600))).toEqual(['b/slides']);
    room.keyFrame('b/slides');
    expect(asks(room.pass(2_400))).toEqual([]);
    expect(asks(room.pass(3_000))).toContain('a');
  });
});

describe('key frames asked for by those who watch', () => {
  beforeEach(() => {
    for (const who of ['a', 'b']) room.add(who);
    room.show('a');
    room.pass(1_000, ['a']);
  });
  const want = (layer: PictureLayer = 'speaker'): SwitchAction[] => room.do(room.switch.keyFrameWanted(layer, room.now));

  it('are passed on, the first at once, the others at a bounded pace', () => {
    expect(asks(want())).toEqual(['a']);
    expect(asks([...want(), ...want(), ...room.pass(400, ['a'])])).toEqual([]);
    expect(asks(room.pass(100, ['a']))).toEqual(['a']);
    expect(want('previous')).toEqual([]);
  });

  it('are answered by the new speaker when a switch is under way, and by the old one when it is given up', () => {
    room.speak('b', ['a']);
    expect(want()).toEqual([]);
    expect(asks(room.pass(2_500, ['a']))).toContain('a');
  });
});

describe('sender reports', () => {
  it('come with the first packet and every second after, and fit the packets', () => {
    room.add('a');
    room.keyFrame('a');
    const reports = room.pass(2_000, ['a']).filter((one) => one.do === 'report');
    expect(reports.map(({ ntpMs }) => ntpMs - ntpAheadMs)).toEqual([1_000, 2_000]);
    const [first, second] = reports;
    expect((second?.timestamp ?? 0) - (first?.timestamp ?? 0)).toBeCloseTo(10 * 3_000, -2);
    expect(second?.packets).toBe(room.sent.speaker.length);
  });
});

describe('whatever happens', () => {
  type Event = { readonly what: number; readonly who: number; readonly ms: number };
  const events = fc.array(fc.record<Event>({ what: fc.nat(11), who: fc.nat(3), ms: fc.nat(400) }), { maxLength: 250 });

  it('each layer is one stream without gaps, begins with an SPS at each change, and taps are told in turns', () => {
    fc.assert(
      fc.property(events, (list) => {
        const room = new Room();
        for (const { what, who: index, ms } of list) {
          const who = 'abcd'.charAt(index);
          room.now += ms;
          const camera = room.cameras.get(who);
          const actions = ((): SwitchAction[] => {
            if (what === 0) return room.add(who);
            if (what === 1) return room.addSlides(who);
            if (what === 2) return room.remove(who);
            if (what === 3) return room.remove(slidesOf(who));
            if (what === 4) return room.do(room.switch.setPreviousWanted(index % 2 === 0, room.now));
            if (what === 5) return room.tick();
            if (what === 6) return room.do(room.switch.keyFrameWanted(index % 2 ? 'speaker' : 'previous', room.now));
            if (what === 7) return room.speak(who);
            if (what === 8 && room.cameras.has(slidesOf(who))) return room.keyFrame(slidesOf(who));
            if (what === 9 && camera) return room.receive(who, camera.bareKeyFrame());
            if (what === 10 && camera) return room.keyFrame(who);
            return camera ? room.picture(who) : [];
          })();
          actions.forEach((action, at) => {
            if (action.do !== 'shown' || action.speaker === undefined) return;
            expect(action.previous).not.toBe(action.speaker);
            const next = actions[at + 1];
            expect(next?.do === 'send' && next.packet[12]).toBe(sps[0]);
          });
        }
        for (const layer of ['speaker', 'previous'] as const) {
          room.sent[layer].reduce<Seen | undefined>((before, packet) => {
            if (before) {
              expect(packet.sequence).toBe((before.sequence + 1) & 0xffff);
              expect((packet.timestamp - before.timestamp) | 0).toBeGreaterThanOrEqual(0);
            }
            return packet;
          }, undefined);
        }
        const state = new Map<string, string>();
        for (const action of room.log) {
          if (action.do !== 'tap' && action.do !== 'untap') continue;
          expect(state.get(action.participant) ?? 'untap').not.toBe(action.do);
          state.set(action.participant, action.do);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('garbage is counted and changes nothing', () => {
    room.add('a');
    room.keyFrame('a');
    const sent = room.sent.speaker.length;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 11 }), (bytes) => {
        expect(room.receive('a', [Buffer.from(bytes)])).toEqual([]);
      }),
    );
    expect(room.switch.receive('nobody', Buffer.from(slice), 0)).toEqual([]);
    expect(room.sent.speaker).toHaveLength(sent);
    expect(room.switch.stats.bad).toBeGreaterThan(50);
  });
});
