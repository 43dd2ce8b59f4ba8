import type { RoomLineId, RoomLineLocal, RoomLineOptions } from '../../../src/bridge/media/media.js';
import { key } from './offers.js';

let port = 40_000;

/** Our half of a line, as the media plane would give it. */
export function localFor(options: RoomLineOptions): RoomLineLocal {
  port += 2;
  const address = '203.0.113.5';
  const common = { address, port, rtcpPort: options.rtcpMux ? undefined : port + 1 };
  if (options.encryption.kind === 'sdes') {
    const bytes = { AES_CM_128_HMAC_SHA1_80: 30, AEAD_AES_128_GCM: 28, AEAD_AES_256_GCM: 44 }[options.encryption.suite];
    return { ...common, key: key(bytes), dtls: undefined };
  }
  return {
    ...common,
    key: undefined,
    dtls: {
      ice: { usernameFragment: 'ufrag123', password: 'passwordpasswordpassword', iceLite: true },
      candidates: [{ foundation: 'udpcandidate', priority: 1076558079, ip: address, address, protocol: 'udp', port, type: 'host' }],
      parameters: { role: 'auto', fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }] },
    },
  };
}

export function localsFor(
  lines: readonly { readonly id: RoomLineId; readonly options: RoomLineOptions }[],
): Map<RoomLineId, RoomLineLocal> {
  return new Map(lines.map(({ id, options }) => [id, localFor(options)]));
}
