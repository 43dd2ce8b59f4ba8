import type { WebRtcServer, Worker } from 'mediasoup/types';
import { listenInfo } from './listen.js';
import type { MediaSettings } from './media-settings.js';

const servers = new WeakMap<Worker, Promise<WebRtcServer>>();

/** One port, UDP and TCP, for all browsers of a worker: what a firewall has to let through. Closes with its worker. */
export function webRtcServerOf(worker: Worker, settings: MediaSettings): Promise<WebRtcServer> {
  const known = servers.get(worker);
  if (known) return known;
  const listenInfos = settings.addresses.flatMap((_, index) => [listenInfo(settings, 'udp', index), listenInfo(settings, 'tcp', index)]);
  const made = worker.createWebRtcServer({ listenInfos });
  servers.set(worker, made);
  made.catch(() => servers.delete(worker));
  return made;
}
