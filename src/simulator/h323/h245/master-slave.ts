/** H.245 §C.2: who decides when both sides want something. Pure: the messages of the procedure in, what to send out. */

export type Role = 'master' | 'slave';

/** Terminal types of H.323 table 1, without an MC and with one that does audio and video. */
export const terminalTypes = { terminal: 50, gateway: 60, mcu: 190 } as const;

export interface Determination {
  readonly terminalType: number;
  readonly number: number;
}

export interface MasterSlave {
  readonly local: Determination;
  /** Awaiting: `response` after our request, `ack` after our answer to theirs. */
  readonly phase: 'idle' | 'response' | 'ack' | 'determined' | 'failed';
  readonly role: Role | undefined;
  /** How often the numbers have been too alike to tell. */
  readonly draws: number;
}

export type MasterSlaveSend =
  | { readonly send: 'request'; readonly determination: Determination }
  /** `decision`: what the other side is. */
  | { readonly send: 'ack'; readonly decision: Role }
  | { readonly send: 'reject' };

/** A determination number has 24 bits. */
export const DETERMINATION_NUMBERS = 0x100_0000;
/** N100 of H.245: after this many draws nobody tries again. */
const MAX_DRAWS = 10;

export function newMasterSlave(local: Determination): MasterSlave {
  return { local, phase: 'idle', role: undefined, draws: 0 };
}

export function beginMasterSlave(state: MasterSlave): [MasterSlave, MasterSlaveSend[]] {
  return [{ ...state, phase: 'response' }, [{ send: 'request', determination: state.local }]];
}

/** The other side's determination (H.245 §C.2.4.1): the larger terminal type wins, then the number that is ahead on the circle. */
export function compareDeterminations(local: Determination, remote: Determination): Role | undefined {
  if (remote.terminalType !== local.terminalType) return remote.terminalType < local.terminalType ? 'master' : 'slave';
  const ahead = (remote.number - local.number + DETERMINATION_NUMBERS) % DETERMINATION_NUMBERS;
  if (ahead === 0 || ahead === DETERMINATION_NUMBERS / 2) return undefined;
  return ahead < DETERMINATION_NUMBERS / 2 ? 'master' : 'slave';
}

export function masterSlaveRequested(state: MasterSlave, remote: Determination, newNumber: () => number): [MasterSlave, MasterSlaveSend[]] {
  const role = compareDeterminations(state.local, remote);
  if (role) return [{ ...state, phase: 'ack', role }, [{ send: 'ack', decision: opposite(role) }]];
  // A draw. Who has asked sees the other's number as the other sees his, and both ask again; who has not says that he could not tell.
  return state.phase === 'response' ? draw(state, newNumber) : [state, [{ send: 'reject' }]];
}

export function masterSlaveAcknowledged(state: MasterSlave, decision: Role): [MasterSlave, MasterSlaveSend[]] {
  if (state.phase === 'response') {
    return [{ ...state, phase: 'determined', role: decision }, [{ send: 'ack', decision: opposite(decision) }]];
  }
  if (state.phase !== 'ack') return [state, []];
  return [{ ...state, phase: state.role === decision ? 'determined' : 'failed' }, []];
}

export function masterSlaveRejected(state: MasterSlave, newNumber: () => number): [MasterSlave, MasterSlaveSend[]] {
  return state.phase === 'response' ? draw(state, newNumber) : [state, []];
}

function draw(state: MasterSlave, newNumber: () => number): [MasterSlave, MasterSlaveSend[]] {
  const draws = state.draws + 1;
  if (draws >= MAX_DRAWS) return [{ ...state, phase: 'failed', draws }, []];
  const local = { terminalType: state.local.terminalType, number: newNumber() };
  return [{ local, phase: 'response', role: undefined, draws }, [{ send: 'request', determination: local }]];
}

function opposite(role: Role): Role {
  return role === 'master' ? 'slave' : 'master';
}
