import type { RasMessage } from '../asn1/h225.js';
import { admissionRequest } from './admission.js';
import { bandwidthRequest } from './bandwidth-request.js';
import type { Incoming, RasContext, Reply } from './context.js';
import { gatekeeperRequest } from './discovery.js';
import { disengageRequest } from './disengage.js';
import { infoRequestResponse } from './information.js';
import { sentElsewhere } from './leaving.js';
import { locationRequest, type Progress } from './location.js';
import { registrationRequest } from './registration.js';
import { resourcesAvailableIndicate } from './resources.js';
import { notUnderstood, serviceControlIndication } from './service.js';
import { unregistrationRequest } from './unregistration.js';

/** Each RAS message to the file that knows what to do with it. */
export function handle(context: RasContext, message: RasMessage, incoming: Incoming, progress: Progress): Reply | Promise<Reply> {
  // Only a question of who is there, or where somebody is, can be put to all gatekeepers at once.
  if (incoming.multicast && message.type !== 'gatekeeperRequest' && message.type !== 'locationRequest') return undefined;
  switch (message.type) {
    case 'gatekeeperRequest':
      return gatekeeperRequest(context, message.value, incoming);
    case 'registrationRequest':
      return registrationRequest(context, message.value, incoming);
    case 'unregistrationRequest':
      return unregistrationRequest(context, message.value, incoming);
    case 'admissionRequest':
      return sentElsewhere(context, message.value, incoming) ?? admissionRequest(context, message.value, incoming);
    case 'bandwidthRequest':
      return bandwidthRequest(context, message.value, incoming);
    case 'disengageRequest':
      return disengageRequest(context, message.value, incoming);
    case 'locationRequest':
      context.neighbours.heard(incoming.from.address);
      return locationRequest(context, message.value, incoming, progress);
    case 'infoRequestResponse':
      return infoRequestResponse(context, message, incoming);
    case 'resourcesAvailableIndicate':
      return resourcesAvailableIndicate(context, message.value, incoming);
    case 'serviceControlIndication':
      return serviceControlIndication(context, message.value, incoming);
    case 'nonStandardMessage':
      return notUnderstood(message.value.requestSeqNum, incoming);
    case 'unknown':
      return notUnderstood(undefined, incoming);
    default:
      if (isNeighbours(message)) context.neighbours.heard(incoming.from.address);
      // An answer, or a question that is the gatekeeper's to ask: nobody here waits for it. To answer could make two gatekeepers talk forever.
      if (!context.requests.receive(message, incoming.from))
        context.observer.malformed(`${message.type} came, and nobody here waits for it`, incoming.from.address);
      return undefined;
  }
}

/** What answers an LRQ, whether anybody still waits for it or not. */
function isNeighbours({ type }: RasMessage): boolean {
  return type === 'locationConfirm' || type === 'locationReject' || type === 'requestInProgress';
}
