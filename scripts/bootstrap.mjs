#!/usr/bin/env node
/**
 * From a clone to a running Portvakt, with Node's own modules only: what is missing is installed, compiled or built first.
 *
 *   node scripts/bootstrap.mjs start [options of `portvakt serve`]
 *   node scripts/bootstrap.mjs test  [options of vitest]
 *   node scripts/bootstrap.mjs bench [options of the benchmarks]
 *   node scripts/bootstrap.mjs build     packages and compiled code, nothing more
 *   node scripts/bootstrap.mjs worker    mediasoup's worker, nothing more
 */
import { bench, build, start, test, worker } from './bootstrap/commands.mjs';
import { fail } from './bootstrap/say.mjs';

const commands = { start, test, bench, build, worker };

const [name = '', ...args] = process.argv.slice(2);

if (!Object.hasOwn(commands, name)) {
  fail(`there is no command "${name}": use one of ${Object.keys(commands).join(', ')}`);
} else {
  try {
    await commands[/** @type {keyof typeof commands} */ (name)](args);
  } catch (error) {
    fail(error);
  }
}
