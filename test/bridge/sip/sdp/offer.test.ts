import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import type { Line } from '../../../../src/bridge/sip/sdp/line.js';
import { offeredLines, offeredOptions, offeredSlots, readAnswer, writeOffer } from '../../../../src/bridge/sip/sdp/offer.js';
import { type Offer, readOffer } from '../../../../src/bridge/sip/sdp/read-offer.js';
import { opened, writeDescription } from '../../../../src/bridge/sip/sdp/write.js';
import { inspectSdp, judgeOffer } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { localFor, localsFor } from '../locals.js';
import { key, linphoneDtls, plain, poly } from '../offers.js';

const outside = { seenFrom: undefined };
const origin = { id: '7', version: 1 };
const locals = () => new Map(offeredLines.map((id) => [id, localFor(offeredOptions)] as const));

const answerTo = (audio: string, video: string) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', audio, video, ''].join('\r\n');
const crypto = (suite = 'AES_CM_128_HMAC_SHA1_80', bytes = 30) => `a=crypto:1 ${suite} inline:${key(bytes)}`;

function linesOf(offer: ReturnType<typeof readAnswer>): (Line | undefined)[] {
  if (!offer.ok) throw new Error(`${offer.refusal}: ${offer.detail}`);
  return offer.slots.map(({ line }) => line);
}

describe('our offer', () => {
  it('has sound by every codec, H.264 in both modes, and keys', () => {
    const text = writeOffer(locals(), origin);
    expect(judgeOffer(inspectSdp(text))).toBe('ok');
    const [audio, video] = parse(text).media;
    expect(audio).toMatchObject({ protocol: 'RTP/SAVP', payloads: '96 9 8 0 101', direction: 'sendrecv', ptime: 20 });
    expect(video?.fmtp.map(({ config }) => config)).toEqual([
      'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
      'profile-level-id=42e01f;packetization-mode=0;level-asymmetry-allowed=1',
    ]);
    expect(audio?.rtcp?.port).toBe((audio?.port ?? 0) + 1);
    expect(text).not.toContain('rtcp-mux');
  });

  it('can be read as an offer', () => {
    expect(readOffer(writeOffer(locals(), origin), outside)).toMatchObject({ ok: true });
  });
});

describe('the answer to our offer', () => {
  it('says what is sent: the first codec it lists, in its own numbers', () => {
    const audio = `m=audio 5000 RTP/SAVP 8 96 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n${crypto()}`;
    const fmtp = 'a=rtpmap:120 H264/90000\r\na=fmtp:120 profile-level-id=42e01f;packetization-mode=1';
    const [sound, picture] = linesOf(
      readAnswer(answerTo(audio, `m=video 5002 RTP/SAVP 120\r\n${fmtp}\r\na=recvonly\r\n${crypto()}`), offeredSlots(), outside),
    );
    expect(sound).toMatchObject({ codec: { name: 'PCMA', sendPayloadType: 8, receivePayloadType: 8, dtmfPayloadType: 101 } });
    expect(picture).toMatchObject({
      direction: 'sendonly',
      codec: { sendPayloadType: 120, receivePayloadType: 97, packetizationMode: 1 },
      options: offeredOptions,
    });
  });

  it('may leave the pictures off', () => {
    const lines = linesOf(readAnswer(answerTo(`m=audio 5000 RTP/SAVP 9\r\n${crypto()}`, 'm=video 0 RTP/SAVP 97'), offeredSlots(), outside));
    expect(lines.map((line) => line?.id)).toEqual(['audio', undefined]);
  });

  it.each([
    ['in clear', `${plain()}m=video 0 RTP/AVP 97\r\n`, 'answerNotEncrypted'],
    [
      'with another suite',
      answerTo(`m=audio 5000 RTP/SAVP 8\r\n${crypto('AEAD_AES_128_GCM', 28)}`, 'm=video 0 RTP/SAVP 97'),
      'answerNotEncrypted',
    ],
    ['with nothing', answerTo('m=audio 0 RTP/SAVP 8', 'm=video 0 RTP/SAVP 97'), 'mediaUnsupported'],
    ['with a line too few', plain(), 'sessionUnreadable'],
    ['in another order', answerTo('m=video 0 RTP/SAVP 97', `m=audio 5000 RTP/SAVP 8\r\n${crypto()}`), 'sessionUnreadable'],
    ['that cannot be read', 'garbage', 'sessionUnreadable'],
  ])('%s is refused', (_, body, refusal) => {
    expect(readAnswer(body, offeredSlots(), outside)).toMatchObject({ ok: false, refusal });
  });
});

describe('an offer inside the call', () => {
  function again(body: string) {
    const offer = readOffer(body, outside) as Offer;
    const slots = opened(offer.slots);
    const lines = slots.flatMap(({ line }) => line ?? []);
    return { slots, text: writeDescription(slots, localsFor(lines), { id: '7', version: 2 }, 'offer') };
  }

  it('offers what was agreed on, in the same order, with keys of its own', () => {
    const { text, slots } = again(poly());
    const [audio, video] = parse(text).media;
    expect(audio).toMatchObject({ payloads: '9 126', crypto: [{ id: 1 }] });
    expect(video).toMatchObject({ payloads: 110 });
    const answer = answerTo(
      `m=audio 5000 RTP/SAVP 9 126\r\na=rtpmap:126 telephone-event/8000\r\n${crypto()}`,
      `m=video 5002 RTP/SAVP 110\r\na=rtpmap:110 H264/90000\r\na=fmtp:110 profile-level-id=42800d;packetization-mode=1\r\n${crypto()}`,
    );
    expect(linesOf(readAnswer(answer, slots, outside)).map((line) => line?.codec.receivePayloadType)).toEqual([9, 110]);
  });

  it('leaves the role in DTLS open', () => {
    const { text } = again(linphoneDtls());
    expect(text).toContain('a=setup:actpass\r\n');
    expect(text).toContain('a=ice-lite\r\n');
  });

  it('is answered as it stands, and no weaker', () => {
    const { slots } = again(linphoneDtls());
    const weaker = answerTo(`m=audio 5000 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000/2`, 'm=video 0 UDP/TLS/RTP/SAVPF 97');
    expect(readAnswer(weaker, slots, outside)).toMatchObject({ ok: false, refusal: 'answerNotEncrypted' });
  });
});
