import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { inspectSdp, judgeAnswer, judgeOffer, sdpOf, usesSdes } from '../../../src/gatekeeper/sip/sdp-policy.js';
import { offer } from './message/samples.js';

/** Base64 of so many bytes. */
const key = (bytes: number) => Buffer.alloc(bytes, 0xa5).toString('base64');
const crypto = (suite: string, keyBytes: number, session = '') => `a=crypto:1 ${suite} inline:${key(keyBytes)}${session}`;
const good = crypto('AES_CM_128_HMAC_SHA1_80', 30);
const fingerprint = (hash: string, bytes: number) => `a=fingerprint:${hash} ${Array(bytes).fill('AB').join(':')}`;
const sha256 = fingerprint('sha-256', 32);

const sdp = (...lines: string[]) => `${['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', ...lines].join('\r\n')}\r\n`;
const judge = (...lines: string[]) => judgeOffer(inspectSdp(sdp(...lines)));

describe('an offer passes', () => {
  it.each([
    ['SDES with every suite of AES-128 or better', ['m=audio 4 RTP/SAVP 0', good]],
    ['AES_CM_128_HMAC_SHA1_32', ['m=audio 4 RTP/SAVP 0', crypto('AES_CM_128_HMAC_SHA1_32', 30)]],
    ['F8', ['m=audio 4 RTP/SAVP 0', crypto('F8_128_HMAC_SHA1_80', 30)]],
    ['AES-192', ['m=audio 4 RTP/SAVP 0', crypto('AES_192_CM_HMAC_SHA1_80', 38)]],
    ['AES-256', ['m=audio 4 RTP/SAVPF 0', crypto('AES_256_CM_HMAC_SHA1_32', 46)]],
    ['AES-128-GCM', ['m=audio 4 RTP/SAVP 0', crypto('AEAD_AES_128_GCM', 28)]],
    ['AES-256-GCM', ['m=audio 4 RTP/SAVP 0', crypto('AEAD_AES_256_GCM', 44)]],
    ['a suite in lower case', ['m=audio 4 RTP/SAVP 0', crypto('aes_cm_128_hmac_sha1_80', 30)]],
    ['a key without its padding', ['m=audio 4 RTP/SAVP 0', crypto('AEAD_AES_128_GCM', 28).replace(/=+$/, '')]],
    ['lifetime and MKI', ['m=audio 4 RTP/SAVP 0', `${good}|2^31|1:4`, `${good}|1048576`, `${good}|9:1`]],
    ['two keys', ['m=audio 4 RTP/SAVP 0', `${good}|2^20|1:4;inline:${key(30)}|2^20|2:4`]],
    ['session parameters that weaken nothing', ['m=audio 4 RTP/SAVP 0', `${good} KDR=1 WSH=64 FEC_ORDER=SRTP_FEC`]],
    ['DTLS-SRTP', ['m=audio 4 UDP/TLS/RTP/SAVPF 0', sha256]],
    ['DTLS-SRTP, fingerprint of the session', [sha256, 'm=audio 4 UDP/TLS/RTP/SAVP 0', 'm=video 6 UDP/TLS/RTP/SAVP 97']],
    ['DTLS-SRTP as early WebRTC wrote it', ['m=audio 4 RTP/SAVPF 0', sha256]],
    [
      'sha-384 and sha-512',
      ['m=audio 4 UDP/TLS/RTP/SAVP 0', fingerprint('SHA-384', 48), 'm=video 4 UDP/TLS/RTP/SAVP 0', fingerprint('sha-512', 64)],
    ],
    ['sha-1 beside sha-256', ['m=audio 4 UDP/TLS/RTP/SAVP 0', fingerprint('sha-1', 20), sha256]],
    ['both ways at once', ['m=audio 4 RTP/SAVP 0', good, sha256]],
    ['BFCP over DTLS', ['m=application 4 UDP/TLS/BFCP *', sha256]],
    ['data channels', ['m=application 4 UDP/DTLS/SCTP webrtc-datachannel', sha256]],
    ['a plain line that is off', ['m=audio 4 RTP/SAVP 0', good, 'm=application 0 UDP/BFCP *', 'm=video 0 RTP/AVP 97']],
    ['no media line', []],
  ])('%s', (_, lines) => expect(judge(...lines)).toBe('ok'));
});

describe('an offer is refused', () => {
  it.each([
    ['plain RTP', ['m=audio 4 RTP/AVP 0']],
    ['one plain line of two', ['m=audio 4 RTP/SAVP 0', good, 'm=video 4 RTP/AVP 97']],
    ['SAVP without any key', ['m=audio 4 RTP/SAVP 0']],
    ['best effort: plain RTP with a key, which may be answered in plain', ['m=audio 4 RTP/AVP 0', good]],
    ['best effort with a fingerprint', ['m=audio 4 RTP/AVP 0', sha256]],
    ['a key of the session instead of the line', [good, 'm=audio 4 RTP/SAVP 0']],
    ['a NULL cipher', ['m=audio 4 RTP/SAVP 0', crypto('NULL_HMAC_SHA1_80', 30)]],
    ['a suite that nobody knows', ['m=audio 4 RTP/SAVP 0', crypto('SEED_CTR_128_HMAC_SHA1_80', 30)]],
    ['a weak suite beside a good one, which the other end could choose', ['m=audio 4 RTP/SAVP 0', good, crypto('NULL_HMAC_SHA1_80', 30)]],
    ['UNENCRYPTED_SRTP', ['m=audio 4 RTP/SAVP 0', `${good} UNENCRYPTED_SRTP`]],
    ['UNENCRYPTED_SRTP after another parameter', ['m=audio 4 RTP/SAVP 0', `${good} KDR=1 unencrypted_srtp`]],
    ['UNENCRYPTED_SRTCP', ['m=audio 4 RTP/SAVP 0', `${good} UNENCRYPTED_SRTCP`]],
    ['UNAUTHENTICATED_SRTP', ['m=audio 4 RTP/SAVP 0', `${good} UNAUTHENTICATED_SRTP`]],
    ['a key too short', ['m=audio 4 RTP/SAVP 0', crypto('AES_CM_128_HMAC_SHA1_80', 29)]],
    ['a key too long', ['m=audio 4 RTP/SAVP 0', crypto('AES_CM_128_HMAC_SHA1_80', 46)]],
    ['a second key too short', ['m=audio 4 RTP/SAVP 0', `${good}|2^20|1:4;inline:${key(10)}|2^20|2:4`]],
    ['a key that is no base64', ['m=audio 4 RTP/SAVP 0', good.replace('inline:pa', 'inline:*a')]],
    ['a key elsewhere', ['m=audio 4 RTP/SAVP 0', good.replace('inline:', 'uri:')]],
    ['a lifetime beyond 2^48', ['m=audio 4 RTP/SAVP 0', `${good}|2^49`]],
    ['an MKI of no length', ['m=audio 4 RTP/SAVP 0', `${good}|1:0`]],
    ['a crypto line that says nothing', ['m=audio 4 RTP/SAVP 0', 'a=crypto:']],
    ['MIKEY, whose strength we cannot see', ['m=audio 4 RTP/SAVP 0', 'a=key-mgmt:mikey AQAFgM0X']],
    ['DTLS-SRTP without a fingerprint', ['m=audio 4 UDP/TLS/RTP/SAVP 0']],
    ['DTLS-SRTP with SDES keys only', ['m=audio 4 UDP/TLS/RTP/SAVP 0', good]],
    ['sha-1', ['m=audio 4 UDP/TLS/RTP/SAVP 0', fingerprint('sha-1', 20)]],
    ['md5', ['m=audio 4 UDP/TLS/RTP/SAVP 0', fingerprint('md5', 16)]],
    ['a good session fingerprint over which the line puts sha-1', [sha256, 'm=audio 4 UDP/TLS/RTP/SAVP 0', fingerprint('sha-1', 20)]],
    [
      'a good session fingerprint over which the line puts nonsense',
      [sha256, 'm=audio 4 UDP/TLS/RTP/SAVP 0', 'a=fingerprint:sha-256 AB:CD'],
    ],
    ['BFCP in plain', ['m=audio 4 RTP/SAVP 0', good, 'm=application 5070 UDP/BFCP *']],
    ['BFCP over TCP in plain', ['m=application 5070 TCP/BFCP *']],
    ['fax', ['m=image 4 udptl t38']],
    ['a protocol nobody knows', ['m=audio 4 RTP/SAVP+ 0', good, sha256]],
    ['a plain line that only looks off (RFC 8843)', ['m=video 0 RTP/AVP 97', 'a=bundle-only']],
    ['a way out among its capabilities (RFC 5939)', ['m=audio 4 RTP/SAVP 0', good, 'a=tcap:1 RTP/AVP']],
    ['a weak suite among its capabilities', ['m=audio 4 RTP/SAVP 0', good, 'a=acap:1 crypto:2 NULL_HMAC_SHA1_80 inline:x']],
    ['a line with a blank before it, which another reader may take', ['m=audio 4 RTP/SAVP 0', good, ' m=video 6 RTP/AVP 97']],
    ['a malformed m= line', ['m=audio RTP/SAVP 0', good]],
    ['two blanks in an m= line', ['m=audio 4  RTP/SAVP 0', good]],
    ['an empty line in the middle', ['m=audio 4 RTP/SAVP 0', good, '', 'm=video 6 RTP/AVP 97']],
    ['129 media lines', Array(129).fill('m=audio 0 RTP/AVP 0')],
    ['65 crypto lines', ['m=audio 4 RTP/SAVP 0', ...Array(65).fill(good)]],
  ])('%s', (_, lines) => expect(judge(...lines)).toBe('mediaNotEncrypted'));

  it.each([
    ['empty', ''],
    ['not SDP', '<audio/>'],
    ['too long', sdp('m=audio 4 RTP/SAVP 0', good, `a=x:${'y'.repeat(65_535)}`)],
  ])('because it is %s, in words', (_, text) => {
    expect(judgeOffer(inspectSdp(text))).toBe('mediaNotEncrypted');
    expect(inspectSdp(text).problem).toMatch(/^The session description .*[^.]$/);
  });

  it.each(['\n', '\r'])('whatever its lines end in (%j)', (end) => {
    expect(judgeOffer(inspectSdp(offer.replaceAll('\r\n', end)))).toBe('ok');
    expect(judgeOffer(inspectSdp(sdp('m=audio 4 RTP/SAVP 0', good, `a=x${end}m=video 4 RTP/AVP 0`)))).toBe('mediaNotEncrypted');
  });
});

describe('inspectSdp', () => {
  it('tells what it saw and never a key', () => {
    const security = inspectSdp(sdp('m=audio 4/2 RTP/SAVP 0', `${good}|2^20|1:4`, 'm=video 0 UDP/TLS/RTP/SAVPF 97', sha256));
    expect(security).toEqual({
      problem: undefined,
      media: [
        {
          media: 'audio',
          port: 4,
          proto: 'RTP/SAVP',
          disabled: false,
          sdes: [{ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', ok: true, bits: 128 }],
          fingerprint: undefined,
          strength: 128,
        },
        { media: 'video', port: 0, proto: 'UDP/TLS/RTP/SAVPF', disabled: true, sdes: [], fingerprint: { hash: 'sha-256' }, strength: 128 },
      ],
    });
    const leaky = sdp(
      'm=audio 4 RTP/SAVP 0',
      'a=crypto:inline:SECRET SECRET',
      'a=crypto:1 SECRET/1 inline:SECRET',
      'a=fingerprint:SECRET= SECRET',
    );
    expect(JSON.stringify(inspectSdp(leaky))).not.toMatch(/SECRET|AB:AB/);
  });

  it('counts the weakest that may be chosen', () => {
    const strength = (...lines: string[]) => inspectSdp(sdp('m=audio 4 RTP/SAVP 0', ...lines)).media[0]?.strength;
    expect(strength(crypto('AES_256_CM_HMAC_SHA1_80', 46))).toBe(256);
    expect(strength(crypto('AES_256_CM_HMAC_SHA1_80', 46), good)).toBe(128);
    expect(strength(crypto('AES_256_CM_HMAC_SHA1_80', 46), sha256)).toBe(128);
  });

  it('knows keys in the signalling', () => {
    expect(usesSdes(inspectSdp(offer))).toBe(true);
    expect(usesSdes(inspectSdp(sdp('m=audio 4 UDP/TLS/RTP/SAVP 0', sha256)))).toBe(false);
    expect(usesSdes(inspectSdp(sdp('m=audio 0 RTP/SAVP 0', good)))).toBe(false);
  });
});

describe('judgeAnswer', () => {
  const answerTo = (offered: readonly string[], answered: readonly string[]) =>
    judgeAnswer(inspectSdp(sdp(...offered)), inspectSdp(sdp(...answered)));
  const audio = ['m=audio 4 RTP/SAVP 0', good];

  it('names what was settled on', () => {
    expect(answerTo(audio, audio)).toEqual({ ok: true, cipher: 'AES_CM_128_HMAC_SHA1_80' });
    const dtls = ['m=video 6 UDP/TLS/RTP/SAVP 97', sha256];
    expect(answerTo([...audio, ...dtls], [...audio, ...dtls])).toEqual({ ok: true, cipher: 'AES_CM_128_HMAC_SHA1_80+DTLS-SRTP' });
    expect(answerTo([...audio, ...audio], [...audio, 'm=audio 0 RTP/SAVP 0'])).toEqual({ ok: true, cipher: 'AES_CM_128_HMAC_SHA1_80' });
    expect(answerTo(audio, ['m=audio 0 RTP/SAVP 0'])).toEqual({ ok: true, cipher: 'no-media' });
  });

  it('refuses an answer in plain, and one by means that were not offered (RFC 4568 §5.1.3)', () => {
    expect(answerTo(audio, ['m=audio 4 RTP/AVP 0'])).toEqual({ ok: false, cipher: 'none' });
    expect(answerTo(audio, ['m=audio 4 RTP/SAVP 0', crypto('AES_256_CM_HMAC_SHA1_80', 46)])).toMatchObject({ ok: false });
    expect(judgeAnswer(inspectSdp(sdp(...audio)), inspectSdp(''))).toEqual({ ok: false, cipher: 'none' });
  });
});

describe('sdpOf', () => {
  const part = (...lines: string[]) => ['--b1', ...lines].join('\r\n');
  const mixed = (...parts: string[]) => `${parts.join('\r\n')}\r\n--b1--\r\n`;
  const sdpPart = part('Content-Type: application/sdp', '', offer);
  const of = (type: string | undefined, body: string, ...more: [string, string][]) =>
    sdpOf(SipRequest.create('INVITE', 'sip:a@b', [...(type === undefined ? [] : [['c', type] as [string, string]]), ...more], body));

  it('is the body', () => {
    expect(of('application/sdp', offer)).toBe(offer);
    expect(of('Application / SDP ; charset=utf-8', offer)).toBe(offer);
  });

  it('is a part of it', () => {
    expect(of('multipart/mixed;boundary=b1', mixed(part('Content-Type: application/isup', '', '\x01\x02'), sdpPart))).toBe(offer);
    expect(
      of('Multipart/Alternative; Boundary="b1"', `preamble\r\n${mixed(part('', 'text'), part('C: application/sdp', '', offer))}epilogue`),
    ).toBe(offer);
    const inner = `--b2\r\ncontent-type:application/sdp\r\n\r\n${offer}\r\n--b2--`;
    expect(of('multipart/signed;boundary=b1', mixed(part('Content-Type: multipart/mixed;boundary=b2', '', inner)))).toBe(offer);
    expect(of('multipart/mixed;boundary=b1', `--b1x\r\nno boundary\r\n${sdpPart}`)).toBe(offer);
  });

  it('is not there', () => {
    expect(of('application/sdp', '')).toBeUndefined();
    expect(of('application/isup', 'x')).toBeUndefined();
    expect(of('multipart/mixed;boundary=b1', mixed(part('Content-Type: text/plain', '', 'm=audio')))).toBeUndefined();
  });

  it('is taken for one where an endpoint might', () => expect(of(undefined, offer)).toBe(offer));

  it.each([
    ['compressed', of('application/sdp', offer, ['Content-Encoding', 'gzip'])],
    ['encrypted', of('application/pkcs7-mime; smime-type=enveloped-data', 'x')],
    ['elsewhere', of('message/external-body; access-type="URL"', 'x')],
    [
      'in base64',
      of('multipart/mixed;boundary=b1', mixed(part('Content-Type: application/sdp', 'Content-Transfer-Encoding: base64', '', 'dj0w'))),
    ],
    ['there twice', of('multipart/mixed;boundary=b1', mixed(sdpPart, sdpPart))],
    [
      'of two types',
      of('multipart/mixed;boundary=b1', mixed(part('Content-Type: text/plain', 'Content-Type: application/sdp', '', offer))),
    ],
    ['of no readable type', of('sdp', offer)],
    ['without a boundary', of('multipart/mixed', mixed(sdpPart))],
    ['without its boundary', of('multipart/mixed;boundary=other', mixed(sdpPart))],
    ['among too many parts', of('multipart/mixed;boundary=b1', mixed(...Array(40).fill(part('', 'x'))))],
  ])('is refused when it is %s', (_, text) => {
    expect(text).toBe('');
    expect(judgeOffer(inspectSdp(text ?? sdp()))).toBe('mediaNotEncrypted');
  });

  it('is refused when it is nested too deep', () => {
    let [type, body] = ['application/sdp', offer];
    for (let depth = 0; depth < 8; depth++) {
      body = `--n${depth}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n--n${depth}--`;
      type = `multipart/mixed;boundary=n${depth}`;
    }
    expect(of(type, body)).toBe('');
  });
});
