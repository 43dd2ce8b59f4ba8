import pino from 'pino';
import type { Call, CallRecord } from '../gatekeeper/calls/call.js';
import type { CallObserver } from '../gatekeeper/calls/calls.js';
import { endings, isRefusal, type ReasonCode, refusals } from '../gatekeeper/calls/reasons.js';
import { scrub } from './scrub.js';

export type Logger = pino.Logger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Stands on every line. */
  readonly instance: string;
  /** Where lines go; standard output by default. */
  readonly destination?: { write(line: string): void };
}

export interface Log {
  readonly logger: Logger;
  /** Resolves when what was logged is out. */
  close(): Promise<void>;
}

/** Lines that wait for a slow reader of our output: beyond, new ones are dropped rather than kept. */
const WAITING_BYTES = 8 * 1024 * 1024;
/** Lines gather for so long, or until there are so many bytes of them: a write costs four switches between threads, whatever it holds. */
const GATHER_MS = 100;
const GATHER_BYTES = 8192;
const OUTPUT_BUFFER = { dest: 1, sync: false, maxLength: WAITING_BYTES, minLength: GATHER_BYTES } as const;

/** JSON lines with ISO 8601 times and level names. Every line goes through `scrub`. */
export function openLog(options: LogOptions): Log {
  const output = options.destination ? undefined : pino.destination(OUTPUT_BUFFER);
  let gathering: NodeJS.Timeout | undefined;
  const gather = () => {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      output?.flush();
    }, GATHER_MS).unref();
  };
  const logger = pino(
    {
      level: options.level,
      base: { instance: options.instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      hooks: {
        streamWrite: (line) => {
          if (output) gather();
          return scrub(line);
        },
      },
    },
    options.destination ?? output ?? process.stdout,
  );
  return {
    logger,
    close: () =>
      new Promise((resolve, reject) => {
        clearTimeout(gathering);
        if (output) output.flush((error) => (error && !isUnsyncable(error) ? reject(error) : resolve()));
        else resolve();
      }),
  };
}

/** A pipe or socket cannot be synced to a disk (fsync(2), EINVAL); what was written to it is out all the same. */
function isUnsyncable(error: Error): boolean {
  return 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP');
}

function sentenceOf(reason: ReasonCode): string {
  return isRefusal(reason) ? refusals[reason].sip.warning : endings[reason].text;
}

/** Calls in the log: one line for each that ends here, and for each that comes from another instance or goes to one. */
export class CallLog implements CallObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  ended(record: CallRecord): void {
    this.#logger.info(callLogLine(record), 'call');
  }

  recordedElsewhere({ id, signallingId }: CallRecord): void {
    this.#logger.warn(
      { call: id, signallingId },
      'The call is over. Its record says instanceLost, as another instance wrote it while this one gave no sign of life',
    );
  }

  resumed({ id, attempt }: Call, from: string): void {
    this.#logger.info({ call: id, signallingId: attempt.signallingId, from }, 'A call came over from another instance');
  }

  left({ id, attempt }: Call): void {
    this.#logger.info({ call: id, signallingId: attempt.signallingId }, 'A call went over to another instance');
  }
}

/** One line a call: what a technician looks for first. The rest is in the call record of the same id. */
export function callLogLine(record: CallRecord): Readonly<Record<string, string | number | boolean>> {
  const { caller, callee, answer } = record;
  const line: Record<string, string | number | boolean> = {
    call: record.id,
    signallingId: record.signallingId,
    protocol: caller.protocol,
    from: caller.alias,
    fromZone: caller.zone,
    dialled: record.dialled,
    reason: record.reason,
    refused: isRefusal(record.reason),
    durationSeconds: record.durationSeconds,
  };
  // What the caller was told is what the technician has to act on.
  if (record.reason !== 'completed') line.why = record.detail ?? sentenceOf(record.reason);
  if (caller.organisation !== undefined) line.fromOrganisation = caller.organisation;
  if (callee) {
    line.to = callee.alias;
    line.toZone = callee.zone;
    if (callee.organisation !== undefined) line.toOrganisation = callee.organisation;
  }
  if (record.route !== null) line.route = record.route;
  if (answer !== null) line.setupSeconds = (Date.parse(answer) - Date.parse(record.start)) / 1000;
  if (record.status !== null) line.status = record.status;
  if (record.cipher !== null) line.cipher = record.cipher;
  return line;
}
