import type { FeatureSet } from '../asn1/h225.js';
import type { SocketAddress } from '../ras/transport-address.js';
import { isStandard, SIGNALLING_SECURITY, tlsAddressIn, tlsFeature } from './signalling-security.js';

/**
 * The features of the H.460 series that this gatekeeper has, as RAS negotiates them. One so far: call signalling over TLS, where we listen
 * for it (`tlsAddress`: our address for who reaches us at this RAS listener).
 */
export class Features {
  readonly #tlsAddress: (local: SocketAddress) => SocketAddress | undefined;

  constructor(tlsAddress: (local: SocketAddress) => SocketAddress | undefined) {
    this.#tlsAddress = tlsAddress;
  }

  /** What stands in a confirm for what was in the request; undefined: nothing. Nobody is told of what it did not speak of itself. */
  answer(asked: FeatureSet | undefined, local: SocketAddress): FeatureSet | undefined {
    const named = allOf(asked).some(({ id }) => isStandard(id, SIGNALLING_SECURITY));
    const own = named ? this.#tlsAddress(local) : undefined;
    return own && { replacementFeatureSet: false, supportedFeatures: [tlsFeature(own)] };
  }

  /** Whether everything that the other side needs is there. */
  hasNeeded(asked: FeatureSet): boolean {
    return (asked.neededFeatures ?? []).every(({ id }) => isStandard(id, SIGNALLING_SECURITY));
  }

  /** Where the other side takes call signalling over TLS. */
  tlsAddress(features: FeatureSet): SocketAddress | undefined {
    return tlsAddressIn(features);
  }
}

function allOf(set: FeatureSet | undefined) {
  return [...(set?.neededFeatures ?? []), ...(set?.desiredFeatures ?? []), ...(set?.supportedFeatures ?? [])];
}
