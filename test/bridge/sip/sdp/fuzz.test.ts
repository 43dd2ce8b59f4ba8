import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offeredSlots, readAnswer } from '../../../../src/bridge/sip/sdp/offer.js';
import { readOffer } from '../../../../src/bridge/sip/sdp/read-offer.js';
import { opened, writeDescription } from '../../../../src/bridge/sip/sdp/write.js';
import { refusals } from '../../../../src/gatekeeper/calls/reasons.js';
import { inspectSdp, judgeAnswer, judgeOffer } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { localsFor } from '../locals.js';
import { baresip, cisco, lifesize, linphoneDtls, plain, poly, sound } from '../offers.js';

const outside = { seenFrom: undefined };
const whole = [baresip, cisco, poly, lifesize, linphoneDtls, plain, sound];

/** An offer of a room system with lines taken out, doubled, moved, cut or overwritten. */
const spoiled = fc
  .record({
    body: fc.constantFrom(...whole).map((make) => make()),
    turns: fc.array(
      fc.record({
        do: fc.constantFrom('drop', 'double', 'swap', 'cut', 'write', 'insert'),
        at: fc.nat(200),
        other: fc.nat(200),
        text: fc.oneof(
          fc.string({ maxLength: 30 }),
          fc.constantFrom(
            'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x',
            'm=video 0 RTP/AVP 1',
            'a=inactive',
            'c=IN IP4 0.0.0.0',
            'a=rtcp:99999',
          ),
        ),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ body, turns }) => {
    const lines = body.split('\r\n');
    for (const { do: what, at, other, text } of turns) {
      const [i, j] = [at % lines.length, other % lines.length];
      const [one = '', two = ''] = [lines[i], lines[j]];
      if (what === 'drop') lines.splice(i, 1);
      else if (what === 'double') lines.splice(j, 0, one);
      else if (what === 'swap') [lines[i], lines[j]] = [two, one];
      else if (what === 'cut') lines[i] = one.slice(0, other % (one.length + 1));
      else if (what === 'write') lines[i] = one.slice(0, other % (one.length + 1)) + text;
      else lines.splice(i, 0, text);
      if (lines.length === 0) lines.push('');
    }
    return lines.join('\r\n');
  });

describe('whatever is offered', () => {
  it('is refused with a reason of the list, or answered so that the gatekeeper lets it pass', () => {
    fc.assert(
      fc.property(spoiled, (body) => {
        const offer = readOffer(body, outside);
        if (!offer.ok) {
          expect(refusals[offer.refusal].sip.status).toBeGreaterThanOrEqual(400);
          return;
        }
        const lines = offer.slots.flatMap(({ line }) => line ?? []);
        expect(lines.length).toBeGreaterThan(0);
        expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
        const text = writeDescription(offer.slots, localsFor(lines), { id: '1', version: 1 }, 'answer');
        const judged = inspectSdp(text);
        expect(judged.problem).toBeUndefined();
        expect(judged.media).toHaveLength(offer.slots.length);
        expect(judgeOffer(judged)).toBe('ok');
        // What the other side offers in clear beside is off in ours; keys are of suites that it offered.
        expect(judgeAnswer(inspectSdp(body), judged).ok).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('can be offered again, and answered with itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(baresip, cisco, poly, lifesize, linphoneDtls), (make) => {
        const offer = readOffer(make(), outside);
        if (!offer.ok) throw new Error(offer.refusal);
        const slots = opened(offer.slots);
        const lines = slots.flatMap(({ line }) => line ?? []);
        const text = writeDescription(slots, localsFor(lines), { id: '1', version: 1 }, 'offer');
        const answer = readAnswer(text, slots, outside);
        expect(answer).toMatchObject({ ok: true });
        if (answer.ok) expect(answer.slots.map(({ line }) => line?.id)).toEqual(slots.map(({ line }) => line?.id));
      }),
      { numRuns: 20 },
    );
  });
});

describe('whatever is answered', () => {
  it('is refused, or encrypted as we offered', () => {
    fc.assert(
      fc.property(spoiled, (body) => {
        const answer = readAnswer(body, offeredSlots(), outside);
        if (!answer.ok) return;
        for (const { line } of answer.slots) {
          if (line) expect(line.remote.encryption).toMatchObject({ kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of any text at all is read without a fault', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (body) => {
        readOffer(body, outside);
        readOffer(`v=0\r\n${body}`, outside, true);
        readAnswer(body, offeredSlots(), outside);
      }),
      { numRuns: 100 },
    );
  });
});
