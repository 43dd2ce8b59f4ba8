import type { Member, MemberId, MemberStore } from '../../../state/member-store.js';
import type { SipTransport } from '../../plan/plan.js';
import type { SipUri } from '../message/uri.js';
import type { Flow, Target, TransportLayer } from '../transport/flow.js';
import { transportOfFlow } from '../transport/flow-id.js';
import { fellowTargets } from './fellow-link.js';
import { type FlowTokens, flowParam } from './flow-token.js';

/** The safest first. */
const preferred: readonly SipTransport[] = ['tls', 'tcp', 'udp'];

/** A way to an endpoint by a flow of its own, whichever instance has that. */
export type FlowWay =
  /** It is ours. */
  | { readonly at: 'here'; readonly flow: Flow }
  /** Another instance, `holder`, has it: `target` is that instance, and the request is to begin its Route with `route`. `over`: by what transport it goes on from there. */
  | { readonly at: 'there'; readonly holder: MemberId; readonly target: Target; readonly route: string; readonly over: SipTransport };

export interface FlowHoldersParts {
  readonly members: Pick<MemberStore, 'others' | 'onChange'>;
  readonly transports: Pick<TransportLayer, 'flow'>;
  readonly tokens: FlowTokens;
  readonly now: () => number;
  /** RFC 3263, for an instance that is known by name. Never rejects. */
  readonly locate: (uri: SipUri, trusted: boolean) => Promise<readonly Target[]>;
}

/** Which instance has which flow: an endpoint on a connection, or behind a NAT, is reached by that instance alone (RFC 5626 §5.3). */
export class FlowHolders {
  readonly #parts: FlowHoldersParts;

  constructor(parts: FlowHoldersParts) {
    this.#parts = parts;
  }

  /** The living instance that has, or had, this flow; undefined: it is our own, or nobody's any more. */
  memberWith(id: string): Member | undefined {
    let best: { member: Member; length: number } | undefined;
    for (const member of this.#parts.members.others()) {
      for (const beginning of member.flows) {
        if (beginning !== '' && beginning.length > (best?.length ?? 0) && id.startsWith(beginning))
          best = { member, length: beginning.length };
      }
    }
    return best?.member;
  }

  /** Calls `gone` when this instance is no longer among the living. Returns what takes it away. */
  whenGone(holder: MemberId, gone: () => void): () => void {
    return this.#parts.members.onChange(() => {
      if (!this.lives(holder)) gone();
    });
  }

  lives(holder: MemberId): boolean {
    return this.#parts.members.others().some(({ id }) => id === holder);
  }

  /** Whether this flow is open here, or was open at an instance that still lives. */
  mayExist(id: string): boolean {
    const own = this.#parts.transports.flow(id);
    return own ? !own.closed : this.memberWith(id) !== undefined;
  }

  /** The way over this flow for a request of this call. Undefined: it is closed, or its instance is gone or cannot be reached. */
  async wayOver(id: string, callId: string): Promise<FlowWay | undefined> {
    const { transports, tokens, now, locate } = this.#parts;
    const own = transports.flow(id);
    if (own) return own.closed ? undefined : { at: 'here', flow: own };
    const member = this.memberWith(id);
    const link = member && (await fellowTargets(locate, member, preferred).next()).value;
    if (!link) return undefined;
    const route = `<${link.uri};lr;${flowParam}=${tokens.order(id, callId, now())}>`;
    return { at: 'there', holder: member.id, target: link.target, route, over: transportOfFlow(id) };
  }
}

/** The less secure of two transports that a message takes one after the other: keys in it can be read there. */
export function weaker(first: SipTransport, then: SipTransport | undefined): SipTransport {
  return then === undefined || first !== 'tls' ? first : then;
}
