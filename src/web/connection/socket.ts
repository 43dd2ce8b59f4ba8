import { type ClientEvents, ConnectionError, ProtocolClient } from './client.js';
import { PROTOCOL } from './protocol-name.js';

/** Where this page's service listens. */
export function socketUrl(location: Location): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

/**
 * Opens a WebSocket and speaks the protocol over it.
 *
 * @param withinMs so long it may take to open
 * @throws {ConnectionError} when it does not open
 */
export function connect(url: string, events: ClientEvents, withinMs: number): Promise<ProtocolClient> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, PROTOCOL);
    const client = new ProtocolClient({ send: (text) => socket.send(text), close: () => socket.close(1000) }, events);
    const tooLate = setTimeout(() => socket.close(), withinMs);
    socket.onopen = () => {
      clearTimeout(tooLate);
      socket.onclose = () => client.closed();
      resolve(client);
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') client.receive(data);
    };
    socket.onclose = () => {
      clearTimeout(tooLate);
      reject(new ConnectionError('the service cannot be reached'));
    };
  });
}
