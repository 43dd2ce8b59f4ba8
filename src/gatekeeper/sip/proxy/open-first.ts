import type { Flow, Target, TransportLayer } from '../transport/flow.js';

/** The first of the addresses that can be reached. */
export async function openFirst(
  { transports }: { readonly transports: Pick<TransportLayer, 'flowTo'> },
  targets: readonly Target[],
): Promise<Flow | undefined> {
  for (const target of targets) {
    try {
      return await transports.flowTo(target);
    } catch {
      // Not this address; RFC 3263 §4.3 goes on to the next. None left: the caller of this function hears undefined.
    }
  }
  return undefined;
}
