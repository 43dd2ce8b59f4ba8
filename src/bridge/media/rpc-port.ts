import type { MessagePort, Worker } from 'node:worker_threads';
import type { Carrier } from './rpc.js';

/** Carries values to a thread (given its Worker) or out of one (given its parentPort). */
export function portCarrier(port: Worker | MessagePort, ended: 'exit' | 'close'): Carrier {
  let open = true;
  return {
    post: (message) => {
      if (open) port.postMessage(message);
    },
    listen: ({ message, closed }) => {
      port.on('message', message);
      port.once(ended, () => {
        open = false;
        closed();
      });
    },
    close: () => {
      open = false;
    },
  };
}
