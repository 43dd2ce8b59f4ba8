import { formatFinding } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';
import { type Logger, openLog } from '../monitoring/log.js';
import { Service } from '../service.js';
import { aborted, Signals } from './signals.js';
import { welcome } from './welcome.js';

/** `portvakt serve`: runs until SIGTERM or SIGINT. 0: stopped in an orderly way; 1: it could not start. */
export async function serve(configPath: string): Promise<number> {
  const signals = new Signals();
  const { service: config, plan, findings } = await loadConfiguration(configPath);
  for (const finding of findings) console.error(formatFinding(finding));
  if (!config || !plan) {
    signals.close();
    console.error('portvakt: not started; correct the errors above');
    return 1;
  }
  const log = openLog({ level: config.log.level, instance: config.instance });
  try {
    const service = await Service.start({ config, plan, logger: log.logger });
    console.log(welcome(service, configPath));
    const listeners = [...service.listeners, ...service.h323Listeners];
    log.logger.info({ listeners, http: service.url, revision: service.plan.revision, pid: process.pid }, 'started');
    await untilStopped(service, signals, config.sip.timers.drainSeconds, log.logger);
    log.logger.info('stopped');
    return 0;
  } catch (error) {
    console.error(`portvakt: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    signals.close();
    await log.close();
  }
}

/** SIGHUP reads the plan and the TLS files again; the first SIGTERM or SIGINT drains and stops, a second one does not wait for calls. */
async function untilStopped(service: Service, signals: Signals, drainSeconds: number, logger: Logger): Promise<void> {
  // The sockets alone keep the process up; this does while they close.
  const alive = setInterval(() => undefined, 60_000);
  signals.onReload(() => void Promise.all([service.reloadPlan(), service.renewTls()]));
  try {
    await aborted(signals.stop.signal);
    const calls = service.activeCalls;
    logger.info({ calls, drainSeconds }, `stopping: ${calls} call${calls === 1 ? '' : 's'} in progress, waiting at most ${drainSeconds} s`);
    await Promise.race([service.drain(drainSeconds * 1000), aborted(signals.hurry.signal)]);
    await service.close();
  } finally {
    clearInterval(alive);
  }
}
