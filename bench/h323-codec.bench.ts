import { rasMessage, userInformation } from '../src/gatekeeper/h323/asn1/h225.js';
import type { Codec } from '../src/gatekeeper/h323/asn1/per/codec.js';
import { admissionRequest, plainAdmissionRequest, registrationRequest, setup } from '../test/gatekeeper/h323/asn1/samples.js';
import { atLeast, plain, print, type Row } from './row.js';

/** Calls a second: the best of many rounds of a millisecond, so that neither the collector nor a neighbour on the core counts. */
function perSecond(work: () => unknown): number {
  const calls = 200;
  let sink: unknown;
  for (let i = 0; i < 30_000; i++) sink = work();
  let best = 0;
  for (let round = 0; round < 600; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) sink = work();
    best = Math.max(best, (calls * 1e9) / Number(process.hrtime.bigint() - began));
  }
  if (sink === undefined) throw new Error('nothing was done');
  return best;
}

function rows<T>(name: string, codec: Codec<T>, bytes: Buffer, target?: number): Row[] {
  const value = codec.decode(bytes);
  if (!codec.encode(value).equals(bytes)) throw new Error(`${name}: written, it is not what was read`);
  const both = perSecond(() => codec.encode(codec.decode(bytes)));
  const title = `${name}: decode and encode`;
  return [
    target === undefined ? plain(title, both, '1/s') : atLeast(title, both, '1/s', target),
    plain(
      `${name}: decode`,
      perSecond(() => codec.decode(bytes)),
      '1/s',
    ),
    plain(
      `${name}: encode`,
      perSecond(() => codec.encode(value)),
      '1/s',
    ),
  ];
}

// In this order: what the first has made the engine believe, the last has to live with, as in a service.
print([
  ...rows('RRQ with three tokens', rasMessage, registrationRequest),
  ...rows('Setup with fast start', userInformation, setup),
  ...rows('ARQ', rasMessage, plainAdmissionRequest, 150_000),
  ...rows('ARQ with three tokens', rasMessage, admissionRequest),
]);
