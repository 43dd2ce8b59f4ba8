import type { Member } from '../../../state/member-store.js';
import type { SipTransport } from '../../plan/plan.js';
import { formatHostPort } from '../message/host.js';
import { parseSipUri } from '../message/uri.js';
import type { Flow, Target, TransportLayer } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { openFirst } from './open-first.js';

/** A way to another instance, and how a Route names it. */
export interface FellowLink {
  readonly flow: Flow;
  /** `sip:192.0.2.2:5061;transport=tls` */
  readonly uri: string;
}

/** Where another instance is, as `FellowLink` without its flow. */
export interface FellowTarget {
  readonly target: Target;
  readonly uri: string;
}

/**
 * Where another instance listens, by these transports, the most wanted first. By TLS to the very certificate that it announced, and to none
 * otherwise.
 */
export async function* fellowTargets(
  locate: ProxyContext['locate'],
  member: Pick<Member, 'sip'>,
  order: Iterable<SipTransport>,
): AsyncGenerator<FellowTarget, void, undefined> {
  for (const transport of order) {
    for (const { transport: spoken, host, port, fingerprint } of member.sip) {
      if (spoken !== transport || (transport === 'tls' && fingerprint === undefined)) continue;
      const uri = `sip:${formatHostPort(host, port)};transport=${transport}`;
      const parsed = parseSipUri(uri);
      const [target] = parsed ? await locate(parsed, true) : [];
      if (target) yield { uri, target: transport === 'tls' && fingerprint !== undefined ? { ...target, fingerprint } : target };
    }
  }
}

/** As much of the proxy as it takes. */
export interface LinkContext {
  readonly locate: ProxyContext['locate'];
  readonly transports: Pick<TransportLayer, 'flowTo'>;
}

/**
 * Opens a way to another instance: by the transport that the message came by, else by the safest that both have. What came by TLS is passed on by
 * nothing else to an instance that speaks it: whoever breaks a connection must not bring the call into the clear.
 */
export async function linkTo(context: LinkContext, member: Member, came: SipTransport): Promise<FellowLink | undefined> {
  const secured = came === 'tls' && member.sip.some(({ transport, fingerprint }) => transport === 'tls' && fingerprint !== undefined);
  const order = new Set<SipTransport>(secured ? ['tls'] : [came, 'tls', 'tcp', 'udp']);
  for await (const { target, uri } of fellowTargets(context.locate, member, order)) {
    const flow = await openFirst(context, [target]);
    if (flow) return { flow, uri };
  }
  return undefined;
}
