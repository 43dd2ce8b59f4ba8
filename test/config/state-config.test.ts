import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { readService } from '../../src/config/service-config.js';

const read = (state: string) => readService('/etc/portvakt/portvakt.yaml', `state: ${state}\n`);
const found = (state: string) => read(state).findings.map((finding) => formatFinding(finding).replace('/etc/portvakt/portvakt.yaml:', ''));

describe('state', () => {
  it('is memory when nothing is said', () => {
    expect(readService('portvakt.yaml', 'instance: a\n').service?.state).toBe('memory');
    expect(read('memory').service?.state).toBe('memory');
  });

  it('names one Redis', () => {
    const { service, findings } = read(
      '{ redis: { url: "rediss://redis.example/2", username: p, password: "a b", ca: ca.pem, keyPrefix: test } }',
    );
    expect(findings).toEqual([]);
    expect(service?.state).toEqual({
      redis: {
        servers: { kind: 'single', host: 'redis.example', port: 6379, db: 2 },
        username: 'p',
        password: 'a b',
        tls: true,
        ca: '/etc/portvakt/ca.pem',
        keyPrefix: 'test',
      },
    });
  });

  it('names Sentinel, or a Cluster', () => {
    expect(read('{ redis: { sentinels: [a, "b:5000"], name: main } }').service?.state).toMatchObject({
      redis: {
        servers: {
          kind: 'sentinel',
          name: 'main',
          sentinels: [
            { host: 'a', port: 26_379 },
            { host: 'b', port: 5000 },
          ],
        },
        tls: false,
        keyPrefix: 'portvakt',
      },
    });
    expect(read('{ redis: { cluster: ["[2001:db8::1]:7000"] } }').service?.state).toMatchObject({
      redis: { servers: { kind: 'cluster', nodes: [{ host: '2001:db8::1', port: 7000 }] } },
    });
  });

  it.each([
    ['postgres', "1:8: error: 'state' is 'postgres'; write memory, or 'redis' with its servers below, for example 'state: memory'"],
    [
      '{ redis: { tls: true } }',
      "1:17: error: nothing says where Redis is; write 'url: redis://127.0.0.1:6379', or sentinels and name, or cluster",
    ],
    ['{ redis: { url: "redis://a", cluster: [b] } }', '1:46: error: Redis is named by url already; keep one of the two'],
    [
      '{ redis: { sentinels: [a] } }',
      "1:30: error: Sentinel is not told which master it is about; write 'name: portvakt' besides, as in its 'sentinel monitor'",
    ],
    [
      '{ redis: { url: "redis://a", ca: x.pem } }',
      "1:41: error: there are authorities but no TLS; write 'tls: true' besides, or take it away",
    ],
    ['{ redis: { url: "redis://a", usrname: x } }', "1:37: error: unknown key 'usrname'; did you mean 'username'?"],
  ])('%s is an error, with its place', (state, finding) => {
    expect(found(state)).toEqual([finding]);
    expect(read(state).service).toBeUndefined();
  });

  it('never shows a password, and takes none in a URL', () => {
    const [finding = ''] = found('{ redis: { url: "redis://p:secret@a" } }');
    expect(finding).not.toMatch(/secret/);
    expect(finding).toMatch(/user and password have keys of their own/);
    expect(found(`{ redis: { url: "redis://a", password: "${'secret'.repeat(100)}" } }`).join()).not.toMatch(/secret/);
  });
});
