import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, startService } from '../../../support/service.js';
import { answering, type ClientOptions, SipClient, TestDialog } from '../../../support/sip-client.js';

let service: InProcess;
const clients: SipClient[] = [];

beforeAll(async () => {
  service = await startService();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => service.stop());

async function client(user: string, options: ClientOptions = {}): Promise<SipClient> {
  const transport = options.transport ?? 'udp';
  const made = await SipClient.open({
    transport,
    port: service.ports[transport],
    user,
    domain: user.startsWith('46102') ? 'syd.example' : 'norr.example',
    ...options,
  });
  clients.push(made);
  return made;
}

describe('a call', () => {
  it('goes from norr to syd and ends with a BYE', async () => {
    const anna = await client('461010001');
    const bertil = await client('461020001');
    expect((await anna.register()).status).toBe(200);
    expect((await bertil.register()).status).toBe(200);
    bertil.behaviour = answering();
    const invite = await anna.invite('461020001@norr.example');
    await anna.response(invite, 180);
    const ok = await anna.response(invite, 200);
    const dialog = TestDialog.ofCaller(anna, invite, ok);
    dialog.send('ACK');
    await bertil.request('ACK');
    const bye = dialog.send('BYE');
    await anna.response(bye, 200);
    const [record] = await service.records(1);
    expect(record).toMatchObject({ reason: 'completed', cipher: 'AES_CM_128_HMAC_SHA1_80' });
  });
});
