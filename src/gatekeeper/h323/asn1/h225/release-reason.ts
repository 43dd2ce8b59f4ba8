/*
 * Why a call ended, or cannot be set up (H.225.0 §7.3).
 */

import { choice, nothing, type ValueOf } from '../schema.js';
import { ConferenceIdentifier } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { SecurityErrors } from './security.js';

export const ReleaseCompleteReason = choice(
  {
    noBandwidth: nothing,
    gatekeeperResources: nothing,
    unreachableDestination: nothing,
    destinationRejection: nothing,
    invalidRevision: nothing,
    noPermission: nothing,
    unreachableGatekeeper: nothing,
    gatewayResources: nothing,
    badFormatAddress: nothing,
    adaptiveBusy: nothing,
    inConf: nothing,
    undefinedReason: nothing,
  },
  {
    facilityCallDeflection: nothing,
    securityDenied: nothing,
    calledPartyNotRegistered: nothing,
    callerNotRegistered: nothing,
    newConnectionNeeded: nothing,
    nonStandardReason: NonStandardParameter,
    replaceWithConferenceInvite: ConferenceIdentifier,
    genericDataReason: nothing,
    neededFeatureNotSupported: nothing,
    tunnelledSignallingRejected: nothing,
    invalidCID: nothing,
    securityError: SecurityErrors,
    hopCountExceeded: nothing,
  },
);
export type ReleaseCompleteReason = ValueOf<typeof ReleaseCompleteReason>;
