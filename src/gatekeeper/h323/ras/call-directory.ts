/** The calls that signalling knows, as RAS asks for them. */
export interface CallDirectory {
  /** @param callIdentifier 32 hexadecimal digits in lower case */
  find(callIdentifier: string): RasCall | undefined;
}

export interface RasCall {
  /** Ids of the registered endpoints that take part or are being rung. */
  readonly endpoints: readonly string[];
  /** The endpoint said by DRQ, or in an IRR, that the call is over for it. `reason`: `normalDrop`, `forcedDrop`, `undefinedReason`. */
  disengaged(endpointId: string, reason: string): void;
}
