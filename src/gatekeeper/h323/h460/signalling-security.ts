import type { FeatureDescriptor, FeatureSet, GenericIdentifier } from '../asn1/h225.js';
import { type SocketAddress, socketAddress, transportAddress } from '../ras/transport-address.js';

/*
 * H.460.22: an endpoint and its gatekeeper tell each other, in GRQ/GCF and RRQ/RCF, where call signalling is spoken over TLS.
 * The feature is 22; its parameter 1 says TLS, and holds 1 the priority (the lowest first) and 2 the address.
 */

/** The number of the feature among those of H.460. */
export const SIGNALLING_SECURITY = 22;
const TLS = 1;
const PRIORITY = 1;
const CONNECTION_ADDRESS = 2;

/** Where the sender takes call signalling over TLS; undefined: it said nothing of it. */
export function tlsAddressIn(features: FeatureSet | undefined): SocketAddress | undefined {
  const all = [features?.neededFeatures, features?.desiredFeatures, features?.supportedFeatures].flatMap((list) => list ?? []);
  const feature = all.find(({ id }) => isStandard(id, SIGNALLING_SECURITY));
  const tls = feature?.parameters?.find(({ id }) => isStandard(id, TLS))?.content;
  if (tls?.type !== 'compound') return undefined;
  const address = tls.value.find(({ id }) => isStandard(id, CONNECTION_ADDRESS))?.content;
  return address?.type === 'transport' ? socketAddress(address.value) : undefined;
}

/** What we say of ourselves to an endpoint that spoke of TLS. */
export function tlsFeature(address: SocketAddress): FeatureDescriptor {
  const compound = [
    { id: standard(PRIORITY), content: { type: 'number8', value: 1 } as const },
    { id: standard(CONNECTION_ADDRESS), content: { type: 'transport', value: transportAddress(address) } as const },
  ];
  return { id: standard(SIGNALLING_SECURITY), parameters: [{ id: standard(TLS), content: { type: 'compound', value: compound } }] };
}

export function isStandard(id: GenericIdentifier, value: number): boolean {
  return id.type === 'standard' && id.value === value;
}

function standard(value: number): GenericIdentifier {
  return { type: 'standard', value };
}
