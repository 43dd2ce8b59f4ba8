/** Seconds from 1900 (NTP) to 1970 (Unix): RFC 5905 §6. */
const ntpEpoch = 2_208_988_800;

export interface SenderReport {
  readonly ssrc: number;
  /** The wall clock, ms since 1970, of the RTP timestamp. */
  readonly ntpMs: number;
  readonly timestamp: number;
  /** Sent so far, modulo 2^32. */
  readonly packets: number;
  /** Payload bytes sent so far, modulo 2^32. */
  readonly octets: number;
  readonly cname: string;
}

/** A compound packet of a sender report without blocks (RFC 3550 §6.4.1) and the CNAME that every compound packet needs (§6.5.1). */
export function senderReport(report: SenderReport): Buffer {
  const cname = Buffer.from(report.cname, 'utf8').subarray(0, 255);
  // The list of items ends with at least one zero byte and on a word's end: §6.5.
  const items = 4 * Math.ceil((2 + cname.length + 1) / 4);
  const bytes = Buffer.alloc(28 + 8 + items);
  bytes[0] = 0x80;
  bytes[1] = 200;
  bytes.writeUInt16BE(6, 2);
  bytes.writeUInt32BE(report.ssrc >>> 0, 4);
  const seconds = Math.floor(report.ntpMs / 1000);
  bytes.writeUInt32BE((seconds + ntpEpoch) % 2 ** 32, 8);
  bytes.writeUInt32BE(Math.floor(((report.ntpMs - seconds * 1000) / 1000) * 2 ** 32) % 2 ** 32, 12);
  bytes.writeUInt32BE(report.timestamp >>> 0, 16);
  bytes.writeUInt32BE(report.packets >>> 0, 20);
  bytes.writeUInt32BE(report.octets >>> 0, 24);
  bytes[28] = 0x81;
  bytes[29] = 202;
  bytes.writeUInt16BE(1 + items / 4, 30);
  bytes.writeUInt32BE(report.ssrc >>> 0, 32);
  bytes[36] = 1;
  bytes[37] = cname.length;
  bytes.set(cname, 38);
  return bytes;
}
