import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceError } from '../../src/web/connection/client.js';
import { cameraEncodings, codecFor, slidesEncodings } from '../../src/web/media/encodings.js';
import { Settler } from '../../src/web/media/settler.js';
import { sampleOf } from '../../src/web/media/statistics.js';
import { ATTEMPTS_MAX, delayBefore } from '../../src/web/model/backoff.js';
import { fitGrid } from '../../src/web/model/grid.js';
import { readLink, readTyped } from '../../src/web/model/link.js';
import { judge } from '../../src/web/model/quality.js';
import { hueOf, initials } from '../../src/web/ui/initials.js';

describe('a meeting link', () => {
  it.each([
    ['/m/900100', '#k=abc', { meeting: '900100', key: 'abc' }],
    ['/m/v%C3%A5rd/', '', { meeting: 'vård', key: undefined }],
    ['/m/%E0%A4%A', '#k=', { meeting: '%E0%A4%A', key: undefined }],
    ['/', '#k=abc', { meeting: '', key: 'abc' }],
    ['/m/a/b', '', { meeting: '', key: undefined }],
  ])('%s%s', (path, hash, link) => expect(readLink(path, hash)).toEqual(link));

  it.each([
    [' 900 100 ', { meeting: '900100', key: undefined }],
    ['+46 90-01 00', { meeting: '46900100', key: undefined }],
    ['sip:900100@mote.portvakt.example', { meeting: '900100', key: undefined }],
    ['morgonmote', { meeting: 'morgonmote', key: undefined }],
    ['https://mote.example/m/900100?x=1#k=abc', { meeting: '900100', key: 'abc' }],
    ['https://mote.example', { meeting: '', key: undefined }],
  ])('typed: %s', (typed, link) => expect(readTyped(typed)).toEqual(link));
});

describe('the grid', () => {
  it('makes tiles as large as the room allows', () => {
    expect(fitGrid(1, 1600, 900, 8, 200)).toMatchObject({ columns: 1, width: 1600, height: 900 });
    expect(fitGrid(4, 1600, 900, 8, 200)).toMatchObject({ columns: 2 });
    expect(fitGrid(2, 390, 700, 8, 170)).toMatchObject({ columns: 1, width: 390 });
  });

  it('never makes them wider than the room, and says when it scrolls', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 3000 }), (count, width, height) => {
        const grid = fitGrid(count, width, height, 8, Math.min(200, width * 0.45));
        const rows = Math.ceil(Math.max(1, count) / grid.columns);
        expect(grid.columns * grid.width + (grid.columns - 1) * 8).toBeLessThanOrEqual(width + 1);
        if (!grid.scrolls) expect(rows * grid.height + (rows - 1) * 8).toBeLessThanOrEqual(height + 1);
      }),
    );
  });
});

describe('the delay before coming back', () => {
  it('grows to a limit and is spread', () => {
    const longest = Array.from({ length: ATTEMPTS_MAX }, (_, index) => delayBefore(index + 1, 1));
    expect(longest.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
    expect(Math.max(...longest)).toBe(10_000);
    expect(delayBefore(3, 0)).toBe(1000);
  });
});

describe('the quality of the connection', () => {
  const good = { received: 1000, lost: 0, freezes: 0, roundTrip: 0.05, outboundLoss: 0 };
  it.each([
    ['nothing wrong', {}, 'good'],
    ['some loss', { received: 1950, lost: 50 }, 'fair'],
    ['much loss', { received: 1900, lost: 150 }, 'poor'],
    ['loss on the way out', { outboundLoss: 0.1 }, 'poor'],
    ['far away', { roundTrip: 0.4 }, 'fair'],
    ['as good as away', { roundTrip: 0.9 }, 'poor'],
    ['a picture stood still', { freezes: 1 }, 'fair'],
    ['nothing known', { roundTrip: undefined, outboundLoss: undefined }, 'good'],
  ])('%s', (_what, change, quality) => expect(judge(good, { ...good, ...change }).quality).toBe(quality));

  it('counts since the sample before, and survives counters that begin anew', () => {
    expect(judge({ ...good, freezes: 3 }, { ...good, freezes: 5 }).freezes).toBe(2);
    expect(judge({ ...good, lost: 900 }, { ...good, received: 10, lost: 0 })).toEqual({ quality: 'good', freezes: 0 });
  });

  it('is read from the browser’s statistics', () => {
    const report = new Map<string, unknown>([
      ['1', { type: 'inbound-rtp', packetsReceived: 90, packetsLost: 10, freezeCount: 2 }],
      ['2', { type: 'inbound-rtp', packetsReceived: 10, packetsLost: -1 }],
      ['3', { type: 'remote-inbound-rtp', fractionLost: 0.25 }],
      ['4', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.04 }],
      ['5', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
    ]);
    expect(sampleOf([report])).toEqual({ received: 100, lost: 10, freezes: 2, roundTrip: 0.04, outboundLoss: 0.25 });
  });
});

describe('what pictures are sent as', () => {
  const h264 = (mode: number | undefined) => ({
    kind: 'video' as const,
    mimeType: 'video/H264',
    clockRate: 90_000,
    preferredPayloadType: 100,
    parameters: mode === undefined ? {} : { 'packetization-mode': mode },
  });
  const vp8 = { kind: 'video' as const, mimeType: 'video/VP8', clockRate: 90_000, preferredPayloadType: 96 };

  it('is the router’s codec of the meeting’s packetization mode', () => {
    const router = { codecs: [vp8, h264(1), h264(undefined)] };
    const format = { codec: 'H264' as const, maxBitrate: 1_000_000 };
    expect(codecFor(router, { ...format, packetizationMode: 1 })).toBe(router.codecs[1]);
    expect(codecFor(router, { ...format, packetizationMode: 0 })).toBe(router.codecs[2]);
    expect(codecFor(router, { ...format, codec: 'VP8', packetizationMode: 0 })).toBe(vp8);
    expect(codecFor({ codecs: [vp8] }, { ...format, packetizationMode: 1 })).toBeUndefined();
  });

  it('has a small layer from 480 lines on, and keeps to what the weakest takes', () => {
    const format = { codec: 'H264' as const, packetizationMode: 1 as const, maxBitrate: 700_000 };
    expect(cameraEncodings(360, format)).toEqual([{ maxBitrate: 700_000 }]);
    expect(cameraEncodings(480, undefined).map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([2, 1]);
    expect(cameraEncodings(720, format)).toEqual([
      { scaleResolutionDownBy: 4, maxBitrate: 180_000 },
      { scaleResolutionDownBy: 1, maxBitrate: 700_000 },
    ]);
    expect(slidesEncodings(format)).toEqual([{ maxBitrate: 700_000 }]);
  });
});

describe('the settler', () => {
  it('takes one step at a time, and one more after a change', async () => {
    const steps: string[] = [];
    let release: () => void = () => undefined;
    let wish = 'a';
    let finished: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const settler = new Settler(
      async () => {
        const seen = wish;
        if (steps.length === 0) {
          steps.push(seen);
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        } else {
          steps.push(seen);
          finished();
        }
      },
      () => undefined,
    );
    settler.kick();
    wish = 'b';
    settler.kick();
    wish = 'c';
    settler.kick();
    release();
    await done;
    expect(steps).toEqual(['a', 'c']);
  });

  it('tells of a failure and waits for the next kick', async () => {
    let calls = 0;
    const failure = await new Promise((resolve) => {
      new Settler(() => {
        calls += 1;
        return Promise.reject(new Error('no'));
      }, resolve).kick();
    });
    expect(failure).toEqual(new Error('no'));
    expect(calls).toBe(1);
  });

  describe('when a step fails for a reason that passes', () => {
    const unavailable = new ServiceError('mediaUnavailable', '', undefined, undefined);
    const START = 1_000_000;
    /** Fails so often, and notes in which second it was tried. */
    function failing(times: number, error: Error = unavailable) {
      const tried: number[] = [];
      const settler = new Settler(
        () => {
          tried.push((Date.now() - START) / 1000);
          return tried.length <= times ? Promise.reject(error) : Promise.resolve();
        },
        () => undefined,
      );
      return { tried, settler };
    }
    beforeEach(() => {
      vi.useFakeTimers({ now: START });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('takes it again, later and later, until it succeeds', async () => {
      const { tried, settler } = failing(6);
      settler.kick();
      await vi.advanceTimersByTimeAsync(120_000);
      expect(tried).toEqual([0, 1, 3, 7, 15, 30, 45]);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('takes it at once when something else is wanted, and not for a mere nudge', async () => {
      const { tried, settler } = failing(3);
      settler.kick();
      await vi.advanceTimersByTimeAsync(500);
      settler.nudge();
      await vi.advanceTimersByTimeAsync(1_000);
      settler.kick();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(tried).toEqual([0, 1, 1.5, 5.5]);
    });

    it('waits for as long as the service says', async () => {
      const { tried, settler } = failing(1, new ServiceError('tooMany', '', 4_000, undefined));
      settler.kick();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(tried).toEqual([0, 4]);
    });
  });
});

describe('faces', () => {
  it.each([
    ['Anna Ek', 'AE'],
    ['åke', 'Å'],
    ['Dr. Maria Lind', 'DL'],
    ['rum.4@region.example', 'RE'],
    ['', '·'],
    ['👩‍⚕️', '·'],
  ])('%s', (name, letters) => expect(initials(name)).toBe(letters));

  it('keep their colour', () => {
    expect(hueOf('p1')).toBe(hueOf('p1'));
    expect(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(hueOf)).size).toBeGreaterThan(3);
  });
});
