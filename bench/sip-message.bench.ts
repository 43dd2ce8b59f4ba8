import { parseCredentials } from '../src/gatekeeper/sip/message/auth-header.js';
import { responseTo, type SipMessage, SipRequest } from '../src/gatekeeper/sip/message/message.js';
import { parseWithNodeSip, stringifyWithNodeSip } from '../src/gatekeeper/sip/message/node-sip.js';
import { parseMessage } from '../src/gatekeeper/sip/message/parse.js';
import { parseSipUri, uriKey } from '../src/gatekeeper/sip/message/uri.js';
import { inspectSdp, judgeOffer } from '../src/gatekeeper/sip/sdp-policy.js';
import { invite, offer, register } from '../test/gatekeeper/sip/message/samples.js';
import { atMost, plain, print } from './row.js';

/** Microseconds a call takes: the best of many short rounds, so that neither the collector nor a neighbour on the core counts. */
function microseconds(work: () => unknown): number {
  const calls = 2000;
  let sink: unknown;
  for (let i = 0; i < 30_000; i++) sink = work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 60; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) sink = work();
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1000 / calls);
  }
  if (sink === undefined) throw new Error('nothing was done');
  return best;
}

/** As from a socket: a new string each time, which no engine has seen. */
const registerBytes = Buffer.from(register, 'latin1');
const inviteBytes = Buffer.from(invite, 'latin1');

function read(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes.toString('latin1'));
  if (!result.ok) throw result.error;
  return result.message;
}

function send(message: SipMessage): Buffer {
  return Buffer.from(message.toString(), 'latin1');
}

function request(bytes: Buffer): SipRequest {
  const message = read(bytes);
  if (!(message instanceof SipRequest)) throw new Error('not a request');
  return message;
}

/** What the proxy does to an INVITE (RFC 3261 §16.6). */
function proxied(): Buffer {
  const copy = request(inviteBytes).clone();
  copy.uri = 'sip:461020002@192.0.2.9:5061;transport=tls';
  copy.removeFirst('route');
  copy.set('max-forwards', String((copy.maxForwards ?? 71) - 1));
  copy.prepend('record-route', '<sip:gk.portvakt.example:5061;transport=tls;lr;pv=0123456789abcdef>');
  copy.prepend('via', 'SIP/2.0/TLS 192.0.2.1:5061;rport;branch=z9hG4bKpv.1234567.89abcdef');
  return send(copy);
}

function answered(): Buffer {
  const contact = '<sip:461010001@10.1.2.3:5061;transport=tls>;expires=600';
  return send(responseTo(request(registerBytes), 200, undefined, [['Contact', contact]]));
}

const credentials = read(registerBytes).get('authorization') ?? '';
const parsedInvite = parseWithNodeSip(invite);
if (!parsedInvite) throw new Error('node-sip cannot read the sample');

print([
  atMost('REGISTER: parse, response, bytes', microseconds(answered), 'µs', 6),
  atMost('INVITE: parse, proxy’s edits, bytes', microseconds(proxied), 'µs', 10),
  plain(
    'REGISTER: parse',
    microseconds(() => read(registerBytes)),
    'µs',
  ),
  plain(
    'INVITE: parse',
    microseconds(() => read(inviteBytes)),
    'µs',
  ),
  plain(
    'REGISTER: parse, node-sip',
    microseconds(() => parseWithNodeSip(register)),
    'µs',
  ),
  plain(
    'INVITE: parse, node-sip',
    microseconds(() => parseWithNodeSip(invite)),
    'µs',
  ),
  plain(
    'INVITE: stringify, node-sip',
    microseconds(() => Buffer.from(stringifyWithNodeSip(parsedInvite), 'latin1')),
    'µs',
  ),
  plain(
    'credentials: parse',
    microseconds(() => parseCredentials(credentials)),
    'µs',
  ),
  plain(
    'SIP URI: parse',
    microseconds(() => parseSipUri('sip:461010001@10.1.2.3:5061;transport=tls')),
    'µs',
  ),
  plain(
    'SIP URI: key',
    microseconds(() => uriKey('sip:461010001@10.1.2.3:5061;transport=tls')),
    'µs',
  ),
  plain(
    'SDP of two lines: inspect and judge',
    microseconds(() => judgeOffer(inspectSdp(offer))),
    'µs',
  ),
]);
