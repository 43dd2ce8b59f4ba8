/*
 * Every RAS message (H.225.0 §7.7 on).
 */

import { choice, sequenceOf, type ValueOf } from '../schema.js';
import { AdmissionConfirm, AdmissionReject, AdmissionRequest } from './ras-admission.js';
import { BandwidthConfirm, BandwidthReject, BandwidthRequest, DisengageConfirm, DisengageReject, DisengageRequest } from './ras-call.js';
import { GatekeeperConfirm, GatekeeperReject, GatekeeperRequest } from './ras-discovery.js';
import { InfoRequest, InfoRequestAck, InfoRequestNak, InfoRequestResponse } from './ras-information.js';
import { LocationConfirm, LocationReject, LocationRequest } from './ras-location.js';
import {
  RegistrationConfirm,
  RegistrationReject,
  RegistrationRequest,
  UnregistrationConfirm,
  UnregistrationReject,
  UnregistrationRequest,
} from './ras-registration.js';
import {
  NonStandardMessage,
  RequestInProgress,
  ResourcesAvailableConfirm,
  ResourcesAvailableIndicate,
  ServiceControlIndication,
  ServiceControlResponse,
  UnknownMessageResponse,
} from './ras-service.js';

export const RasMessage = choice(
  {
    gatekeeperRequest: GatekeeperRequest,
    gatekeeperConfirm: GatekeeperConfirm,
    gatekeeperReject: GatekeeperReject,
    registrationRequest: RegistrationRequest,
    registrationConfirm: RegistrationConfirm,
    registrationReject: RegistrationReject,
    unregistrationRequest: UnregistrationRequest,
    unregistrationConfirm: UnregistrationConfirm,
    unregistrationReject: UnregistrationReject,
    admissionRequest: AdmissionRequest,
    admissionConfirm: AdmissionConfirm,
    admissionReject: AdmissionReject,
    bandwidthRequest: BandwidthRequest,
    bandwidthConfirm: BandwidthConfirm,
    bandwidthReject: BandwidthReject,
    disengageRequest: DisengageRequest,
    disengageConfirm: DisengageConfirm,
    disengageReject: DisengageReject,
    locationRequest: LocationRequest,
    locationConfirm: LocationConfirm,
    locationReject: LocationReject,
    infoRequest: InfoRequest,
    infoRequestResponse: InfoRequestResponse,
    nonStandardMessage: NonStandardMessage,
    unknownMessageResponse: UnknownMessageResponse,
  },
  {
    requestInProgress: RequestInProgress,
    resourcesAvailableIndicate: ResourcesAvailableIndicate,
    resourcesAvailableConfirm: ResourcesAvailableConfirm,
    infoRequestAck: InfoRequestAck,
    infoRequestNak: InfoRequestNak,
    serviceControlIndication: ServiceControlIndication,
    serviceControlResponse: ServiceControlResponse,
    admissionConfirmSequence: sequenceOf(AdmissionConfirm),
  },
);
export type RasMessage = ValueOf<typeof RasMessage>;
