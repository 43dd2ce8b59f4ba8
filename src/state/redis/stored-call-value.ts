import type { StoredCall } from '../call-store.js';

/**
 * How a call stands in Redis: `<schema>\t<owner>\t<first owner>\t<licences>\t<JSON>`; calls.lua reads all but the JSON. What a later version
 * adds to the JSON an older one does not look at; only what an older one would misread has a new schema, and is left to newer instances.
 */
export const CALL_SCHEMA = 1;

export function ownerOf(value: string): string {
  const at = value.indexOf('\t') + 1;
  return value.slice(at, value.indexOf('\t', at));
}

/** From the licences on, as `taken` reads it. */
export function restOf(value: string): string {
  let at = 0;
  for (let fields = 0; fields < 3; fields++) at = value.indexOf('\t', at) + 1;
  return value.slice(at);
}

export function callJson({ begun, callee, answer, dialog }: StoredCall): string {
  return JSON.stringify({ begun, callee, answer, dialog });
}

/** Reads `<licences>\t<JSON>`. Without a call: somebody else wrote it. */
export function readTaken(rest: string): { readonly call: StoredCall | undefined; readonly licences: readonly string[] } {
  const at = rest.indexOf('\t');
  const licences = rest.slice(0, Math.max(0, at)).split(',').filter(Boolean);
  try {
    const { begun, callee, answer, dialog }: StoredCall = JSON.parse(rest.slice(at + 1));
    const isCall = typeof begun.id === 'string' && typeof begun.signallingId === 'string';
    return { call: isCall ? { begun, callee: callee ?? null, answer, dialog } : undefined, licences };
  } catch {
    return { call: undefined, licences };
  }
}
