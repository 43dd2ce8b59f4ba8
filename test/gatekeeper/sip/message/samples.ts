/** Messages as room systems send them; the ones that are measured and mutated. */
const crypto = 'AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';

export const register = [
  'REGISTER sip:norr.example SIP/2.0',
  'Via: SIP/2.0/TLS 10.1.2.3:5061;branch=z9hG4bK776asdhds;rport',
  'Max-Forwards: 70',
  'From: "Rum 1" <sip:461010001@norr.example>;tag=a73kszlfl',
  'To: "Rum 1" <sip:461010001@norr.example>',
  'Call-ID: 1j9FpLxk3uxtm8tn@10.1.2.3',
  'CSeq: 2 REGISTER',
  'Contact: <sip:461010001@10.1.2.3:5061;transport=tls>;expires=600;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"',
  'Supported: path, outbound, gruu',
  'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS',
  'User-Agent: Room-System/11',
  'Authorization: Digest username="461010001", realm="norr.example", nonce="abcdefghij0123456789", uri="sip:norr.example", ' +
    'response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, cnonce="0a4f113b"',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

export const offer = [
  'v=0',
  'o=- 1 1 IN IP4 10.1.2.3',
  's=-',
  'c=IN IP4 10.1.2.3',
  't=0 0',
  'm=audio 2326 RTP/SAVP 100 8 0',
  'a=rtpmap:100 opus/48000/2',
  'a=rtpmap:8 PCMA/8000',
  `a=crypto:1 ${crypto}|2^20|1:4`,
  'a=sendrecv',
  'm=video 2328 RTP/SAVP 97',
  'a=rtpmap:97 H264/90000',
  'a=fmtp:97 profile-level-id=42e01f;max-br=4000',
  `a=crypto:1 ${crypto}`,
  '',
].join('\r\n');

export const invite = [
  'INVITE sip:461020002@syd.example SIP/2.0',
  'Via: SIP/2.0/TLS 10.1.2.3:5061;branch=z9hG4bK776asdhds;rport',
  'Max-Forwards: 70',
  'From: "Rum 1" <sip:461010001@norr.example>;tag=a73kszlfl',
  'To: <sip:461020002@syd.example>',
  'Call-ID: 1j9FpLxk3uxtm8tn@10.1.2.3',
  'CSeq: 101 INVITE',
  'Contact: <sip:461010001@10.1.2.3:5061;transport=tls>',
  'Route: <sip:gk.portvakt.example;lr>',
  'Supported: timer, replaces',
  'Session-Expires: 1800;refresher=uac',
  'Min-SE: 90',
  'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO',
  'User-Agent: Room-System/11 (a name of some length, as they have)',
  'P-Asserted-Identity: "Rum 1" <sip:461010001@norr.example>',
  'Session-ID: 00000000000000000000000000000001;remote=00000000000000000000000000000000',
  'Content-Type: application/sdp',
  `Content-Length: ${offer.length}`,
  '',
  offer,
].join('\r\n');

export const ringing = [
  'SIP/2.0 180 Ringing',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport=5060;received=192.0.2.1',
  'Via: SIP/2.0/TLS 10.1.2.3:5061;branch=z9hG4bK776asdhds',
  'Record-Route: <sip:192.0.2.1;lr>, <sip:gk.portvakt.example:5061;transport=tls;lr>',
  'From: "Rum 1" <sip:461010001@norr.example>;tag=a73kszlfl',
  'To: <sip:461020002@syd.example>;tag=xyz',
  'Call-ID: 1j9FpLxk3uxtm8tn@10.1.2.3',
  'CSeq: 101 INVITE',
  'Contact: <sip:461020002@10.9.8.7>',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

/** What a proxy gets through in a day. */
export const samples = [register, invite, ringing] as const;
