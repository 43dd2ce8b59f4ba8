import { type H323UserInformation, userInformation } from '../asn1/h225.js';
import { PerError } from '../asn1/per/per-error.js';
import { contentOf, element, elementIds } from './element.js';
import { decodeQ931, encodeQ931, type InformationElement, Q931Error, type Q931Message } from './q931-message.js';

/** One message of call signalling (H.225.0 §7): what one TPKT carries. */
export interface H225Message {
  readonly q931: Q931Message;
  /** What the user-user element says. Undefined: there is none, as in a Status or Notify of ISDN's own kind. */
  readonly uuie: H323UserInformation | undefined;
}

export type H225Result =
  | {
      readonly ok: true;
      readonly message: H225Message;
      /** There is a user-user element, but `uuie` is undefined as it cannot be read: why, for the person who has to fix the sender. */
      readonly unreadable?: string;
    }
  | {
      readonly ok: false;
      /** It is no Q.931 message: why. */
      readonly error: string;
    };

/** Protocol discriminator of the user-user element: what follows is ASN.1 (H.225.0 §7.2.2). */
const ASN1_CODED = 0x05;
/** Locking and non-locking shifts (Q.931 §4.5.2), without their codeset. */
const SHIFT = 0x90;

/**
 * Reads one message. Never throws. Octet strings and the contents of elements are views of `payload`. Of a repeated user-user element or
 * calling party number only the first is there (Q.931 §5.8.6.2): the next reader might look at another one than we did.
 */
export function readH225(payload: Uint8Array): H225Result {
  let q931: Q931Message;
  try {
    q931 = once(decodeQ931(payload));
  } catch (error) {
    if (error instanceof Q931Error) return { ok: false, error: error.message };
    throw error;
  }
  const content = contentOf(q931, 'userUser');
  if (!content) return { ok: true, message: { q931, uuie: undefined } };
  const message = { q931, uuie: undefined };
  if (content[0] !== ASN1_CODED) {
    const discriminator = content[0] ?? 'missing';
    return { ok: true, message, unreadable: `The user-user element's protocol discriminator is ${discriminator}, not 5 (H.225.0 §7.2.2)` };
  }
  try {
    return { ok: true, message: { q931, uuie: userInformation.decode(content.subarray(1)) } };
  } catch (error) {
    if (error instanceof PerError) return { ok: true, message, unreadable: `The user-user element cannot be read: ${error.message}` };
    throw error;
  }
}

function once(message: Q931Message): Q931Message {
  let userUsers = 0;
  let callers = 0;
  for (const { id, codeset } of message.elements) {
    if (codeset !== 0) continue;
    if (id === elementIds.userUser) userUsers++;
    else if (id === elementIds.callingPartyNumber) callers++;
  }
  if (userUsers < 2 && callers < 2) return message;
  const seen = new Set<number>();
  const elements = message.elements.filter(({ id, codeset }) => {
    if (codeset !== 0 || (id !== elementIds.userUser && id !== elementIds.callingPartyNumber)) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
  return { ...message, elements };
}

/**
 * Writes one message: `uuie` takes the place of the user-user element that `q931` has, or stands where the order of identifiers puts it.
 * Without one the elements are written as they are.
 * @throws {Q931Error} it does not fit into a message.
 * @throws {PerError} `uuie` breaks a constraint of its type.
 */
export function writeH225({ q931, uuie }: H225Message): Buffer {
  return encodeQ931(uuie === undefined ? q931 : { ...q931, elements: withUserUser(q931.elements, uuie) });
}

function withUserUser(elements: readonly InformationElement[], uuie: H323UserInformation): InformationElement[] {
  const encoded = userInformation.encode(uuie);
  const content = new Uint8Array(encoded.length + 1);
  content[0] = ASN1_CODED;
  content.set(encoded, 1);
  const userUser = element('userUser', content);
  const all = [...elements];
  const there = all.findIndex(({ id, codeset }) => id === elementIds.userUser && codeset === 0);
  if (there >= 0) {
    all[there] = userUser;
    return all;
  }
  // Last of its codeset (Q.931 §4.5.1), and before any shift, behind which it would be read as another codeset's.
  const before = all.findIndex(({ id }) => (id & 0xf0) === SHIFT);
  all.splice(before < 0 ? all.length : before, 0, userUser);
  return all;
}
