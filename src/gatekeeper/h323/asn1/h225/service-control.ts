/*
 * Services in a call: a page, a signal, credit (H.225.0 §7.6, H.323 Annex K).
 */

import { bmpString, boolean, choice, ia5String, integer, nothing, optional, sequence, type ValueOf } from '../schema.js';
import { H248SignalsDescriptor } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';

export const CallCreditCapability = sequence({ canDisplayAmountString: optional(boolean), canEnforceDurationLimit: optional(boolean) }, {});
export type CallCreditCapability = ValueOf<typeof CallCreditCapability>;

/** `callDurationLimit` in seconds. */
export const CallCreditServiceControl = sequence(
  {
    amountString: optional(bmpString(1, 512)),
    billingMode: optional(choice({ credit: nothing, debit: nothing }, {})),
    callDurationLimit: optional(integer(1, 4_294_967_295)),
    enforceCallDurationLimit: optional(boolean),
    callStartingPoint: optional(choice({ alerting: nothing, connect: nothing }, {})),
  },
  {},
);
export type CallCreditServiceControl = ValueOf<typeof CallCreditServiceControl>;

export const ServiceControlDescriptor = choice(
  {
    url: ia5String(0, 512),
    signal: H248SignalsDescriptor,
    nonStandard: NonStandardParameter,
    callCreditServiceControl: CallCreditServiceControl,
  },
  {},
);
export type ServiceControlDescriptor = ValueOf<typeof ServiceControlDescriptor>;

export const ServiceControlSession = sequence(
  {
    sessionId: integer(0, 255),
    contents: optional(ServiceControlDescriptor),
    reason: choice({ open: nothing, refresh: nothing, close: nothing }, {}),
  },
  {},
);
export type ServiceControlSession = ValueOf<typeof ServiceControlSession>;
