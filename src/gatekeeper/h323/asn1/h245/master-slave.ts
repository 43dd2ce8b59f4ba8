/*
 * Master-slave determination: who decides when both ends want the same thing.
 */

import { choice, integer, nothing, sequence, type ValueOf } from '../schema.js';

export const MasterSlaveDetermination = sequence({ terminalType: integer(0, 255), statusDeterminationNumber: integer(0, 16_777_215) }, {});
export type MasterSlaveDetermination = ValueOf<typeof MasterSlaveDetermination>;

export const MasterSlaveDeterminationAck = sequence({ decision: choice({ master: nothing, slave: nothing }) }, {});
export type MasterSlaveDeterminationAck = ValueOf<typeof MasterSlaveDeterminationAck>;

export const MasterSlaveDeterminationReject = sequence({ cause: choice({ identicalNumbers: nothing }, {}) }, {});
export type MasterSlaveDeterminationReject = ValueOf<typeof MasterSlaveDeterminationReject>;

export const MasterSlaveDeterminationRelease = sequence({}, {});
export type MasterSlaveDeterminationRelease = ValueOf<typeof MasterSlaveDeterminationRelease>;
