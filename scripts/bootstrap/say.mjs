/** Words to the person at the terminal. All on stderr: stdout belongs to what was asked for (`portvakt route --json | …`). */

/** A failure that is told as one sentence, without a stack: the person can do something about it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`portvakt: ${line}\n`);
}

/**
 * Says what went wrong.
 *
 * @param {unknown} problem
 */
export function sayProblem(problem) {
  if (problem instanceof SetupError) say(problem.message);
  else say(problem instanceof Error ? (problem.stack ?? problem.message) : String(problem));
}

/**
 * Says what went wrong and makes this process end with 1.
 *
 * @param {unknown} problem
 */
export function fail(problem) {
  sayProblem(problem);
  process.exitCode = 1;
}
