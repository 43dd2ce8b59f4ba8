import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './processes.js';

export interface SippOptions {
  /** The scenario's XML. */
  readonly scenario: string;
  /** `127.0.0.1:5060`; absent: it waits for calls. */
  readonly remote?: string;
  readonly localPort: number;
  readonly transport?: 'udp' | 'tcp';
  /** Values of `[name]` in the scenario. */
  readonly keys?: Readonly<Record<string, string>>;
  /** How many calls; 0: as many as come. */
  readonly calls?: number;
}

/** SIPp, with one scenario. */
export class Sipp {
  readonly program: Program;
  readonly #directory: string;

  static async start(options: SippOptions): Promise<Sipp> {
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-sipp-'));
    const file = join(directory, 'scenario.xml');
    let text = options.scenario;
    for (const [name, value] of Object.entries(options.keys ?? {})) text = text.replaceAll(`[${name}]`, value);
    await writeFile(file, text);
    const count = options.calls === 0 ? [] : ['-m', String(options.calls ?? 1)];
    const messages = ['-trace_err', '-error_file', join(directory, 'errors'), '-trace_msg', '-message_file', join(directory, 'messages')];
    const program = await Program.start(
      'sipp',
      [
        ...(options.remote === undefined ? [] : [options.remote]),
        ...['-sf', file, '-i', '127.0.0.1', '-p', String(options.localPort), '-t', options.transport === 'tcp' ? 't1' : 'u1'],
        ...['-nostdin', '-recv_timeout', '8000', '-timeout_error', ...count, ...messages],
      ],
      { cwd: directory },
    );
    return new Sipp(program, directory);
  }

  private constructor(program: Program, directory: string) {
    this.program = program;
    this.#directory = directory;
  }

  /** Where it writes what it sent and received. */
  get messagesFile(): string {
    return join(this.#directory, 'messages');
  }

  /** Waits for its end: the scenario went as written. Fails with what it says when it did not. */
  succeeds(): Promise<void> {
    return this.program.exits(0);
  }

  async close(): Promise<void> {
    if (!this.program.ended) await this.program.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const head = (request: string) => `${request}
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
Call-ID: [call_id]
Contact: <sip:[user]@[local_ip]:[local_port];transport=[transport]>`;

const send = (text: string) => `  <send><![CDATA[
${text}
]]></send>`;

const scenario = (name: string, steps: readonly string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;

const srtpSdp = `v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/SAVP 8
a=rtpmap:8 PCMA/8000
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
`;

const plainSdp = srtpSdp.replace('RTP/SAVP', 'RTP/AVP').replace(/a=crypto.*\n/, '');

/** Registers `[user]`@`[domain]`; `final`: what comes of it (with another password, another challenge). */
export function registering(final: number): string {
  const register = (cseq: number, more: string) =>
    send(`${head('REGISTER sip:[domain] SIP/2.0')}
From: <sip:[user]@[domain]>;tag=[call_number]
To: <sip:[user]@[domain]>
CSeq: ${cseq} REGISTER
Expires: 300
${more}Content-Length: 0
`);
  const authenticated = register(2, '[authentication username=[login] password=[password]]\n');
  return scenario('register', [register(1, ''), '  <recv response="401" auth="true"/>', authenticated, `  <recv response="${final}"/>`]);
}

/** Calls `[dialled]`, holds the line for a moment and hangs up; or is refused with `refusal`, whose Warning must match. */
export function calling(options: { encrypted?: boolean; refusal?: { status: number; warning: string } } = {}): string {
  const sdp = (options.encrypted ?? true) ? srtpSdp : plainSdp;
  const invite = (cseq: number, more: string) =>
    send(`${head('INVITE sip:[dialled] SIP/2.0')}
From: <sip:[user]@[domain]>;tag=[call_number]
To: <sip:[dialled]>
CSeq: ${cseq} INVITE
${more}Content-Type: application/sdp
Content-Length: [len]

${sdp}`);
  const acknowledge = (cseq: number) =>
    send(`ACK sip:[dialled] SIP/2.0
[last_Via:]
Max-Forwards: 70
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: ${cseq} ACK
Content-Length: 0
`);
  const challenged = [
    invite(1, ''),
    '  <recv response="407" auth="true"/>',
    acknowledge(1),
    invite(2, '[authentication username=[login] password=[password]]\n'),
    '  <recv response="100" optional="true"/>',
  ];
  if (options.refusal) {
    const { status, warning } = options.refusal;
    const check = `<action><ereg regexp="${warning}" search_in="hdr" header="Warning:" check_it="true" assign_to="warning"/></action>`;
    return scenario('refused', [
      ...challenged,
      `  <recv response="${status}">${check}</recv>`,
      acknowledge(2),
      '  <Reference variables="warning"/>',
    ]);
  }
  const inside = (method: string, cseq: number) =>
    send(`${method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
[routes]
From: <sip:[user]@[domain]>;tag=[call_number]
To: <sip:[dialled]>[peer_tag_param]
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Content-Length: 0
`);
  return scenario('call', [
    ...challenged,
    '  <recv response="180" optional="true"/>',
    '  <recv response="200" rrs="true"/>',
    inside('ACK', 2),
    '  <pause milliseconds="50"/>',
    inside('BYE', 3),
    '  <recv response="200"/>',
  ]);
}

/** Rings, answers with SRTP and waits for the BYE. Answers OPTIONS as a call of its own would not be possible. */
export function called(): string {
  const reply = (status: string, body: string) =>
    send(`SIP/2.0 ${status}
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
${body === '' ? 'Content-Length: 0\n' : `Content-Type: application/sdp\nContent-Length: [len]\n\n${body}`}`);
  const bye = send(`SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
`);
  return scenario('called', [
    '  <recv request="INVITE"/>',
    reply('180 Ringing', ''),
    reply('200 OK', srtpSdp),
    '  <recv request="ACK"/>',
    '  <recv request="BYE"/>',
    bye,
  ]);
}
