import type {
  CommandMessage,
  IndicationMessage,
  MultimediaSystemControlMessage,
  RequestMessage,
  ResponseMessage,
} from '../../../gatekeeper/h323/asn1/h245.js';
import { type ChannelMaker, type LogicalChannel, LogicalChannels } from './logical-channels.js';
import {
  beginMasterSlave,
  type MasterSlave,
  type MasterSlaveSend,
  masterSlaveAcknowledged,
  masterSlaveRejected,
  masterSlaveRequested,
  newMasterSlave,
  type Role,
} from './master-slave.js';
import { capabilitySet, type Media, receivable } from './media.js';
import { mediaAlgorithms } from './session-key.js';

export type H245Action =
  | { readonly do: 'send'; readonly message: MultimediaSystemControlMessage }
  /** A channel opened, was rejected or closed. */
  | { readonly do: 'channel'; readonly channel: LogicalChannel }
  /** Both know what the other receives, and who is master. */
  | { readonly do: 'agreed'; readonly role: Role }
  /** Media may flow both ways: every channel of ours was answered, and each of theirs that we wait for is open. */
  | { readonly do: 'mediaReady' }
  | { readonly do: 'userInput'; readonly text: string }
  /** The other side ended the session. */
  | { readonly do: 'ended' }
  | { readonly do: 'failed'; readonly why: string };

export interface H245SessionOptions extends ChannelMaker {
  readonly terminalType: number;
  readonly media: readonly Media[];
  /** A determination number: 24 bits. */
  readonly newNumber: () => number;
}

/**
 * Our side of an H.245 session: capabilities, master and slave, one channel for each medium, user input. Pure: what came in, what is to be
 * done out; who carries the messages (a tunnel, a connection of its own) is not its business.
 */
export class H245Session {
  readonly channels: LogicalChannels;
  readonly #options: H245SessionOptions;
  #masterSlave: MasterSlave;
  #capabilitiesAcknowledged = false;
  #theirs: ReadonlySet<Media> | undefined;
  #agreed = false;
  #mediaReady = false;
  #begun = false;
  #ended = false;

  constructor(options: H245SessionOptions) {
    this.#options = options;
    this.channels = new LogicalChannels(options);
    this.#masterSlave = newMasterSlave({ terminalType: options.terminalType, number: options.newNumber() });
  }

  get begun(): boolean {
    return this.#begun;
  }

  get role(): Role | undefined {
    return this.#masterSlave.phase === 'determined' ? this.#masterSlave.role : undefined;
  }

  /** Our capabilities and the question who is master. Once; again it does nothing. */
  begin(): H245Action[] {
    if (this.#begun) return [];
    this.#begun = true;
    const { media, security } = this.#options;
    const value = capabilitySet(media, security && mediaAlgorithms[security.algorithm].oid, 1);
    const [state, sends] = beginMasterSlave(this.#masterSlave);
    this.#masterSlave = state;
    return [send({ type: 'request', value: { type: 'terminalCapabilitySet', value } }), ...sends.map(masterSlaveMessage)];
  }

  receive(message: MultimediaSystemControlMessage): H245Action[] {
    switch (message.type) {
      case 'request':
        return this.#requested(message.value);
      case 'response':
        return this.#answered(message.value);
      case 'command':
        return this.#commanded(message.value);
      case 'indication':
        return userInputOf(message.value);
      default:
        return [];
    }
  }

  /** Digits and the like, as text (H.245 §8.13): what room systems call DTMF. */
  userInput(text: string): H245Action[] {
    return [send({ type: 'indication', value: { type: 'userInput', value: { type: 'alphanumeric', value: text } } })];
  }

  end(): H245Action[] {
    if (this.#ended) return [];
    this.#ended = true;
    return [send({ type: 'command', value: { type: 'endSessionCommand', value: { type: 'disconnect', value: null } } })];
  }

  #requested(request: RequestMessage): H245Action[] {
    switch (request.type) {
      case 'terminalCapabilitySet': {
        this.#theirs = receivable(request.value);
        const { sequenceNumber } = request.value;
        const ack = send({ type: 'response', value: { type: 'terminalCapabilitySetAck', value: { sequenceNumber } } });
        return [...this.begin(), ack, ...this.#progress()];
      }
      case 'masterSlaveDetermination': {
        const { terminalType, statusDeterminationNumber: number } = request.value;
        return this.#masterSlaveStep(masterSlaveRequested(this.#masterSlave, { terminalType, number }, this.#options.newNumber));
      }
      case 'openLogicalChannel': {
        const { answer, channel } = this.channels.requested(request.value, this.#masterSlave.role ?? 'slave');
        const value =
          'cause' in answer
            ? ({ type: 'openLogicalChannelReject', value: answer } as const)
            : ({ type: 'openLogicalChannelAck', value: answer } as const);
        return [send({ type: 'response', value }), ...(channel ? [{ do: 'channel', channel } as const] : []), ...this.#mediaProgress()];
      }
      case 'closeLogicalChannel': {
        const { forwardLogicalChannelNumber } = request.value;
        const channel = this.channels.closed(forwardLogicalChannelNumber);
        const ack = send({ type: 'response', value: { type: 'closeLogicalChannelAck', value: { forwardLogicalChannelNumber } } });
        return channel ? [ack, { do: 'channel', channel }] : [ack];
      }
      case 'roundTripDelayRequest': {
        const { sequenceNumber } = request.value;
        return [send({ type: 'response', value: { type: 'roundTripDelayResponse', value: { sequenceNumber } } })];
      }
      default:
        return [];
    }
  }

  #answered(response: ResponseMessage): H245Action[] {
    switch (response.type) {
      case 'terminalCapabilitySetAck':
        this.#capabilitiesAcknowledged = true;
        return this.#progress();
      case 'terminalCapabilitySetReject':
        return [{ do: 'failed', why: `our capabilities were rejected: ${response.value.cause.type}` }];
      case 'masterSlaveDeterminationAck':
        return this.#masterSlaveStep(masterSlaveAcknowledged(this.#masterSlave, response.value.decision.type));
      case 'masterSlaveDeterminationReject':
        return this.#masterSlaveStep(masterSlaveRejected(this.#masterSlave, this.#options.newNumber));
      case 'openLogicalChannelAck': {
        const channel = this.channels.acknowledged(response.value);
        return channel ? [{ do: 'channel', channel }, ...this.#mediaProgress()] : [];
      }
      case 'openLogicalChannelReject': {
        const channel = this.channels.rejected(response.value);
        if (!channel) return [];
        const why = `our ${channel.media} channel was rejected: ${response.value.cause.type}`;
        return [
          { do: 'channel', channel },
          { do: 'failed', why },
        ];
      }
      default:
        return [];
    }
  }

  #commanded(command: CommandMessage): H245Action[] {
    if (command.type !== 'endSessionCommand') return [];
    this.#ended = true;
    return [{ do: 'ended' }];
  }

  #masterSlaveStep([state, sends]: [MasterSlave, MasterSlaveSend[]]): H245Action[] {
    this.#masterSlave = state;
    const actions = sends.map(masterSlaveMessage);
    if (state.phase === 'failed') return [...actions, { do: 'failed', why: 'master and slave could not be told apart' }];
    return [...actions, ...this.#progress()];
  }

  /** Capabilities known both ways and roles settled: the channels are opened. */
  #progress(): H245Action[] {
    const role = this.role;
    if (this.#agreed || !role || !this.#theirs || !this.#capabilitiesAcknowledged) return [];
    this.#agreed = true;
    const actions: H245Action[] = [{ do: 'agreed', role }];
    for (const media of this.#wanted()) {
      if (this.channels.has('out', media, 'open')) continue;
      actions.push(send({ type: 'request', value: { type: 'openLogicalChannel', value: this.channels.open(media, role) } }));
    }
    return [...actions, ...this.#mediaProgress()];
  }

  #mediaProgress(): H245Action[] {
    if (this.#mediaReady || !this.#agreed) return [];
    const ready = this.#wanted().every((media) => this.channels.has('out', media, 'open') && this.channels.has('in', media, 'open'));
    if (!ready) return [];
    this.#mediaReady = true;
    return [{ do: 'mediaReady' }];
  }

  #wanted(): Media[] {
    return this.#options.media.filter((media) => this.#theirs?.has(media));
  }
}

function send(message: MultimediaSystemControlMessage): H245Action {
  return { do: 'send', message };
}

function masterSlaveMessage(out: MasterSlaveSend): H245Action {
  switch (out.send) {
    case 'request': {
      const { terminalType, number: statusDeterminationNumber } = out.determination;
      return send({ type: 'request', value: { type: 'masterSlaveDetermination', value: { terminalType, statusDeterminationNumber } } });
    }
    case 'ack': {
      const decision = { type: out.decision, value: null } as const;
      return send({ type: 'response', value: { type: 'masterSlaveDeterminationAck', value: { decision } } });
    }
    case 'reject': {
      const cause = { type: 'identicalNumbers', value: null } as const;
      return send({ type: 'response', value: { type: 'masterSlaveDeterminationReject', value: { cause } } });
    }
  }
}

function userInputOf(indication: IndicationMessage): H245Action[] {
  if (indication.type !== 'userInput') return [];
  const input = indication.value;
  if (input.type === 'alphanumeric') return [{ do: 'userInput', text: input.value }];
  return input.type === 'signal' ? [{ do: 'userInput', text: input.value.signalType }] : [];
}
