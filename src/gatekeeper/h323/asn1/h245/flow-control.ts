/*
 * Limits on what is sent, as a command and as news of it.
 */

import { choice, integer, nothing, sequence, type ValueOf } from '../schema.js';
import { LogicalChannelNumber } from './common.js';

const restriction = choice({ maximumBitRate: integer(0, 16_777_215), noRestriction: nothing });

const scope = choice({ logicalChannelNumber: LogicalChannelNumber, resourceID: integer(0, 65535), wholeMultiplex: nothing });

export const FlowControlCommand = sequence({ scope, restriction }, {});
export type FlowControlCommand = ValueOf<typeof FlowControlCommand>;

export const FlowControlIndication = sequence({ scope, restriction }, {});
export type FlowControlIndication = ValueOf<typeof FlowControlIndication>;
