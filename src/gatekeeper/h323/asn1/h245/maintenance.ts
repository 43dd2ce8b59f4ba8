/*
 * Round trip delay, which also shows that the other end lives, and maintenance loops.
 */

import { choice, nothing, sequence, type ValueOf } from '../schema.js';
import { LogicalChannelNumber, SequenceNumber } from './common.js';

export const RoundTripDelayRequest = sequence({ sequenceNumber: SequenceNumber }, {});
export type RoundTripDelayRequest = ValueOf<typeof RoundTripDelayRequest>;

export const RoundTripDelayResponse = sequence({ sequenceNumber: SequenceNumber }, {});
export type RoundTripDelayResponse = ValueOf<typeof RoundTripDelayResponse>;

const loopType = choice({ systemLoop: nothing, mediaLoop: LogicalChannelNumber, logicalChannelLoop: LogicalChannelNumber }, {});

export const MaintenanceLoopRequest = sequence({ type: loopType }, {});
export type MaintenanceLoopRequest = ValueOf<typeof MaintenanceLoopRequest>;

export const MaintenanceLoopAck = sequence({ type: loopType }, {});
export type MaintenanceLoopAck = ValueOf<typeof MaintenanceLoopAck>;

export const MaintenanceLoopReject = sequence({ type: loopType, cause: choice({ canNotPerformLoop: nothing }, {}) }, {});
export type MaintenanceLoopReject = ValueOf<typeof MaintenanceLoopReject>;

export const MaintenanceLoopOffCommand = sequence({}, {});
export type MaintenanceLoopOffCommand = ValueOf<typeof MaintenanceLoopOffCommand>;
