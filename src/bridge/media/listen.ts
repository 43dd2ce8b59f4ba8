import type { TransportListenInfo } from 'mediasoup/types';
import type { MediaSettings } from './media-settings.js';

/** mediasoup's words for our addresses and ports. */
export function listenInfo({ addresses, ports }: MediaSettings, protocol: 'udp' | 'tcp', index = 0): TransportListenInfo {
  const own = addresses[index];
  if (!own) throw new Error('the media plane has no address to listen on');
  return {
    protocol,
    ip: own.address,
    ...(own.advertised === undefined ? {} : { announcedAddress: own.advertised }),
    ...(ports.to > 0 ? { portRange: { min: ports.from, max: ports.to } } : {}),
  };
}
