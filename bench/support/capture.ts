import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startChild, until } from './child.js';
import type { Workspace } from './workspace.js';

/** One SIP message on its way over loopback, as the kernel saw it. */
export interface Packet {
  /** Seconds. */
  readonly time: number;
  readonly from: number;
  readonly to: number;
  /** Call-ID, CSeq and method or status: what tells one message of a call from another. */
  readonly key: string;
  readonly isTrying: boolean;
}

/** Captures what goes to and from this UDP port while `work` runs. The times are the kernel's: neither side can flatter them. */
export async function capture(workspace: Workspace, port: number, work: () => Promise<unknown>): Promise<Packet[]> {
  const file = workspace.file('packets.pcapng');
  const tshark = workspace.keep(
    await startChild('tshark', ['-i', 'lo', '-f', `udp port ${port}`, '-B', '64', '-w', file, '-q'], workspace.file('tshark-log')),
  );
  let said = '';
  const isCapturing = async () => {
    said = await tshark.output();
    return said.includes('Capturing on');
  };
  await until(isCapturing, () => `tshark to capture; it said:\n${said}`);
  // It says so a moment before it does.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await work();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await tshark.stop();
  const fields = ['frame.time_epoch', 'udp.srcport', 'udp.dstport', 'sip.Call-ID', 'sip.CSeq', 'sip.Method', 'sip.Status-Code'];
  const { stdout } = await promisify(execFile)(
    'tshark',
    ['-r', file, '-d', `udp.port==${port},sip`, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
    { maxBuffer: 1 << 30, encoding: 'latin1' },
  );
  return stdout.split('\n').filter(Boolean).map(packet);
}

function packet(line: string): Packet {
  const [time, from, to, callId, cseq, method, status] = line.split('\t');
  const key = `${callId} ${cseq} ${status || method}`;
  return { time: Number(time), from: Number(from), to: Number(to), key, isTrying: status === '100' };
}

/** Milliseconds from each message's arrival at `port` to its leaving from there. What the server answered by itself has none. */
export function delays(packets: readonly Packet[], port: number): number[] {
  const arrived = new Map<string, number>();
  const found: number[] = [];
  for (const { time, from, to, key, isTrying } of packets) {
    if (isTrying) continue;
    if (to === port && !arrived.has(key)) arrived.set(key, time);
    else if (from === port) {
      const since = arrived.get(key);
      // A second copy is a retransmission.
      if (since !== undefined && since >= 0) {
        found.push((time - since) * 1000);
        arrived.set(key, -1);
      }
    }
  }
  return found;
}
