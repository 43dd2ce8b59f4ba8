import { loadConfiguration } from '../src/config/load.js';
import { openLog } from '../src/monitoring/log.js';
import { Service } from '../src/service.js';

/** The service as `portvakt serve` runs it, in a process that also tells how much memory it holds when everything loose is collected. */
export interface MemoryReport {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export interface Ready {
  readonly port: number;
  readonly url: string;
}

const [, , configPath = ''] = process.argv;
const { service: config, plan } = await loadConfiguration(configPath);
const { gc } = globalThis;
if (!config || !plan || !gc) throw new Error('Started without a good configuration, or without --expose-gc');
const log = openLog({ level: config.log.level, instance: config.instance });
const service = await Service.start({ config, plan, logger: log.logger });

process.on('message', (wish) => {
  if (wish === 'memory') {
    // What the first collection lets go of by finalizers, the second one takes.
    gc();
    gc();
    const { heapUsed, rss } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, rssBytes: rss } satisfies MemoryReport);
  }
});
process.once('disconnect', () => {
  service
    .close()
    .then(() => log.close())
    .then(() => process.exit(0))
    .catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
});
const port = Number(/:(\d+);/.exec(service.listeners[0] ?? '')?.[1]);
process.send?.({ port, url: service.url } satisfies Ready);
