import { describe, expect, it } from 'vitest';
import { senderReport } from '../../../src/bridge/video/sender-report.js';

describe('a sender report', () => {
  it('is laid out as RFC 3550 §6.4.1 says, with the CNAME behind it', () => {
    const report = senderReport({
      ssrc: 0xdeadbeef,
      ntpMs: 1_000_000_000_500,
      timestamp: 7,
      packets: 3,
      octets: 2 ** 32 + 5,
      cname: 'portvakt',
    });
    expect(report.length % 4).toBe(0);
    expect(report.subarray(0, 28).toString('hex')).toBe(
      ['80c80006', 'deadbeef', (1_000_000_000 + 2_208_988_800).toString(16), '80000000', '00000007', '00000003', '00000005'].join(''),
    );
    expect(report.subarray(28).toString('hex')).toBe(
      ['81ca0004', 'deadbeef', `0108${Buffer.from('portvakt').toString('hex')}`, '0000'].join(''),
    );
    expect(report.readUInt16BE(30)).toBe((report.length - 28) / 4 - 1);
  });

  it('ends its list of items with a zero byte also where the name fills the word', () => {
    for (const cname of ['', 'a', 'ab', 'abc', 'x'.repeat(300)]) {
      const report = senderReport({ ssrc: 1, ntpMs: 0, timestamp: 0, packets: 0, octets: 0, cname });
      expect(report.at(-1)).toBe(0);
      expect(report.readUInt16BE(30)).toBe((report.length - 28) / 4 - 1);
    }
  });

  it('lets the seconds of NTP go round in 2036', () => {
    const report = senderReport({ ssrc: 1, ntpMs: Date.UTC(2036, 1, 7, 6, 28, 17), timestamp: 0, packets: 0, octets: 0, cname: 'x' });
    expect(report.readUInt32BE(8)).toBe(1);
  });
});
