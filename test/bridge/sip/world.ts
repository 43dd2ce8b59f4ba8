import type { Call } from '../../../src/bridge/sip/call.js';
import type { CallEnd, CallUser, SdpAnswer } from '../../../src/bridge/sip/call-user.js';
import type { IncomingCall } from '../../../src/bridge/sip/incoming-call.js';
import { UserAgent, type UserAgentOptions } from '../../../src/bridge/sip/user-agent.js';
import { VirtualClock } from '../../../src/clock.js';
import type { RefusalCode } from '../../../src/gatekeeper/calls/reasons.js';
import { memoryFlows } from '../../../src/gatekeeper/sip/transport/memory-flow.js';
import { sound } from './offers.js';
import { Peer } from './peer.js';

/** Who has a call in a test: notes what it is told, answers what it is set to. */
export class Notes implements CallUser {
  readonly offers: string[] = [];
  readonly answers: string[] = [];
  readonly digits: string[] = [];
  readonly ends: CallEnd[] = [];
  keyFrames = 0;
  made = 0;
  answer: SdpAnswer = { ok: true, sdp: sound() };
  refuseAnswer: RefusalCode | undefined;
  /** Set: `onOffer` waits for it. */
  gate: Promise<void> | undefined;

  async onOffer(sdp: string): Promise<SdpAnswer> {
    this.offers.push(sdp);
    await this.gate;
    return this.answer;
  }

  async makeOffer(): Promise<string> {
    this.made++;
    return sound();
  }

  async onAnswer(sdp: string): Promise<RefusalCode | undefined> {
    this.answers.push(sdp);
    return this.refuseAnswer;
  }

  onKeyFrame(): void {
    this.keyFrames++;
  }

  onDigit(digit: string): void {
    this.digits.push(digit);
  }

  onEnd(end: CallEnd): void {
    this.ends.push(end);
  }
}

let made = 0;

/** A user agent with the peer at the other end of its flow. Every call is accepted unless `onCall` says otherwise. */
export function openWorld(options: Partial<UserAgentOptions> = {}) {
  const clock = new VirtualClock(1_700_000_000_000);
  const [near, far] = memoryFlows({ ids: [`near-${++made}`, `far-${made}`] });
  const peer = new Peer(far);
  const notes = new Notes();
  const calls: Call[] = [];
  const faults: unknown[] = [];
  const agent = new UserAgent({
    flow: near,
    clock,
    host: 'mote.example',
    onCall: (call: IncomingCall) => {
      const accepted = call.accept(sound(), notes);
      if (accepted) calls.push(accepted);
    },
    onFault: (error) => faults.push(error),
    random: () => 0.5,
    ...options,
  });
  return { clock, peer, notes, calls, faults, agent, near, far };
}
