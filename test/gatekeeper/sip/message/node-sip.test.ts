import { describe, expect, it } from 'vitest';
import { SipRequest, SipResponse } from '../../../../src/gatekeeper/sip/message/message.js';
import {
  parseWithNodeSip,
  stringifyAuthHeader,
  stringifyUri,
  stringifyWithNodeSip,
} from '../../../../src/gatekeeper/sip/message/node-sip.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { parseSipUri } from '../../../../src/gatekeeper/sip/message/uri.js';
import { parseVia } from '../../../../src/gatekeeper/sip/message/via.js';
import { samples } from './samples.js';

/** What both readers of a message say of it, in one form. */
function ours(bytes: string) {
  const result = parseMessage(bytes);
  if (!result.ok) throw result.error;
  const { message } = result;
  const address = (value: { uri: string; tag: string | undefined }) => ({ uri: value.uri, tag: value.tag });
  return {
    start:
      message instanceof SipRequest
        ? [message.method, message.uri]
        : message instanceof SipResponse
          ? [message.status, message.reason]
          : [],
    via: message.list('via').map((value) => {
      const via = parseVia(value);
      return { transport: via?.transport, host: via?.host, port: via?.port, branch: via?.branch };
    }),
    from: address(message.from),
    to: address(message.to),
    callId: message.callId,
    cseq: message.cseq,
    contacts: message.contacts === '*' ? '*' : message.contacts.map((contact) => contact.uri),
    recordRoutes: message.list('record-route').map((value) => parseSipUri(value.slice(1, -1))?.host),
    body: message.body,
  };
}

function theirs(bytes: string) {
  const message = parseWithNodeSip(bytes);
  if (!message) throw new Error('node-sip cannot read it');
  const { headers } = message;
  const address = (value: { uri: unknown; params: Record<string, string | null> } | undefined) => ({
    uri: value?.uri,
    tag: value?.params.tag ?? undefined,
  });
  return {
    start: message.method === undefined ? [message.status, message.reason] : [message.method, message.uri],
    via: (headers.via ?? []).map((via) => ({
      transport: via.protocol.toLowerCase(),
      host: via.host.toLowerCase(),
      port: via.port,
      branch: via.params.branch,
    })),
    from: address(headers.from),
    to: address(headers.to),
    callId: headers['call-id'],
    cseq: headers.cseq,
    contacts: headers.contact === '*' ? '*' : (headers.contact ?? []).map((contact) => contact.uri),
    recordRoutes: (headers['record-route'] ?? []).map((route) => (typeof route.uri === 'object' ? route.uri.host : undefined)),
    body: message.content,
  };
}

describe('node-sip and we', () => {
  it.each(samples)('read the same in a well-formed message (%#)', (bytes) => expect(ours(bytes)).toEqual(theirs(bytes)));

  it.each(samples)('read the same in what node-sip wrote (%#)', (bytes) => {
    const parsed = parseWithNodeSip(bytes);
    if (!parsed) throw new Error('node-sip cannot read it');
    expect(ours(stringifyWithNodeSip(parsed))).toEqual(ours(bytes));
  });

  // What the adapter's comment says of it; when one of these fails, node-sip has changed and the comment with it.
  it('differ where node-sip does not hold', () => {
    const via = (value: string) => parseWithNodeSip(`OPTIONS sip:a SIP/2.0\r\nVia: ${value}\r\n\r\n`)?.headers.via;
    expect(via('SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1')).toMatchObject([{ host: '[2001' }]);
    expect(via('nonsense')).toBeUndefined();
    const twice = parseWithNodeSip(
      'OPTIONS sip:a SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nFrom: <sip:c@d>;tag=2\r\nCall-ID: 1\r\nCall-ID: 2\r\n\r\n',
    )?.headers;
    expect(twice).toMatchObject({ from: { uri: 'sip:c@d' }, 'call-id': '1,2' });
  });
});

describe('what we use of node-sip', () => {
  it('writes URIs', () => {
    const uri = {
      scheme: 'sips',
      user: 'a',
      password: undefined,
      host: '2001:db8::1',
      port: 5061,
      params: new Map<string, string | true>([
        ['lr', true],
        ['__proto__', 'x'],
      ]),
    };
    expect(stringifyUri(uri)).toBe('sips:a@[2001:db8::1]:5061;lr;__proto__=x');
  });
  it('writes authentication headers', () =>
    expect(stringifyAuthHeader({ scheme: 'Digest', realm: '"x"', stale: 'true' })).toBe('Digest realm="x",stale=true'));
});
