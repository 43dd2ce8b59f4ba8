import { normalise } from '../../plan/normalise.js';
import { ownerOf } from '../../plan/ownership.js';
import type { OrganisationId, Plan } from '../../plan/plan.js';
import { writtenAlias } from '../alias-address.js';
import type { AliasAddress, H323UserInformation } from '../asn1/h225.js';
import { elementIds } from '../q931/element.js';
import type { H225Message } from '../q931/h225-message.js';
import { partyNumberOf } from '../q931/party-number.js';

/*
 * Who the other party is told that it talks to: `alertingAddress`, `connectedAddress` and the connected number. As with the caller's own
 * numbers, nobody shows one that the plan gives to another organisation.
 */

export interface ShownIdentity {
  readonly message: H225Message;
  /** What was taken away, as it was written. */
  readonly foreign: readonly string[];
}

/** The message without the addresses of others. `organisation`: the sender's. */
export function ownIdentity(message: H225Message, plan: Plan, organisation: OrganisationId | undefined): ShownIdentity {
  const foreign: string[] = [];
  const isOwn = (written: string | undefined): boolean => {
    const alias = written === undefined ? undefined : normalise(written);
    const owner = alias && ownerOf(plan, alias);
    if (written === undefined || owner === undefined || owner.id === organisation) return true;
    foreign.push(written);
    return false;
  };
  const uuie = message.uuie && withoutForeign(message.uuie, isOwn);
  const elements = isOwn(partyNumberOf(message.q931, 'connectedNumber')?.digits)
    ? message.q931.elements
    : message.q931.elements.filter(({ id, codeset }) => id !== elementIds.connectedNumber || codeset !== 0);
  return foreign.length === 0 ? { message, foreign } : { message: { q931: { ...message.q931, elements }, uuie }, foreign };
}

function withoutForeign(uuie: H323UserInformation, isOwn: (written: string | undefined) => boolean): H323UserInformation {
  const pdu = uuie['h323-uu-pdu'];
  const body = pdu['h323-message-body'];
  const ownOf = (addresses: readonly AliasAddress[] | undefined) => {
    const own = addresses?.filter((address) => isOwn(writtenAlias(address)));
    return own?.length === 0 ? undefined : own;
  };
  const withBody = (changed: typeof body) => ({ ...uuie, 'h323-uu-pdu': { ...pdu, 'h323-message-body': changed } });
  switch (body.type) {
    case 'alerting':
      return withBody({ type: body.type, value: { ...body.value, alertingAddress: ownOf(body.value.alertingAddress) } });
    case 'connect':
      return withBody({ type: body.type, value: { ...body.value, connectedAddress: ownOf(body.value.connectedAddress) } });
    case 'notify':
      return withBody({ type: body.type, value: { ...body.value, connectedAddress: ownOf(body.value.connectedAddress) } });
    default:
      return uuie;
  }
}
