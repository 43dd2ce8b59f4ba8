/*
 * H.245 (version 17): what the two ends of a call say to each other about media, on a connection of its own or tunnelled in H.225.0.
 * Every message is modelled, the unusual ones too: in PER what is not modelled cannot be skipped, only given up together with the rest.
 */

import { OpenLogicalChannel } from './h245/logical-channel.js';
import { MultimediaSystemControlMessage } from './h245/messages.js';
import { type Codec, codec } from './per/codec.js';
import { PerError } from './per/per-error.js';

export * from './h245/addresses.js';
export * from './h245/atm.js';
export * from './h245/capabilities.js';
export * from './h245/capabilities-audio.js';
export * from './h245/capabilities-data.js';
export * from './h245/capabilities-multiplex.js';
export * from './h245/capabilities-video.js';
export * from './h245/channel-parameters.js';
export * from './h245/commands.js';
export * from './h245/common.js';
export * from './h245/communication-mode.js';
export * from './h245/conference.js';
export * from './h245/data-type.js';
export * from './h245/flow-control.js';
export * from './h245/h263-options.js';
export * from './h245/indications.js';
export * from './h245/logical-channel.js';
export * from './h245/maintenance.js';
export * from './h245/master-slave.js';
export * from './h245/media-transport.js';
export * from './h245/messages.js';
export * from './h245/modes.js';
export * from './h245/modes-media.js';
export * from './h245/multilink.js';
export * from './h245/multiplex-table.js';
export * from './h245/redundancy.js';
export * from './h245/security.js';
export * from './h245/shared.js';

/** What one TPKT of an H.245 connection holds, or one element of `h245Control` in H.225.0. */
export const h245Message: Codec<MultimediaSystemControlMessage> = codec(MultimediaSystemControlMessage, 'MultimediaSystemControlMessage');

/** What one element of `fastStart` in H.225.0 holds (H.323 §8.1.7). */
export const openLogicalChannel: Codec<OpenLogicalChannel> = codec(OpenLogicalChannel, 'OpenLogicalChannel');

/** The kind of a message that could not be read. */
export const OPAQUE = 'opaque';
/** The kind of messages that were not looked at, as they stand behind too many others. */
export const UNREAD = 'unread';

/** An H.245 PDU as it came, and what it says. */
export interface H245Pdu {
  /** Undefined: not readable by us. It may be passed on all the same, as its bytes. */
  readonly message: MultimediaSystemControlMessage | undefined;
  /** Class and message, as `request.openLogicalChannel`. One that is newer than version 17 is a `request.unknown`; without a message: `opaque`. */
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Never throws. Octet strings of the message are views of `bytes`. */
export function readH245(bytes: Uint8Array): H245Pdu {
  try {
    const message = h245Message.decode(bytes);
    return { message, kind: kindOf(message), bytes };
  } catch (error) {
    if (!(error instanceof PerError)) throw error;
    return { message: undefined, kind: OPAQUE, bytes };
  }
}

/** PDUs that are read one behind the other. No stack sends more than a few. */
const MAX_PDUS = 64;

/**
 * All PDUs of one TPKT, or of one element of `h245Control`: several stacks read on until the end of it. Never throws. What cannot be read, or
 * stands behind so many others that it is not looked at, is the last of them, with everything behind it.
 */
export function readAllH245(bytes: Uint8Array): H245Pdu[] {
  const pdus: H245Pdu[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const enough = pdus.length === MAX_PDUS;
    const first = enough ? undefined : firstOf(rest);
    if (!first) {
      pdus.push({ message: undefined, kind: enough ? UNREAD : OPAQUE, bytes: rest });
      break;
    }
    const { value, length } = first;
    pdus.push({ message: value, kind: kindOf(value), bytes: rest.subarray(0, length) });
    rest = rest.subarray(length);
  }
  return pdus;
}

function firstOf(bytes: Uint8Array): ReturnType<typeof h245Message.decodeFirst> | undefined {
  try {
    return h245Message.decodeFirst(bytes);
  } catch (error) {
    if (error instanceof PerError) return undefined;
    throw error;
  }
}

/**
 * Whether a PDU that could not be read may be an OpenLogicalChannel. Its first octet tells (X.691 §23): an extension bit and two bits of the
 * class, an extension bit and four bits of the request.
 */
export function mayOpenChannel({ kind, bytes: [first = 0] }: H245Pdu): boolean {
  return kind === UNREAD || first === OPEN_LOGICAL_CHANNEL || first >= NEWER_CLASS;
}

const OPEN_LOGICAL_CHANNEL = 0b0_00_0_0011;
const NEWER_CLASS = 0b1000_0000;

/** @throws {PerError} the message breaks a constraint of H.245. */
export function writeH245(message: MultimediaSystemControlMessage): Buffer {
  return h245Message.encode(message);
}

/** Class and message, as `indication.userInput`. */
export function kindOf(message: MultimediaSystemControlMessage): string {
  return message.type === 'unknown' ? 'unknown' : `${message.type}.${message.value.type}`;
}
