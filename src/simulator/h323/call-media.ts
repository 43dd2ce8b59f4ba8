import type { TransportAddress } from '../../gatekeeper/h323/asn1/h225.js';
import type { ClearToken } from '../../gatekeeper/h323/asn1/h235.js';
import type { MultimediaSystemControlMessage } from '../../gatekeeper/h323/asn1/h245.js';
import { type SocketAddress, socketAddress, transportAddress } from './addresses.js';
import { CallControl } from './call-control.js';
import type { CallHost, CallSettings } from './call-host.js';
import { acceptFastStart, proposeFastStart, readFastStart } from './h245/fast-start.js';
import { type H245Action, H245Session } from './h245/h245-session.js';
import type { LogicalChannel, MediaSecurity } from './h245/logical-channels.js';
import { DETERMINATION_NUMBERS, terminalTypes } from './h245/master-slave.js';
import { answerKeys, type KeyOffer, offerKeys } from './key-agreement.js';
import type { SignallingListener } from './signalling.js';

/** What a call hears of its media, and does for it. */
export interface CallMediaUser {
  readonly ended: boolean;
  /** Carries H.245 messages in call signalling. */
  tunnel(pdus: readonly Buffer[]): void;
  agreed(): void;
  mediaReady(): void;
  channel(channel: LogicalChannel): void;
  input(text: string): void;
  traced(message: MultimediaSystemControlMessage, direction: 'in' | 'out'): void;
}

/** What any message on the way to Connect may bring. */
export interface MediaHints {
  readonly tokens?: readonly ClearToken[] | undefined;
  readonly fastStart?: readonly Uint8Array[] | undefined;
  readonly h245Address?: TransportAddress | undefined;
}

const MAX_PROBLEMS = 16;

/** The media side of one call: keys, fast start, and H.245 in the tunnel or on a connection of its own. */
export class CallMedia {
  readonly problems: string[] = [];
  readonly #host: CallHost;
  readonly #settings: CallSettings;
  readonly #user: CallMediaUser;
  #control: CallControl | undefined;
  #listener: SignallingListener | undefined;
  #keys: KeyOffer | undefined;
  #secret: Buffer | undefined;
  #fastStarted = false;
  #h245To: SocketAddress | undefined;

  constructor(host: CallHost, settings: CallSettings, user: CallMediaUser) {
    this.#host = host;
    this.#settings = settings;
    this.#user = user;
  }

  get secret(): Buffer | undefined {
    return this.#secret;
  }

  /** Encrypted, or nobody insists on it. */
  get acceptable(): boolean {
    return this.#secret !== undefined || !this.#settings.requireEncryption;
  }

  get fastStarted(): boolean {
    return this.#fastStarted;
  }

  get channels(): readonly LogicalChannel[] {
    return this.#control?.session.channels.all ?? [];
  }

  get h245Way(): 'tunnelled' | 'separate' | undefined {
    if (!this.#control?.session.begun) return undefined;
    return this.#control.separate ? 'separate' : 'tunnelled';
  }

  /** The session is made when it is first needed: by then the keys are known. */
  get control(): CallControl {
    if (this.#control) return this.#control;
    const { identity, rtp, random } = this.#host;
    const session = new H245Session({
      terminalType: terminalTypes[identity.kind],
      media: this.#settings.media,
      rtp,
      security: this.#security,
      randomBytes: random,
      newNumber: () => random(3).readUIntBE(0, 3) % DETERMINATION_NUMBERS,
    });
    this.#control = new CallControl({
      session,
      tunnel: (pdus) => this.#user.tunnel(pdus),
      act: (action) => this.#act(action),
      trace: (message, direction) => this.#user.traced(message, direction),
    });
    return this.#control;
  }

  /** For a Setup: half keys, and channels where the mode is fast start. */
  offer(): { readonly tokens: readonly ClearToken[] | undefined; readonly fastStart: readonly Buffer[] | undefined } {
    const { h245, encryption, media } = this.#settings;
    const algorithm = encryption === 'none' ? undefined : encryption;
    this.#keys = algorithm && offerKeys(algorithm);
    return { tokens: this.#keys?.tokens, fastStart: h245 === 'fastStart' ? proposeFastStart(media, this.#host.rtp, algorithm) : undefined };
  }

  /** The answer to a Setup's half keys; undefined: there are none, or we want none. */
  answerKeys(offered: readonly ClearToken[] | undefined): readonly ClearToken[] | undefined {
    if (this.#settings.encryption === 'none' || !offered) return undefined;
    const answer = answerKeys(offered);
    this.#secret = answer?.secret;
    return answer?.tokens;
  }

  /** The answer to a Setup's channels; undefined: there are none that we take. */
  answerFastStart(proposals: readonly Uint8Array[] | undefined): readonly Buffer[] | undefined {
    if (this.#settings.h245 !== 'fastStart' || !proposals) return undefined;
    const { media } = this.#settings;
    const accepted = acceptFastStart(proposals, media, this.#host.rtp, this.#security, this.control.session.channels);
    if (!accepted) return undefined;
    this.#adopt(accepted.channels);
    return accepted.answer;
  }

  learn({ tokens, fastStart, h245Address }: MediaHints): void {
    if (!this.#secret && tokens) this.#secret = this.#keys?.agree(tokens);
    if (fastStart && !this.#fastStarted) this.#adopt(readFastStart(fastStart, this.#host.rtp, this.control.session.channels));
    this.#h245To = socketAddress(h245Address) ?? this.#h245To;
  }

  /** Opens H.245 on a connection of its own, where the other side has named an address for it. */
  connectH245(): void {
    const to = this.#h245To;
    const { control } = this;
    if (!to || control.separate) return;
    this.#host.connect(to, false).then(
      (connection) => (this.#user.ended ? connection.destroy() : control.useConnection(connection)),
      (error: unknown) => this.#problem(`no H.245 connection to ${to.address}:${to.port}: ${String(error)}`),
    );
  }

  /** A port for the other side's H.245 connection. */
  async listenForH245(): Promise<TransportAddress> {
    const { control } = this;
    const listener = await this.#host.listenForH245((connection) => {
      listener.stop();
      control.useConnection(connection);
    });
    this.#listener = listener;
    if (this.#user.ended) listener.stop();
    return transportAddress(listener.local);
  }

  /** The end: what is left to say of H.245 in the tunnel. */
  end(): readonly Buffer[] {
    // Its connection is the session's, which sends FIN on it.
    this.#listener?.stop();
    return this.#control?.end() ?? [];
  }

  get #security(): MediaSecurity | undefined {
    const { encryption } = this.#settings;
    return encryption === 'none' || !this.#secret ? undefined : { algorithm: encryption, secret: this.#secret };
  }

  #adopt(channels: readonly LogicalChannel[]): void {
    for (const channel of channels) {
      this.control.session.channels.adopt(channel);
      this.#user.channel(channel);
    }
    this.#fastStarted = channels.length > 0;
  }

  #act(action: H245Action): void {
    switch (action.do) {
      case 'channel':
        this.#user.channel(action.channel);
        break;
      case 'agreed':
        this.#user.agreed();
        break;
      case 'mediaReady':
        this.#user.mediaReady();
        break;
      case 'userInput':
        this.#user.input(action.text);
        break;
      case 'failed':
        this.#problem(action.why);
        break;
      default:
        break;
    }
  }

  #problem(text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(text);
  }
}
