import type { SipRequest, SipResponse } from '../../gatekeeper/sip/message/message.js';
import type { Agent } from './agent.js';

/** What became of a request of ours inside a call. Undefined: no final response came. */
export interface Exchange {
  readonly response: SipResponse | undefined;
}

/**
 * Sends a request and waits for its final response, at most about twice 64*T1; never rejects.
 * @param acknowledge for INVITE: sends the ACK; called for each 2xx, which may be repeated (RFC 3261 §13.2.2.4)
 */
export function exchange(agent: Agent, request: SipRequest, acknowledge?: () => void): Promise<Exchange> {
  return new Promise((resolve) => {
    const settle = (response: SipResponse | undefined) => {
      limit.cancel();
      settled();
      resolve({ response });
    };
    const transaction = agent.request(request, {
      onResponse: (response) => {
        if (response.status < 200) return;
        if (response.status < 300) acknowledge?.();
        settle(response);
      },
      onTimeout: () => settle(undefined),
      onTransportError: () => settle(undefined),
    });
    // Inside a call nobody is asked by a bell: who lets a re-INVITE ring for so long will never answer it.
    const limit = agent.clock.after(64 * agent.timing.t1, () => transaction.cancel());
    const settled = agent.whenClosed(() => settle(undefined));
  });
}
