import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { aliasAddressOf } from '../../../../src/gatekeeper/h323/alias-address.js';
import type { ReleaseCompleteReason, SetupUUIE } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import {
  type AudioCapability,
  type DataType,
  type OpenLogicalChannel,
  openLogicalChannel,
  writeH245,
} from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { codec } from '../../../../src/gatekeeper/h323/asn1/per/codec.js';
import { sequenceOf } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { type DhGroupName, encryptionTokens, KeyAgreement } from '../../../../src/gatekeeper/h323/h235/key-agreement.js';
import { cause } from '../../../../src/gatekeeper/h323/q931/information-elements.js';
import type { InformationElement } from '../../../../src/gatekeeper/h323/q931/q931-message.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import type { Body, Sent, TestLeg, Wire } from './links.js';
import { type Party, SIGNALLING, type World } from './world.js';

const userTokens = codec(sequenceOf(ClearToken), 'tokens');
export const protocolIdentifier = '0.0.8.2250.0.7';
export const terminal = { terminal: {}, mc: false, undefinedNode: false } as const;
const prime = new KeyAgreement('DH-1024');
const answered = new KeyAgreement('DH-1024');
/** Octets as the codec gives them, so that values can be compared. */
function octets(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

function plainTokens(tokens: readonly ClearToken[]): readonly ClearToken[] {
  return userTokens.decode(userTokens.encode(tokens));
}

/** A caller's half keys, and the answer to them: AES-128. */
export const offer: readonly ClearToken[] = plainTokens(encryptionTokens([prime]));
export const answer: readonly ClearToken[] = plainTokens(encryptionTokens([answered]));
export const tokensFor = (group: DhGroupName): readonly ClearToken[] => plainTokens(encryptionTokens([new KeyAgreement(group)]));

export interface SetupOptions extends Sent {
  /** What stands in place of the usual fields; `undefined` takes a field away. */
  readonly setup?: Partial<SetupUUIE>;
  readonly wire?: Wire;
  /** A call reference that was used before. */
  readonly leg?: TestLeg;
}

/** A call that was begun by Setup. */
export interface Placed {
  readonly leg: TestLeg;
  /** 16 octets. */
  readonly identifier: Uint8Array;
  /** As 32 hex digits. */
  readonly callId: string;
}

/** Sends a Setup from `caller` to `to`: with keys for AES-128, unless told otherwise. */
export function place(caller: Party, to: string, { setup, wire, leg: used, elements, pdu }: SetupOptions = {}): Placed {
  const identifier = octets(setup?.callIdentifier?.guid ?? randomBytes(16));
  const leg = used ?? caller.leg(wire);
  const value: SetupUUIE = {
    protocolIdentifier,
    sourceInfo: terminal,
    ...(caller.alias !== '' && { sourceAddress: [aliasAddressOf(caller.alias)] }),
    destinationAddress: [aliasAddressOf(to)],
    activeMC: false,
    conferenceID: octets(randomBytes(16)),
    conferenceGoal: { type: 'create', value: null },
    callType: { type: 'pointToPoint', value: null },
    callIdentifier: { guid: identifier },
    tokens: offer,
    mediaWaitForConnect: false,
    canOverlapSend: false,
    destCallSignalAddress: transportAddress(SIGNALLING),
    ...(caller.endpoint && { endpointIdentifier: caller.endpoint.id }),
    ...setup,
  };
  leg.sendBody('setup', { type: 'setup', value }, { elements, pdu: { h245Tunneling: true, ...pdu } });
  return { leg, identifier, callId: Buffer.from(identifier).toString('hex') };
}

const call = (identifier: Uint8Array) => ({ protocolIdentifier, callIdentifier: { guid: identifier } });

export const proceed = (leg: TestLeg, identifier: Uint8Array, fields: Partial<Body<'callProceeding'>> = {}, sent?: Sent): void =>
  leg.sendBody('callProceeding', { type: 'callProceeding', value: { ...call(identifier), destinationInfo: terminal, ...fields } }, sent);

export const alert = (leg: TestLeg, identifier: Uint8Array, fields: Partial<Body<'alerting'>> = {}, sent?: Sent): void =>
  leg.sendBody('alerting', { type: 'alerting', value: { ...call(identifier), destinationInfo: terminal, ...fields } }, sent);

export const progress = (leg: TestLeg, identifier: Uint8Array, fields: Partial<Body<'progress'>> = {}, sent?: Sent): void =>
  leg.sendBody('progress', { type: 'progress', value: { ...call(identifier), destinationInfo: terminal, ...fields } }, sent);

/** Answers: with the half key for AES-128, unless told otherwise. */
export const connect = (leg: TestLeg, identifier: Uint8Array, fields: Partial<Body<'connect'>> = {}, sent?: Sent): void =>
  leg.sendBody(
    'connect',
    {
      type: 'connect',
      value: { ...call(identifier), destinationInfo: terminal, conferenceID: identifier, tokens: answer, ...fields },
    },
    sent,
  );

export const facility = (leg: TestLeg, identifier: Uint8Array, fields: Partial<Body<'facility'>> = {}, sent?: Sent): void =>
  leg.sendBody(
    'facility',
    { type: 'facility', value: { ...call(identifier), reason: { type: 'undefinedReason', value: null }, ...fields } },
    sent,
  );

/** A Facility that carries H.245 alone. */
export const tunnel = (leg: TestLeg, ...h245Control: readonly Uint8Array[]): void =>
  leg.sendBody('facility', { type: 'empty', value: null }, { pdu: { h245Tunneling: true, h245Control } });

export const notify = (leg: TestLeg, identifier: Uint8Array): void => leg.sendBody('notify', { type: 'notify', value: call(identifier) });

export function release(
  leg: TestLeg,
  identifier: Uint8Array,
  why: { readonly reason?: ReleaseCompleteReason; readonly cause?: number; readonly fields?: Partial<Body<'releaseComplete'>> } = {},
): void {
  const elements: InformationElement[] = why.cause === undefined ? [] : [cause(why.cause)];
  const value = { ...call(identifier), reason: why.reason, ...why.fields };
  leg.sendBody('releaseComplete', { type: 'releaseComplete', value }, { elements });
}

export interface Standing extends Placed {
  readonly callee: TestLeg;
}

/** A call that stands: Setup, Alerting, Connect, all of it read by both. */
export async function talk(caller: Party, callee: Party, options: SetupOptions = {}): Promise<Standing> {
  const placed = place(caller, callee.alias, options);
  const leg = await callee.called();
  leg.take('setup');
  alert(leg, placed.identifier);
  connect(leg, placed.identifier);
  await caller.world.settle();
  placed.leg.take('alerting');
  placed.leg.take('connect');
  return { ...placed, callee: leg };
}

/** One side hangs up, and the other hears of it. */
export async function hangUp(world: World, { leg, callee, identifier }: Standing): Promise<void> {
  release(leg, identifier, { cause: 16 });
  await world.settle();
  expect(callee.received.pop()?.q931.type).toBe('releaseComplete');
}

/** The one of these parties that is being called now. */
export async function calledOf(parties: readonly Party[]): Promise<{ readonly party: Party; readonly leg: TestLeg }> {
  await parties[0]?.world.settle();
  const party = parties.find(({ incoming }) => incoming.length > 0);
  if (!party) throw new Error('None of them was called');
  return { party, leg: await party.called() };
}

const alaw: AudioCapability = { type: 'g711Alaw64k', value: 60 };
const parameters = { type: 'h2250LogicalChannelParameters', value: { sessionID: 1 } } as const;
export const AES128 = '2.16.840.1.101.3.4.1.2';
export const DES = '1.3.14.3.2.7';

export const clearAudio: DataType = { type: 'audioData', value: alaw };

export const encryptedAudio = (oid = AES128): DataType => ({
  type: 'h235Media',
  value: {
    encryptionAuthenticationAndIntegrity: { encryptionCapability: [{ type: 'algorithm', value: oid }] },
    mediaType: { type: 'audioData', value: alaw },
  },
});

function channel(dataType: DataType): OpenLogicalChannel {
  return { forwardLogicalChannelNumber: 101, forwardLogicalChannelParameters: { dataType, multiplexParameters: parameters } };
}

/** OpenLogicalChannel as H.245 sends it. */
export const open = (dataType: DataType): Uint8Array =>
  octets(writeH245({ type: 'request', value: { type: 'openLogicalChannel', value: channel(dataType) } }));

/** OpenLogicalChannel as an element of fast start. */
export const fastStart = (dataType: DataType): Uint8Array => octets(openLogicalChannel.encode(channel(dataType)));

/** Any H.245 message that opens nothing. */
export const digit = (pressed: string): Uint8Array =>
  octets(writeH245({ type: 'indication', value: { type: 'userInput', value: { type: 'alphanumeric', value: pressed } } }));
