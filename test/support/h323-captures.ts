import { fileURLToPath } from 'node:url';
import { TpktFramer } from '../../src/gatekeeper/h323/q931/tpkt.js';
import { readCapture } from './pcap.js';

/** The captures of test/fixtures/h323, whose README says what each shows. */
export const captureNames = ['plain-tunnelled', 'separate-h245', 'fast-start', 'h235-password'] as const;
export type CaptureName = (typeof captureNames)[number];

const RAS = 1719;
const CALL_SIGNALLING = 1720;

export interface CapturedMessages {
  /** RAS datagrams. */
  readonly ras: readonly Buffer[];
  /** Q.931 messages: what the TPKTs of port 1720 hold. */
  readonly signalling: readonly Buffer[];
  /** What the TPKTs of the other connections hold: H.245. */
  readonly h245: readonly Buffer[];
}

export function capturedMessages(name: CaptureName): CapturedMessages {
  const payloads = readCapture(fileURLToPath(new URL(`../fixtures/h323/${name}.pcap`, import.meta.url)));
  const streams = payloads.filter(({ transport }) => transport === 'tcp');
  const isSignalling = ({ from, to }: (typeof payloads)[number]) => from.port === CALL_SIGNALLING || to.port === CALL_SIGNALLING;
  return {
    ras: payloads
      .filter(({ transport, from, to }) => transport === 'udp' && (from.port === RAS || to.port === RAS))
      .map((one) => one.payload),
    signalling: streams.filter(isSignalling).flatMap((one) => packetsOf(one.payload)),
    h245: streams.filter((one) => !isSignalling(one)).flatMap((one) => packetsOf(one.payload)),
  };
}

function packetsOf(stream: Buffer): readonly Buffer[] {
  const { payloads, loss } = new TpktFramer().push(stream);
  if (loss) throw new Error(loss.text);
  return payloads;
}
