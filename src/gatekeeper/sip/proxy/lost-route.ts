import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri } from '../message/uri.js';
import type { Target } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { tokenParam } from './record-route.js';

/**
 * A call may pass two instances (a spiral: its callee's exchange sent it back to another one), and the route beyond us may name one that is
 * lost: then its turn is ours, for whoever asks the store for that call gets it. Undefined: the route leads where it says.
 */
export function turnOfLost(context: ProxyContext, route: string, callId: string): Target | undefined {
  const { here, fellows, tokens } = context;
  // Most calls pass one instance only.
  if (!route.includes(`;${tokenParam}=`)) return undefined;
  const uri = parseSipUri(parseNameAddr(route)?.uri ?? '');
  const token = uri?.params.get(tokenParam);
  if (!uri || typeof token !== 'string' || here.is(uri.host, uri.port) || fellows.lives(uri.host, uri.port)) return undefined;
  if (tokens.read(token, callId) === undefined) return undefined;
  const named = uri.params.get('transport');
  const transport = named === 'tcp' || named === 'tls' ? named : uri.scheme === 'sips' ? 'tls' : 'udp';
  return here.target(transport) ?? here.target('tls') ?? here.target('tcp') ?? here.target('udp');
}
