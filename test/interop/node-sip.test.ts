import sip, { create, type NodeSipMessage } from 'sip';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { password } from '../support/plan.js';
import { sdes } from '../support/sdp.js';
import { type InProcess, startService } from '../support/service.js';
import { answerChallenge } from '../support/sip-client.js';
import { until } from '../support/until.js';

let service: InProcess;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** An endpoint on node-sip's own stack: its parser, transactions and transport, none of them ours. */
async function endpoint(
  user: string,
  domain: string,
  onRequest: (request: NodeSipMessage, reply: (status: number, body?: string) => void) => void,
) {
  const port = await freePort();
  // A name of its own: it takes what goes to its own host for what it must send itself.
  const stack = create({ port, address: '127.0.0.1', publicAddress: `${user}.invalid`, tcp: false }, (request) => {
    onRequest(request, (status, body) => {
      const headers = {
        contact: [{ uri: `sip:${user}@127.0.0.1:${port}`, params: {} }],
        ...(body === undefined ? {} : { 'content-type': 'application/sdp' }),
      };
      const response = sip.makeResponse(request, status, undefined, body === undefined ? { headers } : { headers, content: body });
      const { to } = response.headers;
      if (to) to.params.tag ??= `node-sip-${user}`;
      if (request.headers['record-route']) response.headers['record-route'] = request.headers['record-route'];
      stack.send(response);
    });
  });
  let cseq = 0;
  /** Sends it through the gatekeeper, answers a challenge, and gives the final response. */
  const ask = async (method: string, uri: string, more: NodeSipMessage['headers'], content = ''): Promise<NodeSipMessage> => {
    const once = (authorization?: [string, string]) =>
      new Promise<NodeSipMessage>((resolve) => {
        const headers: NodeSipMessage['headers'] = {
          from: { uri: `sip:${user}@${domain}`, params: { tag: `from-${user}` } },
          to: { uri, params: {} },
          'call-id': `node-sip-${user}-${method}`,
          contact: [{ uri: `sip:${user}@127.0.0.1:${port}`, params: {} }],
          route: [{ uri: `sip:127.0.0.1:${service.ports.udp};lr`, params: {} }],
          'max-forwards': '70',
          ...more,
          cseq: { seq: ++cseq, method },
          ...(content === '' ? {} : { 'content-type': 'application/sdp' }),
        };
        if (authorization) headers[authorization[0]] = authorization[1];
        stack.send({ method, uri, headers, content }, (response) => {
          if ((response.status ?? 0) >= 200) resolve(response);
        });
      });
    const first = await once();
    if (first.status !== 401 && first.status !== 407) return first;
    const challenges = first.headers[first.status === 401 ? 'www-authenticate' : 'proxy-authenticate'];
    const nonce = /nonce="?([^",}]+)/.exec(JSON.stringify(challenges).replaceAll('\\"', '').replaceAll('"nonce":', 'nonce=')) ?? [];
    const challenge = `Digest realm="test.example", nonce="${nonce[1]}", algorithm=SHA-256`;
    return once([first.status === 401 ? 'authorization' : 'proxy-authorization', answerChallenge(challenge, method, uri, user, password)]);
  };
  return { stack, port, ask };
}

it('two endpoints on node-sip register and call each other', async () => {
  const heard: string[] = [];
  const bertil = await endpoint('461020001', 'syd.example', (request, reply) => {
    heard.push(request.method ?? '');
    if (request.method === 'INVITE') {
      reply(180);
      reply(200, sdes('sendrecv', 40_100));
    } else if (request.method !== 'ACK') reply(200);
  });
  const anna = await endpoint('461010001', 'norr.example', (_request, reply) => reply(200));
  try {
    for (const [phone, user, domain] of [
      [anna, '461010001', 'norr.example'],
      [bertil, '461020001', 'syd.example'],
    ] as const) {
      const registered = await phone.ask('REGISTER', `sip:${domain}`, { to: { uri: `sip:${user}@${domain}`, params: {} } });
      expect(registered.status).toBe(200);
    }
    const uri = 'sip:461020001@norr.example';
    const ok = await anna.ask('INVITE', uri, {}, sdes());
    expect(ok.status).toBe(200);
    expect(ok.content).toContain('RTP/SAVP');
    const contact = Array.isArray(ok.headers.contact) ? ok.headers.contact[0]?.uri : undefined;
    const inside = {
      from: ok.headers.from,
      to: ok.headers.to,
      'call-id': ok.headers['call-id'],
      route: [...(ok.headers['record-route'] ?? [])].reverse(),
    } as NodeSipMessage['headers'];
    const target = typeof contact === 'string' ? contact : sip.stringifyUri(contact ?? '');
    anna.stack.send({
      method: 'ACK',
      uri: target,
      headers: { ...inside, via: [], cseq: { seq: ok.headers.cseq?.seq ?? 0, method: 'ACK' }, 'max-forwards': '70' },
    });
    await until(
      () => heard.includes('ACK'),
      () => `ACK; heard ${heard}`,
    );
    expect((await anna.ask('BYE', target, inside)).status).toBe(200);
    expect(await service.records(1)).toMatchObject([{ reason: 'completed', callee: { alias: '461020001' } }]);
  } finally {
    anna.stack.destroy();
    bertil.stack.destroy();
  }
});
