/*
 * Virtual channels of ATM (H.310), as a command and as news of it.
 */

import { boolean, choice, each, integer, nothing, sequence, type ValueOf } from '../schema.js';

const aal = choice(
  {
    aal1: sequence(
      {
        clockRecovery: choice(each(nothing, 'nullClockRecovery', 'srtsClockRecovery', 'adaptiveClockRecovery'), {}),
        errorCorrection: choice(each(nothing, 'nullErrorCorrection', 'longInterleaver', 'shortInterleaver', 'errorCorrectionOnly'), {}),
        structuredDataTransfer: boolean,
        partiallyFilledCells: boolean,
      },
      {},
    ),
    aal5: sequence({ forwardMaximumSDUSize: integer(0, 65535), backwardMaximumSDUSize: integer(0, 65535) }, {}),
  },
  {},
);

const multiplex = choice(each(nothing, 'noMultiplex', 'transportStream', 'programStream'), {});

const reverseParameters = sequence(
  { bitRate: integer(1, 65535), bitRateLockedToPCRClock: boolean, bitRateLockedToNetworkClock: boolean, multiplex },
  {},
);

export const NewATMVCCommand = sequence(
  {
    resourceID: integer(0, 65535),
    bitRate: integer(1, 65535),
    bitRateLockedToPCRClock: boolean,
    bitRateLockedToNetworkClock: boolean,
    aal,
    multiplex,
    reverseParameters,
  },
  {},
);
export type NewATMVCCommand = ValueOf<typeof NewATMVCCommand>;

export const NewATMVCIndication = sequence(
  {
    resourceID: integer(0, 65535),
    bitRate: integer(1, 65535),
    bitRateLockedToPCRClock: boolean,
    bitRateLockedToNetworkClock: boolean,
    aal,
    multiplex,
  },
  { reverseParameters },
);
export type NewATMVCIndication = ValueOf<typeof NewATMVCIndication>;
