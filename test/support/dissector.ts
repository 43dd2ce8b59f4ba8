import { join } from 'node:path';
import { type CapturedPayload, writeCapture } from './pcap.js';
import { Program } from './processes.js';
import { temporaryDirectory } from './temporary-directory.js';

/** One thing that tshark found in a packet. */
export interface DissectedField {
  /** In tshark's words: `h225.requestSeqNum`. */
  readonly name: string;
  /** In the Recommendation's: `requestSeqNum`. Empty for an item of a list. */
  readonly label: string;
  /** As text: a number, a name's index, an address. */
  readonly show: string;
  /** Its octets in hexadecimal. */
  readonly value: string;
  readonly fields: DissectedField[];
}

export interface DissectedPacket {
  /** Every protocol in it, outermost first; fields are below. Several messages of one segment are several protocols. */
  readonly protocols: readonly DissectedField[];
  /** What tshark takes for malformed, or wants an expert to look at. */
  readonly problems: readonly string[];
}

/** An independent reading of what we make, within a test: tshark's, of a capture written here. `decodeAs`: `tcp.port==40000,tpkt`. */
export async function dissect(
  payloads: readonly Omit<CapturedPayload, 'time'>[],
  options: { readonly decodeAs?: readonly string[]; readonly settings?: readonly string[] } = {},
): Promise<DissectedPacket[]> {
  const file = join(await temporaryDirectory(), 'made.pcap');
  writeCapture(file, payloads);
  const decodeAs = (options.decodeAs ?? []).flatMap((rule) => ['-d', rule]);
  const settings = (options.settings ?? []).flatMap((setting) => ['-o', setting]);
  const program = await Program.start('tshark', ['-r', file, '-T', 'pdml', ...decodeAs, ...settings]);
  await program.exits(0, 60_000);
  return packetsOf(Buffer.from(program.output, 'latin1').toString('utf8'));
}

/** The least severity of expert information: that a connection begins. */
const CHAT = 0x200000;

const TAG = /<(\/?)(packet|proto|field)\b([^>]*?)(\/?)>/g;
const ATTRIBUTE = /([a-z]+)="([^"]*)"/g;

function packetsOf(pdml: string): DissectedPacket[] {
  const packets: { protocols: DissectedField[]; problems: string[] }[] = [];
  let stack: DissectedField[] = [];
  let remark = '';
  for (const [, closing, tag, attributes = '', empty] of pdml.matchAll(TAG)) {
    if (closing) {
      stack.pop();
      continue;
    }
    const { name = '', showname = '', show = '', value = '', hide } = attributesOf(attributes);
    const packet = packets.at(-1);
    if (tag === 'packet' || !packet) {
      packets.push({ protocols: [], problems: [] });
      stack = [];
      if (tag === 'packet') stack.push(fieldOf('', '', '', ''));
      continue;
    }
    const field = fieldOf(name, name === '' ? '' : labelOf(showname), show, value);
    if (name === '_ws.expert.message') remark = show;
    if (name === '_ws.expert.severity' && Number(show) > CHAT) packet.problems.push(remark);
    if (name === '_ws.malformed') packet.problems.push(show || showname);
    if (tag === 'proto') packet.protocols.push(field);
    else if (hide !== 'yes') stack.at(-1)?.fields.push(field);
    if (!empty) stack.push(field);
  }
  return packets;
}

/** `.1.. .... answerCall: True` and `answerCall: True` are the same field. */
const labelOf = (showname: string): string => /^(?:[01.]{4}[01. ]*)?([^:]*)/.exec(showname)?.[1] ?? '';

const fieldOf = (name: string, label: string, show: string, value: string): DissectedField => ({ name, label, show, value, fields: [] });

function attributesOf(text: string): Partial<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(ATTRIBUTE)) found[name] = unescaped(value);
  return found;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|(\w+));/g, (all, code: string | undefined, name: string | undefined) =>
    code === undefined ? (ENTITIES[name ?? ''] ?? all) : String.fromCodePoint(Number.parseInt(code, 16)),
  );
