import type { H323UserInformation } from '../asn1/h225.js';
import { elementIds } from '../q931/element.js';
import type { H225Message } from '../q931/h225-message.js';
import { partyNumber, partyNumberOf } from '../q931/party-number.js';
import type { InformationElement } from '../q931/q931-message.js';
import { fastStartOf, h245AddressOf, tokensOf } from './hop-by-hop.js';

/** Whether a message tells the caller something that it will rely on: where H.245 is, which media was chosen, which keys. */
export function carriesMore(uuie: H323UserInformation | undefined): boolean {
  if (!uuie) return false;
  const pdu = uuie['h323-uu-pdu'];
  const body = pdu['h323-message-body'];
  return (
    (pdu.h245Control?.length ?? 0) > 0 ||
    h245AddressOf(body) !== undefined ||
    fastStartOf(body) !== undefined ||
    tokensOf(body) !== undefined
  );
}

/** Elements to be written with a user-user element of our own making. */
export function withoutUserUser(elements: readonly InformationElement[]): InformationElement[] {
  return elements.filter(({ id, codeset }) => id !== elementIds.userUser || codeset !== 0);
}

/** The called party number is that of who is called now, where it was a number and has changed (a transform, a short form). */
export function calledAs(elements: readonly InformationElement[], message: H225Message, alias: string): readonly InformationElement[] {
  const number = partyNumberOf(message.q931, 'calledPartyNumber');
  if (!number || !/^[0-9]+$/.test(alias) || number.digits === alias) return elements;
  const plan = number.plan === 'reserved' ? 'unknown' : (number.plan ?? 'unknown');
  const called = partyNumber('calledPartyNumber', { digits: alias, type: 'unknown', plan });
  return elements.map((element) => (element.id === elementIds.calledPartyNumber && element.codeset === 0 ? called : element));
}
