/** Session descriptions as endpoints write them; all for audio on 127.0.0.1. */

function sdp(protocol: string, lines: readonly string[], port: number): string {
  const head = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} ${protocol} 8`];
  return `${[...head, 'a=rtpmap:8 PCMA/8000', ...lines].join('\r\n')}\r\n`;
}

/** 30 bytes: a master key and salt for AES-128 (RFC 4568 §6.1). Looks like a secret, and must be treated as one by whoever logs. */
export const sdesKey = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';

/** SRTP with the key in the text (RFC 4568). */
export const sdes = (direction = 'sendrecv', port = 40_000) =>
  sdp('RTP/SAVP', [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${sdesKey}`, `a=${direction}`], port);

/** Keys by DTLS (RFC 5763). */
export const dtls = (port = 40_000) => {
  const fingerprint = Array.from({ length: 32 }, (_, index) => (index + 16).toString(16).toUpperCase()).join(':');
  return sdp('UDP/TLS/RTP/SAVP', [`a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:actpass'], port);
};

/** No encryption at all. */
export const plain = (port = 40_000) => sdp('RTP/AVP', [], port);
