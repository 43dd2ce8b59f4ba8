import { formatFinding } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';
import { openLog } from '../monitoring/log.js';
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
    await untilStopped(service, config.sip.timers.drainSeconds * 1000);
    log.logger.info('stopped');
    return 0;
  } catch (error) {
    console.error(`portvakt: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await log.close();
  }
}

/** SIGHUP reads the plan again; the first SIGTERM or SIGINT drains and stops, a second one does not wait for calls. */
async function untilStopped(service: Service, drainMs: number): Promise<void> {
  // The sockets alone keep the process up; this does while they close.
  const alive = setInterval(() => undefined, 60_000);
  const reload = () => void service.reloadPlan();
  process.on('SIGHUP', reload);
  try {
    const hurry = new AbortController();
    await new Promise<void>((resolve) => {
      const stop = () => {
        resolve();
        if (stopping) hurry.abort();
        stopping = true;
      };
      let stopping = false;
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
    });
    const hurried = new Promise<void>((resolve) => hurry.signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([service.drain(drainMs), hurried]);
    await service.close();
  } finally {
    process.off('SIGHUP', reload);
    clearInterval(alive);
  }
}
