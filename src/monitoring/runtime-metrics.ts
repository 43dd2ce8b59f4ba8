import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const NS_PER_SECOND = 1e9;
const SAMPLE_MS = 20;

/**
 * The process and its event loop. Process metrics have the names every Prometheus client library gives them, so that ready-made rules
 * and dashboards fit. Gives what stops the sampling.
 */
export function watchRuntime(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delay.enable();
  const registers = [registry];

  new Gauge({
    name: 'portvakt_event_loop_delay_seconds',
    help: 'How late the event loop was since the last scrape: what every call waits when it is busy',
    labelNames: ['quantile'],
    registers,
    collect() {
      // The sampler's own period is part of what it measures.
      const late = (ns: number) => Math.max(0, ns / NS_PER_SECOND - SAMPLE_MS / 1000);
      for (const quantile of [0.5, 0.9, 0.99, 1]) this.set({ quantile }, late(delay.percentile(quantile * 100)));
      delay.reset();
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, seconds since 1970',
    registers,
    collect() {
      this.set(Date.now() / 1000 - process.uptime());
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory in use, as the system counts it',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'portvakt_heap_used_bytes',
    help: 'JavaScript heap in use',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  if (process.platform === 'linux') {
    new Gauge({
      name: 'process_open_fds',
      help: 'Open files and sockets',
      registers,
      async collect() {
        this.set((await readdir('/proc/self/fd')).length - 1); // one is the listing's own
      },
    });
  }
  return () => {
    delay.disable();
  };
}
