import { spawnSync } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callLogLine, type Logger, openLog } from '../../src/monitoring/log.js';
import { scrub } from '../../src/monitoring/scrub.js';
import { anna, openCall, recordOf } from '../support/calls.js';
import { compile } from '../support/compile.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What a log writes, line by line, as it leaves the process. */
function capture(level: 'info' | 'trace' = 'trace'): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const { logger } = openLog({ level, instance: 'test-1', destination: { write: (line) => lines.push(line) } });
  return { logger, lines };
}

const KEY = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
const DIGEST = '6629fae49393a05397450978507c4ef1';
const INVITE = [
  'INVITE sip:461020001@syd.example SIP/2.0',
  'Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK74bf9',
  `Proxy-Authorization: Digest username="461010001", realm="portvakt",`,
  ` nonce="f84f1cec41e6cbe5aea9c8e88d359", response="${DIGEST}", cnonce="0a4f113b0a4f113b"`,
  `Authorization: Digest username="461010001", response="${DIGEST}"`,
  'From: <sip:461010001:hunter2@norr.example>;tag=1',
  'Call-ID: a84b4c76e66710@norr.example',
  'Content-Type: application/sdp',
  '',
  'v=0',
  'k=clear:orleans',
  'm=audio 49172 RTP/SAVP 0',
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:32`,
  'a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B',
  'a=ice-pwd:asd88fgpdd777uzjYhagZg',
  'a=sendrecv',
].join('\r\n');
const SECRETS = [KEY, DIGEST, '0a4f113b0a4f113b', 'hunter2', 'orleans', '4A:AD', 'asd88fgpdd777uzjYhagZg'];

function expectClean(lines: readonly string[]): void {
  for (const line of lines) {
    for (const secret of SECRETS) expect(line).not.toContain(secret);
    expect(() => JSON.parse(line)).not.toThrow();
  }
}

describe('the log', () => {
  it('writes JSON lines with ISO times, level names and the instance', () => {
    const { logger, lines } = capture();
    logger.warn({ zone: 'norr' }, 'the peer is down');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', instance: 'test-1', zone: 'norr', msg: 'the peer is down' });
    expect(JSON.parse(lines[0] ?? '').time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('keeps quiet below its level', () => {
    const { logger, lines } = capture('info');
    logger.debug('not this');
    expect(lines).toEqual([]);
  });

  it('writes a whole SIP message without its secrets, in whatever way it is handed over', () => {
    const { logger, lines } = capture();
    logger.debug(INVITE);
    logger.debug({ message: INVITE }, 'received');
    logger.debug({ deep: { er: [{ raw: INVITE }] } });
    logger.error(new Error(`cannot parse: ${INVITE}`));
    logger.child({ received: INVITE }).info('from a child');
    logger.info('got %s', INVITE);
    logger.info({ text: JSON.stringify({ INVITE }) });
    expect(lines).toHaveLength(7);
    expectClean(lines);
    // What a technician needs is still there.
    for (const line of lines.slice(0, 6)) {
      for (const kept of ['a84b4c76e66710@norr.example', 'RTP/SAVP', 'a=sendrecv', '461020001', 'z9hG4bK74bf9'])
        expect(line).toContain(kept);
    }
  });

  it('masks the value of every key that names a secret, whatever its type', () => {
    const { logger, lines } = capture();
    logger.info({ password: 'hunter2', sharedPassword: { of: ['hunter2'] }, tokens: ['hunter2', { a: ['hunter2'] }], zone: 'a' });
    logger.info({ headers: { Authorization: `Digest x="${DIGEST}"`, 'proxy-authorization': [DIGEST] }, HA1: DIGEST, after: 1 });
    logger.info({ password: 4711, ok: true }, 'password=hunter2; secret: hunter2');
    expectClean(lines);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ password: '[masked]', sharedPassword: '[masked]', tokens: '[masked]', zone: 'a' });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ after: 1 });
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ password: '[masked]', ok: true, msg: 'password=[masked]; secret=[masked]' });
  });

  it('masks a private key', () => {
    const { logger, lines } = capture();
    logger.info('-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----\nand then');
    expectClean(lines);
    expect(lines[0]).toContain('and then');
  });

  it.each(['19121212-1212', '121212-1212', '121212+1212', '191212121212', '1212121212', '701063-2391', '197010632391'])(
    'masks the personal identity number %s',
    (number) => {
      const { logger, lines } = capture();
      const record = recordOf(openCall('c1'), { caller: { ...anna, alias: number }, dialled: `sip:${number}@norr.example` });
      logger.info(callLogLine(record), `call\n${number}`);
      logger.info({ n: /^\d+$/.test(number) ? Number(number) : 0 });
      for (const line of lines) expect(line).not.toContain(number);
      for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    },
  );

  it.each([
    '461010001',
    '4610100011',
    '+46812345678',
    '20261122T080000',
    '1763798400000',
    '550e8400-e29b-41d4',
    '2026-11-22',
    '10.12.12.12:5060',
  ])('leaves %s as it is', (text) => {
    const { logger, lines } = capture();
    logger.info({ text });
    expect(JSON.parse(lines[0] ?? '').text).toBe(text);
  });

  it('stays one line of JSON, and takes time in proportion, for any text', () => {
    const pieces = fc.constantFrom(
      'a=crypto:',
      'Authorization: ',
      '"',
      '\\',
      '\r\n',
      '\r\n ',
      'password',
      '=',
      ':',
      'sip:',
      '@',
      '1212121212',
      ',',
      '[',
      '{',
      '-',
      'k=',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), fc.string(), (parts, key) => {
        const line = JSON.stringify({ [key]: parts, text: parts.join(''), password: parts, last: 1 });
        const clean = JSON.parse(scrub(line)) as Record<string, unknown>;
        expect(clean.password).toBe('[masked]');
        expect(clean.last).toBe(1);
      }),
    );
    for (const piece of [
      'a=crypto:',
      'sip:a:',
      'password',
      '"password',
      'Authorization: \\',
      '1212121212',
      '-----BEGIN PRIVATE KEY-----',
      '\r\n ',
    ]) {
      const started = process.cpuUsage();
      scrub(JSON.stringify(piece.repeat(20_000)));
      const { user } = process.cpuUsage(started);
      expect(user, piece).toBeLessThan(1_000_000);
    }
  });
});

it('writes to standard output, and nothing is left behind when it is closed', async () => {
  const directory = await temporaryDirectory();
  await compile(directory, 'src/monitoring/log.ts');
  const script = `
    const { openLog } = await import(process.argv[1]);
    const log = openLog({ level: 'info', instance: 'child' });
    for (let i = 0; i < 1000; i += 1) log.logger.info({ i }, 'line');
    await log.close();`;
  // The compiled code needs its packages: it is run from where they are.
  const root = fileURLToPath(new URL('../../', import.meta.url));
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  const { stdout, status, stderr } = spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    script,
    join(directory, 'monitoring/log.js'),
  ]);
  expect([status, stderr.toString()]).toEqual([0, '']);
  expect(stdout.toString().trim().split('\n')).toHaveLength(1000);
});

describe('callLogLine', () => {
  it('says who called whom, how it went and why it ended', () => {
    expect(callLogLine(recordOf(openCall('c1')))).toEqual({
      call: 'c1',
      signallingId: 'c1@norr.example',
      protocol: 'sip',
      from: '461010001',
      fromZone: 'norr',
      fromOrganisation: 'region-norr',
      dialled: '461020001',
      to: '461020001',
      toZone: 'syd',
      toOrganisation: 'region-syd',
      route: 'registration 461020001',
      reason: 'completed',
      refused: false,
      setupSeconds: 5,
      durationSeconds: 60,
      status: 200,
      cipher: 'AES_CM_128_HMAC_SHA1_80',
    });
  });

  it('says of a refused call what its reader can do, and leaves out what it never had', () => {
    const record = recordOf(openCall('c1'), {
      callee: null,
      route: null,
      routesTried: 0,
      ringing: null,
      answer: null,
      durationSeconds: 0,
      reason: 'addressUnknown',
      status: null,
      cipher: null,
    });
    expect(callLogLine(record)).toEqual({
      call: 'c1',
      signallingId: 'c1@norr.example',
      protocol: 'sip',
      from: '461010001',
      fromZone: 'norr',
      fromOrganisation: 'region-norr',
      dialled: '461020001',
      reason: 'addressUnknown',
      refused: true,
      why: 'No connected organisation has this number or domain',
      durationSeconds: 0,
    });
  });
});
