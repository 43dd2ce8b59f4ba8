import * as crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { VirtualClock } from '../src/clock.js';
import { Authenticator } from '../src/gatekeeper/sip/authenticator.js';
import { digestResponse } from '../src/gatekeeper/sip/digest.js';
import { SipRequest } from '../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../src/gatekeeper/sip/message/parse.js';
import { Nonces } from '../src/gatekeeper/sip/nonces.js';
import { Registrar } from '../src/gatekeeper/sip/registrar.js';
import { MemoryStore } from '../src/state/memory.js';
import { demoPlan, NOW, PASSWORD, REALM, TestFlow } from '../test/gatekeeper/sip/registrar-fixture.js';
import { atMost, plain, print, type Row } from './row.js';

/** Aliases 461010000 to 461010999; each logs on again and again, as a real population does. */
const ENDPOINTS = 1000;
const ROUNDS = 40;

const clock = new VirtualClock(NOW);
const store = new MemoryStore({ clock });
const nonces = new Nonces(store.nonces);
const plan = () => demoPlan;
const authenticator = new Authenticator({ plan, nonces, realm: REALM, clock });
const settings = { minExpires: 60, maxExpires: 3600, defaultExpires: 600 };
const registrar = new Registrar({ store, plan, authenticator, here: { is: () => false }, clock, settings });
const flow = new TestFlow();

function registerText(index: number, round: number, credentials: string | undefined): string {
  const alias = `46101${String(index).padStart(4, '0')}`;
  const lines = [
    'REGISTER sip:norr.example SIP/2.0',
    `Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK${index}.${round}${credentials ? 'b' : 'a'};rport`,
    'Max-Forwards: 70',
    `From: <sip:${alias}@norr.example>;tag=${index}`,
    `To: <sip:${alias}@norr.example>`,
    `Call-ID: ${alias}-0123456789abcdef@198.51.100.7`,
    `CSeq: ${round * 2 + (credentials ? 2 : 1)} REGISTER`,
    `Contact: <sip:${alias}@198.51.100.7:5060;transport=udp>`,
    'Expires: 600',
    'User-Agent: Room system 1.0',
    ...(credentials === undefined ? [] : [`Authorization: ${credentials}`]),
    'Content-Length: 0',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function credentialsFor(index: number, algorithm: 'MD5' | 'SHA-256'): string {
  const username = `46101${String(index).padStart(4, '0')}`;
  const nonce = nonces.issue(clock.now());
  const input = { algorithm, username, realm: REALM, nonce, uri: 'sip:norr.example', cnonce: 'c0ffee12', nc: '00000001' };
  const response = digestResponse(input, 'REGISTER', PASSWORD);
  return (
    `Digest username="${username}", realm="${REALM}", nonce="${nonce}", uri="${input.uri}", response="${response}", ` +
    `algorithm=${algorithm}, cnonce="${input.cnonce}", qop=auth, nc=${input.nc}`
  );
}

function parsed(text: string): SipRequest {
  const result = parseMessage(text);
  if (!result.ok || !(result.message instanceof SipRequest)) throw new Error('The benchmark wrote a message that does not parse');
  return result.message;
}

/** CPU time of `work` for each item, microseconds. */
async function cpuPerItem<T>(items: readonly T[], work: (item: T) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (const item of items) await work(item);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / items.length;
}

async function expectStatus(request: SipRequest, status: number): Promise<void> {
  const response = await registrar.register(request, flow);
  if (response.status !== status) throw new Error(`Expected ${status}, got ${response.toString()}`);
}

function texts(round: number, algorithm?: 'MD5' | 'SHA-256'): string[] {
  return Array.from({ length: ENDPOINTS }, (_, index) =>
    registerText(index, round, algorithm === undefined ? undefined : credentialsFor(index, algorithm)),
  );
}

export async function main(): Promise<Row[]> {
  const rows = {
    challenge: Number.POSITIVE_INFINITY,
    md5: Number.POSITIVE_INFINITY,
    sha256: Number.POSITIVE_INFINITY,
    whole: Number.POSITIVE_INFINITY,
  };
  for (let round = 0; round < ROUNDS; round++) {
    // The quietest round counts: others on the machine can only add to it.
    const keep = (name: keyof typeof rows, value: number) => {
      rows[name] = Math.min(rows[name], value);
    };
    keep('challenge', await cpuPerItem(texts(round * 3).map(parsed), (request) => expectStatus(request, 401)));
    keep('md5', await cpuPerItem(texts(round * 3, 'MD5').map(parsed), (request) => expectStatus(request, 200)));
    keep('sha256', await cpuPerItem(texts(round * 3 + 1, 'SHA-256').map(parsed), (request) => expectStatus(request, 200)));
    const both = texts(round * 3 + 2).flatMap((text, index) => [text, registerText(index, round * 3 + 2, credentialsFor(index, 'MD5'))]);
    keep('whole', 2 * (await cpuPerItem(both, async (text) => flow.send((await registrar.register(parsed(text), flow)).toString()))));
    flow.sent.length = 0;
    clock.advance(1000);
  }
  await store.close();
  return [
    plain('registrar: REGISTER without credentials, 401', rows.challenge, 'µs'),
    atMost('registrar: REGISTER with digest MD5, 200', rows.md5, 'µs', 20),
    atMost('registrar: REGISTER with digest SHA-256, 200', rows.sha256, 'µs', 20),
    plain('registrar: 401 and 200 with parsing and writing', rows.whole, 'µs'),
    ...hashes(),
  ];
}

/** Why the digest is ours: see `hash` in digest.ts. */
function hashes(): Row[] {
  const nodeSip: unknown = createRequire(import.meta.url)('sip/digest');
  const kd = typeof nodeSip === 'object' && nodeSip !== null && 'kd' in nodeSip ? nodeSip.kd : undefined;
  if (typeof kd !== 'function') throw new Error('node-sip no longer exports its hash');
  const parts = ['0123456789abcdef0123456789abcdef', 'n'.repeat(40), '00000001', 'c0ffee12', 'auth', '0123456789abcdef0123456789abcdef'];
  const text = parts.join(':');
  const rounds = 100_000;
  const time = (work: () => unknown): number => {
    for (let index = 0; index < 10_000; index++) work();
    const before = process.cpuUsage();
    for (let index = 0; index < rounds; index++) work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / rounds;
  };
  return [
    plain(
      "registrar: one MD5, node-sip's",
      time(() => kd(...parts)),
      'µs',
    ),
    plain(
      'registrar: one MD5, ours',
      time(() => crypto.hash('md5', text)),
      'µs',
    ),
    plain(
      'registrar: a nonce issued',
      time(() => nonces.issue(NOW)),
      'µs',
    ),
    plain(
      'registrar: a nonce checked',
      time(
        (
          (nonce) => () =>
            nonces.issuedAt(nonce)
        )(nonces.issue(NOW)),
      ),
      'µs',
    ),
  ];
}

if (import.meta.filename === process.argv[1]) print(await main());
