import { fileURLToPath } from 'node:url';
import type { H323UserInformation } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { readH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { TpktFramer } from '../../../../src/gatekeeper/h323/q931/tpkt.js';
import { readCapture } from '../../../support/pcap.js';

const CALL_SIGNALLING = 1720;

/** What a capture holds of H.245. */
export interface CapturedH245 {
  /** Each from an `h245Control` of call signalling. */
  readonly tunnelled: readonly Uint8Array[];
  /** Each from a TPKT of an H.245 connection. */
  readonly separate: readonly Uint8Array[];
  /** Each an OpenLogicalChannel from a `fastStart`. */
  readonly fastStart: readonly Uint8Array[];
}

export function capturedH245(name: string): CapturedH245 {
  const tunnelled: Uint8Array[] = [];
  const separate: Uint8Array[] = [];
  const fastStart: Uint8Array[] = [];
  for (const { transport, from, to, payload } of readCapture(
    fileURLToPath(new URL(`../../../fixtures/h323/${name}.pcap`, import.meta.url)),
  )) {
    if (transport !== 'tcp') continue;
    const framer = new TpktFramer();
    const { payloads, loss } = framer.push(payload);
    if (loss || framer.partial) throw new Error(`${name}: the stream from port ${from.port} does not end with a whole TPKT`);
    if (from.port !== CALL_SIGNALLING && to.port !== CALL_SIGNALLING) {
      separate.push(...payloads);
      continue;
    }
    for (const packet of payloads) {
      const read = readH225(packet);
      const fault = read.ok ? read.unreadable : read.error;
      if (!read.ok || fault !== undefined) throw new Error(`${name}: ${fault}`);
      const uuie = read.message.uuie?.['h323-uu-pdu'];
      if (!uuie) continue;
      tunnelled.push(...(uuie.h245Control ?? []));
      fastStart.push(...fastStartOf(uuie['h323-message-body']));
    }
  }
  return { tunnelled, separate, fastStart };
}

function fastStartOf(body: H323UserInformation['h323-uu-pdu']['h323-message-body']): readonly Uint8Array[] {
  if (body.type === 'unknown' || body.value === null) return [];
  return 'fastStart' in body.value ? (body.value.fastStart ?? []) : [];
}
