/**
 * Waits until `look` finds something (neither undefined nor false), and gives it back. Looks again with every turn of a short timer: a
 * condition in another process, or across a socket, tells nobody when it comes true.
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: () => string,
  ms = 10_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`Waited ${ms} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
