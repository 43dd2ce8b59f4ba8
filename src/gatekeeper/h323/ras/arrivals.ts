import type { RasMessage } from '../asn1/h225.js';
import type { CallsElsewhere } from './calls-elsewhere.js';
import { callIdOf } from './common.js';
import type { Incoming, RasContext } from './context.js';
import type { EndpointState } from './endpoint-json.js';
import type { Credentials, Unproven } from './who.js';

/** Who a request says it is from, and how much proof of that it must bring: as the handler of the request has it. */
interface Named {
  readonly id: string;
  readonly credentials: Credentials;
  readonly unproven: Unproven;
}

/**
 * What must come over from another instance before a request can be handled here: the endpoint that it is from, which has turned to us as to
 * an alternate gatekeeper (H.225.0 §7.6), or the call that it answers. Undefined: nothing, which is so for all but the first request.
 *
 * Settles with what the handler is to be given; undefined: too much else is being asked, and the request is to be left unanswered.
 */
export function arrival(
  context: RasContext,
  elsewhere: CallsElsewhere,
  message: RasMessage,
  incoming: Incoming,
): Promise<Incoming | undefined> | undefined {
  if (incoming.multicast) return undefined;
  const named = namedBy(message);
  if (!named) return undefined;
  const isFromElsewhere = context.endpoints.mayBeElsewhere(named.id, incoming.from.address);
  const answered = message.type === 'admissionRequest' && message.value.answerCall ? callIdOf(message.value) : undefined;
  const isCallElsewhere = answered !== undefined && elsewhere.mayBeElsewhere(answered);
  if (isFromElsewhere) {
    const arriving = endpointArrives(context, named, incoming);
    return isCallElsewhere ? arriving.then((next) => next && callArrives(context, elsewhere, answered, named.id, next)) : arriving;
  }
  return isCallElsewhere ? callArrives(context, elsewhere, answered, named.id, incoming) : undefined;
}

async function callArrives(
  context: RasContext,
  elsewhere: CallsElsewhere,
  callIdentifier: string,
  endpointId: string,
  incoming: Incoming,
): Promise<Incoming | undefined> {
  const endpoint = context.endpoints.find(endpointId);
  return !endpoint || (await elsewhere.look(callIdentifier, endpoint)) ? incoming : undefined;
}

async function endpointArrives(
  context: RasContext,
  { id, credentials, unproven }: Named,
  incoming: Incoming,
): Promise<Incoming | undefined> {
  let proven = false;
  const isIt = (there: EndpointState): boolean => {
    // From another address an endpoint registers in full: a token alone, heard on its way to another instance, must not lead it away.
    proven = there.source.address === incoming.from.address && context.who.sent(there, incoming, credentials, unproven).ok;
    return proven;
  };
  const arrived = await context.endpoints.arrive(id, incoming, isIt, false);
  if (arrived === 'busy') return undefined;
  // Its token is spent by now; the handler looks at the same request again.
  return proven ? { ...incoming, wasDropped: true } : incoming;
}

/** A full RRQ is not among them: whose place it takes, `registration.ts` finds out. */
function namedBy(message: RasMessage): Named | undefined {
  switch (message.type) {
    case 'registrationRequest': {
      const { value } = message;
      const isFull = value.keepAlive !== true && value.additiveRegistration === undefined;
      return isFull ? undefined : named(value.endpointIdentifier, value, 'refused');
    }
    case 'resourcesAvailableIndicate':
      return named(message.value.endpointIdentifier, message.value, 'refused');
    case 'infoRequestResponse':
      // An answer is for whoever asked.
      return message.value.unsolicited === true ? named(message.value.endpointIdentifier, message.value, 'from its source') : undefined;
    case 'unregistrationRequest':
    case 'admissionRequest':
    case 'bandwidthRequest':
    case 'disengageRequest':
      return named(message.value.endpointIdentifier, message.value, 'from its source');
    default:
      return undefined;
  }
}

function named(id: string | undefined, { tokens, cryptoTokens }: Credentials, unproven: Unproven): Named | undefined {
  return id === undefined ? undefined : { id, credentials: { tokens, cryptoTokens }, unproven };
}
