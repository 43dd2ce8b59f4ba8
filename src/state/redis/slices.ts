/** So long other work waits at most, if no item takes longer by itself. */
const SLICE_MS = 5;

/** Takes all items in order, with pauses in which other work has its turn: a request must not wait for 100,000 of them. */
export async function inSlices<T>(items: Iterable<T>, take: (item: T) => void): Promise<void> {
  let end = performance.now() + SLICE_MS;
  for (const item of items) {
    if (performance.now() > end) {
      await new Promise((resolve) => setImmediate(resolve));
      end = performance.now() + SLICE_MS;
    }
    take(item);
  }
}
