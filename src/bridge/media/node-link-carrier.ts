import { WebSocket } from 'ws';
import { type Clock, systemClock, type Timer } from '../../clock.js';
import type { Carrier } from './rpc.js';

/** The largest message, in bytes: codec lists of a page and no more. */
export const maxMessage = 256 * 1024;
/** What may wait to be sent; a node that reads so slowly is of no use. */
const maxBacklog = 4 * 1024 * 1024;

/** Values as JSON over an open WebSocket. A far end that gives no sign of life for two turns of `beatMs` is gone. */
export function webSocketCarrier(socket: WebSocket, beatMs = 2000, clock: Clock = systemClock): Carrier {
  let missed = 0;
  let beat: Timer | undefined;
  const watch = (): void => {
    beat = clock.after(beatMs, () => {
      missed += 1;
      if (missed > 2) return socket.terminate();
      socket.ping();
      watch();
    });
  };
  return {
    post: (message) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > maxBacklog) return socket.terminate();
      socket.send(JSON.stringify(message));
    },
    listen: ({ message, closed }) => {
      socket.on('pong', () => {
        missed = 0;
      });
      socket.on('message', (data) => {
        missed = 0;
        const value = read(String(data));
        if (value === undefined) socket.terminate();
        else message(value);
      });
      socket.once('close', () => {
        beat?.cancel();
        closed();
      });
      // `close` follows, and says all that there is to say.
      socket.on('error', () => undefined);
      watch();
    },
    close: () => {
      beat?.cancel();
      socket.terminate();
    },
  };
}

/** JSON has no `undefined`: an argument that was left out comes as null. No argument of a part is null. */
function read(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if ('args' in value && Array.isArray(value.args)) return { ...value, args: value.args.map((arg: unknown) => arg ?? undefined) };
    return value;
  } catch {
    return undefined;
  }
}
