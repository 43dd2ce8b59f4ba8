import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import type { Line } from '../../../../src/bridge/sip/sdp/line.js';
import { type Offer, readOffer } from '../../../../src/bridge/sip/sdp/read-offer.js';
import { writeDescription } from '../../../../src/bridge/sip/sdp/write.js';
import { inspectSdp, judgeAnswer } from '../../../../src/gatekeeper/sip/sdp-policy.js';
import { localsFor } from '../locals.js';
import { baresip, cisco, key, lifesize, linphoneDtls, plain, poly, sound } from '../offers.js';

const outside = { seenFrom: undefined };

function read(body: string, seenFrom?: string): Offer {
  const offer = readOffer(body, { seenFrom });
  if (!offer.ok) throw new Error(`${offer.refusal}: ${offer.detail}`);
  return offer;
}

const linesOf = (offer: Offer): Line[] => offer.slots.flatMap(({ line }) => line ?? []);

function answer(body: string): string {
  const offer = read(body);
  return writeDescription(offer.slots, localsFor(linesOf(offer)), { id: '1', version: 1 }, 'answer');
}

const offers = { baresip, cisco, poly, lifesize, linphoneDtls };

describe('the answer to the offer of', () => {
  it.each(Object.entries(offers))('%s has its lines in its order, encrypted as the gatekeeper wants it', (_, make) => {
    const offer = make();
    const text = answer(offer);
    const [theirs, ours] = [parse(offer).media, parse(text).media];
    expect(ours.map(({ type }) => type)).toEqual(theirs.map(({ type }) => type));
    expect(ours.map(({ protocol }) => protocol)).toEqual(theirs.map(({ protocol }) => protocol));
    expect(judgeAnswer(inspectSdp(offer), inspectSdp(text))).toMatchObject({ ok: true });
  });

  it('baresip takes Opus, H.264 in mode 1 and RTCP on the same port', () => {
    const [audio, video] = linesOf(read(baresip()));
    expect(audio).toMatchObject({
      id: 'audio',
      options: { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } },
      codec: { name: 'opus', sendPayloadType: 96, receivePayloadType: 96, dtmfPayloadType: 101 },
      remote: { address: { ip: '192.0.2.10', port: 10032, rtcpPort: 10032 }, ssrc: 3733413401, direction: 'sendrecv' },
    });
    expect(video).toMatchObject({
      id: 'video',
      codec: {
        name: 'H264',
        sendPayloadType: 98,
        packetizationMode: 1,
        maxBitrate: 512_000,
        feedback: { nack: false, pli: true, fir: false },
      },
      profile: '42001f',
      content: 'main',
    });
  });

  it('a Cisco room system takes the strongest suite, G.722, pictures and slides, and leaves BFCP, H.224 and iX off', () => {
    const offer = read(cisco());
    expect(linesOf(offer).map(({ id }) => id)).toEqual(['audio', 'video', 'slides']);
    const [audio, video, slides] = linesOf(offer);
    expect(audio).toMatchObject({ codec: { name: 'G722', sendPayloadType: 9 }, cryptoTag: 1, options: { rtcpMux: false } });
    expect(audio?.options.encryption).toEqual({ kind: 'sdes', suite: 'AEAD_AES_256_GCM' });
    expect(audio?.remote.address).toEqual({ ip: '10.20.30.40', port: 2350, rtcpPort: 2351 });
    expect(video).toMatchObject({ codec: { sendPayloadType: 126, packetizationMode: 1, maxBitrate: 6_000_000, feedback: { fir: true } } });
    expect(video).toMatchObject({ profile: '42801f', levelAsymmetry: true });
    expect(slides).toMatchObject({ content: 'slides', cryptoTag: 3, options: { encryption: { suite: 'AES_CM_128_HMAC_SHA1_80' } } });
    const ports = parse(answer(cisco())).media.map(({ port }) => port > 0);
    expect(ports).toEqual([true, true, false, true, false, false]);
  });

  it('a Poly system is protected without an MKI, and sends baseline', () => {
    const [audio, video] = linesOf(read(poly()));
    expect(audio).toMatchObject({ cryptoTag: 2, codec: { name: 'G722', dtmfPayloadType: 126 } });
    // Without level-asymmetry-allowed the lower level counts for both.
    expect(video).toMatchObject({ codec: { sendPayloadType: 110, packetizationMode: 1, maxBitrate: 1_920_000 }, profile: '42800d' });
  });

  it('a Lifesize system that knows mode 0 alone gets mode 0', () => {
    const [audio, video] = linesOf(read(lifesize()));
    expect(audio).toMatchObject({ cryptoTag: 0, codec: { name: 'G722', sendPayloadType: 9 } });
    expect(video).toMatchObject({ codec: { packetizationMode: 0, maxBitrate: 768_000 } });
    expect(answer(lifesize())).toContain('a=fmtp:108 profile-level-id=42e01f;packetization-mode=0\r\n');
  });

  it('linphone with DTLS and ICE is answered as ICE-lite, passive', () => {
    const [audio, video] = linesOf(read(linphoneDtls()));
    expect(audio).toMatchObject({
      options: { rtcpMux: true, encryption: { kind: 'dtls' } },
      setup: 'passive',
      codec: { name: 'opus', dtmfPayloadType: 101 },
      dtmfRate: 48_000,
      remote: { address: 'learn', encryption: { kind: 'dtls', parameters: { role: 'client' }, ice: { usernameFragment: '8d3f1c7b' } } },
    });
    expect(video).toMatchObject({ codec: { sendPayloadType: 97 } });
    const text = answer(linphoneDtls());
    expect(text).toContain('a=ice-lite\r\n');
    expect(text).toContain('a=setup:passive\r\n');
    expect(text).toMatch(/a=candidate:udpcandidate 1 UDP \d+ 203\.0\.113\.5 \d+ typ host\r\n/);
    expect(text).toContain('a=rtpmap:101 telephone-event/48000\r\n');
  });

  it('one that is passive in DTLS makes us active', () => {
    const [audio] = linesOf(read(linphoneDtls().replaceAll('a=setup:actpass', 'a=setup:passive')));
    expect(audio).toMatchObject({ setup: 'active', remote: { encryption: { parameters: { role: 'server' } } } });
  });
});

describe('an offer', () => {
  it('in clear is refused, with what to switch on', () => {
    expect(readOffer(plain(), outside)).toMatchObject({ ok: false, refusal: 'mediaNotEncrypted' });
  });

  it('whose pictures alone are in clear goes on with its sound', () => {
    const offer = read(sound('m=video 4002 RTP/AVP 97', 'a=rtpmap:97 H264/90000'));
    expect(offer.slots.map(({ line }) => line?.id)).toEqual(['audio', undefined]);
  });

  it('whose sound alone is in clear is refused', () => {
    const body = `${plain()}m=video 4002 RTP/SAVP 97\r\na=rtpmap:97 H264/90000\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key()}\r\n`;
    expect(readOffer(body, outside)).toMatchObject({ ok: false, refusal: 'mediaNotEncrypted' });
  });

  it('of pictures without H.264 goes on with its sound', () => {
    const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key()}`;
    const offer = read(sound('m=video 4002 RTP/SAVP 97', 'a=rtpmap:97 H265/90000', crypto));
    expect(offer.slots.map(({ line }) => line?.id)).toEqual(['audio', undefined]);
  });

  it('without any codec of ours is refused for that', () => {
    expect(readOffer(sound().replace('SAVP 8', 'SAVP 18'), outside)).toMatchObject({ refusal: 'mediaUnsupported' });
  });

  it('with DTLS-SRTP but no ICE is told so', () => {
    const body = linphoneDtls().replace(/a=ice-.*\r\n/g, '');
    expect(readOffer(body, outside)).toMatchObject({ refusal: 'mediaNotEncrypted', detail: expect.stringContaining('ICE') });
  });

  it('with a weak fingerprint alone is not encrypted', () => {
    const body = linphoneDtls().replace(
      /a=fingerprint:.*\r\n/,
      `a=fingerprint:sha-1 ${Array.from({ length: 20 }, () => 'AA').join(':')}\r\n`,
    );
    expect(readOffer(body, outside)).toMatchObject({ refusal: 'mediaNotEncrypted' });
  });

  it.each([
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('that says %s is answered with %s', (theirs, ours) => {
    const text = answer(sound(`a=${theirs}`));
    expect(text).toContain(`a=${ours}\r\n`);
  });

  it('on hold by an address of zeros is not sent to', () => {
    const [audio] = linesOf(read(sound().replaceAll('192.0.2.1', '0.0.0.0')));
    expect(audio).toMatchObject({ direction: 'recvonly', remote: { address: 'learn' } });
  });

  it('from behind a NAT is answered to where its packets come from', () => {
    const body = sound().replaceAll('192.0.2.1', '192.168.1.20');
    expect(linesOf(read(body, '198.51.100.7'))[0]?.remote.address).toBe('learn');
    expect(linesOf(read(body))[0]?.remote.address).toMatchObject({ ip: '192.168.1.20' });
    expect(linesOf(read(body, '192.168.1.20'))[0]?.remote.address).toMatchObject({ ip: '192.168.1.20' });
  });

  it('names the port of its RTCP', () => {
    expect(linesOf(read(sound('a=rtcp:5555')))[0]?.remote.address).toMatchObject({ port: 4000, rtcpPort: 5555 });
  });

  it('of two lines of one sort has the second switched off', () => {
    const crypto = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key()}`;
    const offer = read(sound('m=audio 4004 RTP/SAVP 8', crypto));
    expect(offer.slots.map(({ line }) => line?.id)).toEqual(['audio', undefined]);
  });

  it('inside a call may switch everything off', () => {
    const body = sound().replace('m=audio 4000', 'm=audio 0');
    expect(readOffer(body, outside, true)).toMatchObject({ ok: true });
    expect(readOffer(body, outside)).toMatchObject({ ok: false, refusal: 'mediaUnsupported' });
  });
});

describe('a description that cannot be read', () => {
  it.each([
    ['nothing', '', 'empty'],
    ['another version', 'v=1\r\n', 'v=0'],
    ['no media', 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n', 'no m= line'],
    ['a line without letter', `${plain()}nonsense\r\n`, 'letter=value'],
    ['a malformed m= line', `${plain()}m=video x RTP/SAVP 97\r\n`, 'm= line'],
    ['two blanks in an m= line', `${plain()}m=video 1  RTP/SAVP 97\r\n`, 'm= line'],
    ['a port too large', `${plain()}m=video 70000 RTP/SAVP 97\r\n`, 'm= line'],
    ['1,000 media lines', `${plain()}${'m=audio 4000 RTP/SAVP 8\r\n'.repeat(1000)}`, 'm= lines; at most 32'],
    ['very many lines', `${plain()}${'a=x:1\r\n'.repeat(3000)}`, 'more than 2048 lines'],
    ['very much text', `${plain()}a=x:${'y'.repeat(70_000)}\r\n`, 'longer than'],
  ])('%s: is refused with a sentence', (_, body, part) => {
    expect(readOffer(body, outside)).toMatchObject({ ok: false, refusal: 'sessionUnreadable', detail: expect.stringContaining(part) });
  });
});

describe('packets are sent', () => {
  const to = (address: string, publicOnly: boolean) => {
    const family = address.includes(':') ? 'IP6' : 'IP4';
    const offer = readOffer(sound().replaceAll('IP4 192.0.2.1', `${family} ${address}`), { seenFrom: undefined, publicOnly });
    if (!offer.ok) throw new Error(offer.refusal);
    return linesOf(offer)[0]?.remote.address;
  };

  it.each(['10.20.30.40', '127.0.0.1', '169.254.169.254', '100.64.0.1', 'fd00::1', '::1', '::ffff:10.0.0.1'])(
    'to %s, but not where the Internet says so',
    (address) => {
      expect(to(address, false)).toMatchObject({ ip: address });
      expect(to(address, true)).toBe('learn');
    },
  );

  it.each([
    '224.0.0.5',
    '239.1.2.3',
    '255.255.255.255',
    '0.0.0.0',
    '0.1.2.3',
    'ff02::1',
    'ff0e::1',
    '::',
    '::ffff:224.0.0.1',
    'fe80::1%eth0',
  ])('never to %s', (address) => {
    expect([to(address, false), to(address, true)]).toEqual(['learn', 'learn']);
  });

  it.each(['8.8.8.8', '2a00:801::5'])('to %s, whoever says so', (address) => {
    expect([to(address, false), to(address, true)]).toMatchObject([{ ip: address }, { ip: address }]);
  });
});
