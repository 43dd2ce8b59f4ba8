import { isatty } from 'node:tty';
import { formatFinding } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';
import { type Logger, openLog } from '../monitoring/log.js';
import { Service } from '../service.js';
import { welcome } from './welcome.js';

/** `portvakt serve`: runs until SIGTERM or SIGINT. 0: stopped in an orderly way; 1: it could not start. */
export async function serve(configPath: string): Promise<number> {
  const { service: config, plan, findings } = await loadConfiguration(configPath);
  for (const finding of findings) console.error(formatFinding(finding));
  if (!config || !plan) {
    console.error('portvakt: not started; correct the errors above');
    return 1;
  }
  const log = openLog({ level: config.log.level, instance: config.instance });
  try {
    const service = await Service.start({ config, plan, logger: log.logger });
    console.log(welcome(service, configPath));
    log.logger.info({ listeners: service.listeners, http: service.url, revision: service.plan.revision, pid: process.pid }, 'started');
    await untilStopped(service, config.sip.timers.drainSeconds, log.logger);
    log.logger.info('stopped');
    return 0;
  } catch (error) {
    console.error(`portvakt: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await log.close();
  }
}

/** SIGHUP reads the plan and the TLS files again; the first SIGTERM or SIGINT drains and stops, a second one does not wait for calls. */
async function untilStopped(service: Service, drainSeconds: number, logger: Logger): Promise<void> {
  // The sockets alone keep the process up; this does while they close.
  const alive = setInterval(() => undefined, 60_000);
  const stop = new AbortController();
  const hurry = new AbortController();
  const onStop = () => (stop.signal.aborted ? hurry : stop).abort();
  const terminal = isatty(process.stdout.fd);
  const onHangup = () => {
    // A terminal that was closed sends SIGHUP too, and nobody would find a service that goes on without it.
    if (terminal && !isatty(process.stdout.fd)) onStop();
    else void Promise.all([service.reloadPlan(), service.renewTls()]);
  };
  process.on('SIGHUP', onHangup).on('SIGTERM', onStop).on('SIGINT', onStop);
  try {
    await aborted(stop.signal);
    const calls = service.activeCalls;
    logger.info({ calls, drainSeconds }, `stopping: ${calls} call${calls === 1 ? '' : 's'} in progress, waiting at most ${drainSeconds} s`);
    await Promise.race([service.drain(drainSeconds * 1000), aborted(hurry.signal)]);
    await service.close();
  } finally {
    process.off('SIGHUP', onHangup).off('SIGTERM', onStop).off('SIGINT', onStop);
    clearInterval(alive);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
