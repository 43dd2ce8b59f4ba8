import type { Zone } from '../../plan/plan.js';
import { hexOf } from '../call-identifier.js';
import type { Incoming, RasContext } from './context.js';

/** H.225.0 version 7, whose additions we write. */
export const PROTOCOL_IDENTIFIER = '0.0.8.2250.0.7';

/** The type of a CHOICE of NULLs, in which a reason is named alone. */
type Plain<T> = T extends { readonly type: infer K; readonly value: null } ? { readonly type: K; readonly value: null } : never;

/** A reason without parameters. */
export function plain<T extends { readonly type: string; readonly value: unknown }>(type: Plain<T>['type']): T {
  return { type, value: null } as T;
}

/** Any version of H.225.0: they are all one protocol (`0.0.8.2250.0.N`). */
export function isH225(protocolIdentifier: string): boolean {
  return protocolIdentifier.startsWith('0.0.8.2250.0.');
}

const NO_GUID = '0'.repeat(32);

/** How a call is called: its callIdentifier, or the conferenceID of an endpoint of H.323 version 1, which knows no other name. */
export function callIdOf(request: {
  readonly callIdentifier?: { readonly guid: Uint8Array } | undefined;
  readonly conferenceID: Uint8Array;
}): string {
  const identifier = request.callIdentifier && hexOf(request.callIdentifier.guid);
  return identifier === undefined || identifier === NO_GUID ? hexOf(request.conferenceID) : identifier;
}

export interface Rejected {
  readonly type: string;
  readonly reason: string;
  readonly sentence: string;
  readonly endpointId?: string | undefined;
  readonly zone?: Zone | undefined;
}

/** Tells whoever reads the log why a request was rejected, and what to do. */
export function tell({ observer }: RasContext, { from }: Incoming, { type, reason, sentence, endpointId, zone }: Rejected): void {
  observer.rejected({ type, reason, sentence, source: from.address, endpointId, zone: zone?.id });
}
