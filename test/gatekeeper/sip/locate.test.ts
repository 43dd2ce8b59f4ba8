import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, VirtualClock } from '../../../src/clock.js';
import type { DnsResolver, NaptrRecord, SrvRecord } from '../../../src/gatekeeper/sip/locate/dns.js';
import { createLocator, type LocateOptions, type LocateUri, locate } from '../../../src/gatekeeper/sip/locate.js';
import { DnsServer } from '../../support/dns-server.js';

/** DNS as a table: `naptr norr.example` -> records, or an Error to fail with. Counts what is asked. */
class Table implements DnsResolver {
  readonly asked: string[] = [];
  readonly #table: Readonly<Record<string, readonly unknown[] | Error>>;

  constructor(table: Readonly<Record<string, readonly unknown[] | Error>>) {
    this.#table = table;
  }

  naptr = (name: string) => this.#ask<NaptrRecord>('naptr', name);
  srv = (name: string) => this.#ask<SrvRecord>('srv', name);
  a = (name: string) => this.#ask<string>('a', name);
  aaaa = (name: string) => this.#ask<string>('aaaa', name);

  async #ask<R>(type: string, name: string): Promise<{ records: readonly R[] }> {
    const key = `${type} ${name}`;
    this.asked.push(key);
    const found = this.#table[key];
    if (found instanceof Error) throw found;
    return { records: (found ?? []) as readonly R[] };
  }
}

const defaults: LocateOptions = {
  clock: new VirtualClock(),
  transports: ['tls', 'tcp', 'udp'],
  families: [4, 6],
  random: () => 0,
  allowPrivate: true,
};

function uri(text: string): LocateUri {
  const match = /^(sips?):(\[[^\]]+\]|[^:;]+)(?::(\d+))?(.*)$/.exec(text);
  if (!match) throw new Error(text);
  const [, scheme, host = '', port, params = ''] = match;
  const pairs = params.split(';').filter((part) => part !== '');
  return {
    scheme: scheme === 'sips' ? 'sips' : 'sip',
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    params: new Map(pairs.map((pair) => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? true])),
  };
}

/** `tls 192.0.2.1:5061 norr.example`. */
async function where(text: string, table: Readonly<Record<string, readonly unknown[] | Error>> = {}, options: Partial<LocateOptions> = {}) {
  const targets = await locate(uri(text), new Table(table), { ...defaults, ...options });
  return targets.map(({ transport, address, port, serverName }) => `${transport} ${address}:${port}${serverName ? ` ${serverName}` : ''}`);
}

const srv = (priority: number, weight: number, port: number, target: string): SrvRecord => ({ priority, weight, port, target });
const naptr = (order: number, preference: number, service: string, replacement: string, flags = 's'): NaptrRecord => ({
  order,
  preference,
  flags,
  service,
  regexp: '',
  replacement,
});

describe('locate: numeric hosts and ports (RFC 3263 §4.1, §4.2)', () => {
  it.each([
    ['sip:192.0.2.1', ['udp 192.0.2.1:5060']],
    ['sip:192.0.2.1:5070', ['udp 192.0.2.1:5070']],
    ['sip:192.0.2.1;transport=tcp', ['tcp 192.0.2.1:5060']],
    ['sip:192.0.2.1;transport=TLS', ['tls 192.0.2.1:5061']],
    ['sips:192.0.2.1', ['tls 192.0.2.1:5061']],
    ['sips:192.0.2.1;transport=tcp', ['tls 192.0.2.1:5061']],
    ['sip:[2001:DB8:0::1]:5070', ['udp 2001:db8::1:5070']],
    ['sip:norr.example;maddr=192.0.2.7', ['udp 192.0.2.7:5060']],
    ['sip:norr.example;maddr=[2001:db8::7]', ['udp 2001:db8::7:5060']],
  ])('%s is %j, without DNS', async (text, expected) => {
    expect(await where(text)).toEqual(expected);
  });

  it('looks up addresses alone where the URI has a port', async () => {
    const table = {
      'a norr.example': ['192.0.2.1'],
      'aaaa norr.example': ['2001:db8::1'],
      'srv _sip._udp.norr.example': [srv(0, 0, 1, 'x.example')],
    };
    expect(await where('sip:norr.example:5070', table)).toEqual(['udp 192.0.2.1:5070', 'udp 2001:db8::1:5070']);
    expect(await where('sips:norr.example:5071', table, { families: [6, 4] })).toEqual([
      'tls 2001:db8::1:5071 norr.example',
      'tls 192.0.2.1:5071 norr.example',
    ]);
    expect(await where('sip:norr.example:5070', table, { transports: ['tcp'], families: [4] })).toEqual(['tcp 192.0.2.1:5070']);
  });

  it.each([
    ['sips:192.0.2.1;transport=udp', {}, 'a sips: URI cannot go over UDP'],
    ['sip:192.0.2.1;transport=sctp', {}, 'transport=sctp'],
    ['sip:192.0.2.1;transport=tcp', { transports: ['udp' as const] }, 'tcp, which is not switched on here'],
    ['sips:192.0.2.1', { transports: ['udp' as const, 'tcp' as const] }, 'tls, which is not switched on here'],
    ['sip:192.0.2.1', { transports: [] }, 'no SIP transport is switched on'],
    ['sip:not_a_name!', {}, 'neither a domain name nor an IP address'],
    ['sip:norr..example', {}, 'neither a domain name nor an IP address'],
  ])('%s with %j: %s', async (text, options, why) => {
    await expect(where(text, {}, options)).rejects.toThrow(why);
  });
});

describe('locate: NAPTR and SRV (RFC 3263 §4.1, §4.2)', () => {
  const addresses = { 'a one.example': ['192.0.2.1'], 'a two.example': ['192.0.2.2'], 'a three.example': ['192.0.2.3'] };
  const services = {
    'srv tls.norr.example': [srv(0, 0, 5061, 'one.example')],
    'srv tcp.norr.example': [srv(0, 0, 5062, 'two.example')],
    'srv udp.norr.example': [srv(0, 0, 5063, 'three.example')],
    ...addresses,
  };

  it('follows NAPTR by order and preference, and verifies the domain that was called', async () => {
    const records = [
      naptr(20, 5, 'SIPS+D2T', 'tls.norr.example'),
      naptr(10, 50, 'SIP+D2U', 'udp.norr.example'),
      naptr(10, 40, 'sip+d2t', 'tcp.norr.example'),
      naptr(1, 1, 'SIP+D2S', 'sctp.norr.example'),
      naptr(1, 1, 'SIP+D2U', 'x.norr.example', 'u'),
    ];
    const table = { 'naptr norr.example': records, ...services };
    expect(await where('sip:norr.example', table)).toEqual(['tcp 192.0.2.2:5062', 'udp 192.0.2.3:5063', 'tls 192.0.2.1:5061 norr.example']);
    expect(await where('sip:norr.example', table, { transports: ['udp'] })).toEqual(['udp 192.0.2.3:5063']);
    expect(await where('sip:norr.example', table, { transports: ['tls', 'udp'] })).toEqual([
      'udp 192.0.2.3:5063',
      'tls 192.0.2.1:5061 norr.example',
    ]);
  });

  it('takes TLS alone for sips', async () => {
    const direct = {
      'srv _sips._tcp.norr.example': [srv(0, 0, 5071, 'one.example')],
      'srv _sip._tcp.norr.example': [srv(0, 0, 1, 'two.example')],
    };
    expect(await where('sips:norr.example', { ...direct, ...addresses })).toEqual(['tls 192.0.2.1:5071 norr.example']);
  });

  it('asks for SRV in the order of our liking where there is no NAPTR', async () => {
    const table = {
      'srv _sip._udp.norr.example': [srv(0, 0, 5060, 'three.example.')],
      'srv _sip._tcp.norr.example': [srv(0, 0, 5060, 'two.example')],
      'srv _sips._tcp.norr.example': [srv(0, 0, 5061, 'one.example')],
      ...addresses,
    };
    expect(await where('sip:Norr.Example.', table)).toEqual([
      'tls 192.0.2.1:5061 norr.example',
      'tcp 192.0.2.2:5060',
      'udp 192.0.2.3:5060',
    ]);
    expect(await where('sip:norr.example', table, { transports: ['udp', 'tcp'] })).toEqual(['udp 192.0.2.3:5060', 'tcp 192.0.2.2:5060']);
    expect(await where('sip:norr.example;transport=tcp', table)).toEqual(['tcp 192.0.2.2:5060']);
  });

  it('goes to the addresses of the domain itself where there is no SRV', async () => {
    const table = { 'a norr.example': ['192.0.2.9'] };
    expect(await where('sip:norr.example', table)).toEqual(['udp 192.0.2.9:5060']);
    expect(await where('sip:norr.example;transport=tcp', table)).toEqual(['tcp 192.0.2.9:5060']);
    expect(await where('sips:norr.example', table)).toEqual(['tls 192.0.2.9:5061 norr.example']);
  });

  it('believes SRV that says there is no service', async () => {
    const table = { 'srv _sip._udp.norr.example': [srv(0, 0, 0, '')], 'a norr.example': ['192.0.2.9'] };
    await expect(where('sip:norr.example', table, { transports: ['udp'] })).rejects.toThrow('DNS knows no SIP server for norr.example');
  });

  it('draws among weights by the share of each, and never before a better priority', async () => {
    const records = [srv(20, 1, 5060, 'three.example'), srv(10, 3, 5060, 'one.example'), srv(10, 1, 5060, 'two.example')];
    const table = { 'srv _sip._udp.norr.example': records, ...addresses };
    const firsts = new Map<string, number>();
    for (let i = 0; i < 400; i++) {
      const found = await where('sip:norr.example', table, { random: () => (i % 400) / 400 });
      expect(found[2]).toBe('udp 192.0.2.3:5060');
      firsts.set(found[0] ?? '', (firsts.get(found[0] ?? '') ?? 0) + 1);
    }
    expect(Object.fromEntries(firsts)).toEqual({ 'udp 192.0.2.1:5060': 300, 'udp 192.0.2.2:5060': 100 });
  });

  it('gives at most 16 targets, each once, whatever DNS lists', async () => {
    const many = Array.from({ length: 200 }, (_, i) => srv(i, 0, 5060, `h${i}.example`));
    const table: Record<string, readonly unknown[]> = { 'srv _sip._udp.norr.example': many };
    for (let i = 0; i < 200; i++) table[`a h${i}.example`] = ['192.0.2.1', `10.0.0.${i}`];
    const dns = new Table(table);
    const found = await locate(uri('sip:norr.example'), dns, defaults);
    expect(found.length).toBe(16);
    expect(new Set(found.map(({ address }) => address)).size).toBe(16);
    expect(dns.asked.length).toBeLessThan(50);
  });

  it('goes round a failing query where another leads somewhere, and else says that DNS failed', async () => {
    const failure = Object.assign(new Error('queryNaptr ESERVFAIL'), { code: 'ESERVFAIL' });
    const table = { 'naptr norr.example': failure, 'srv _sip._udp.norr.example': [srv(0, 0, 5060, 'one.example')], ...addresses };
    expect(await where('sip:norr.example', table)).toEqual(['udp 192.0.2.1:5060']);
    await expect(where('sip:norr.example', { 'a norr.example': failure })).rejects.toMatchObject({
      failure: 'dns',
      message: 'DNS could not say where norr.example is: ESERVFAIL',
    });
    await expect(where('sip:norr.example')).rejects.toMatchObject({ failure: 'nowhere' });
  });

  it('does not wait longer than its time', async () => {
    const clock = new VirtualClock();
    const never = new Table({});
    never.srv = () => new Promise(() => undefined);
    const found = locate(uri('sip:norr.example'), never, { ...defaults, clock });
    clock.advance(2000);
    await expect(found).rejects.toThrow('DNS did not say within 2000 ms where norr.example is');
    expect(clock.pending).toBe(0);
  });
});

describe('locate: what the Internet may lead us to', () => {
  const closed = { allowPrivate: false };

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '172.16.9.9',
    '169.254.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
  ])('not to %s', async (address) => {
    await expect(where(`sip:${address}`, {}, closed)).rejects.toMatchObject({ failure: 'forbidden' });
    await expect(where('sip:evil.example', { 'a evil.example': [address] }, closed)).rejects.toThrow(`evil.example leads to ${address}`);
  });

  it.each([
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '64:ff9b::a00:1',
    '2002:7f00:1::1',
    '2001:db8::1',
    'fec0::1',
    '4000::1',
    '::7f00:1',
  ])('not to %s', async (address) => {
    await expect(where(`sip:[${address}]`, {}, closed)).rejects.toMatchObject({ failure: 'forbidden' });
  });

  it('but to public addresses, except our own', async () => {
    const table = { 'a good.example': ['10.0.0.1', '9.9.9.9', '8.8.8.8'], 'aaaa good.example': ['2606:4700::1', 'fd00::1'] };
    expect(await where('sip:good.example:5060', table, closed)).toEqual(['udp 9.9.9.9:5060', 'udp 8.8.8.8:5060', 'udp 2606:4700::1:5060']);
    const isOwn = (address: string, port: number) => address === '9.9.9.9' && port === 5060;
    expect(await where('sip:good.example:5060', table, { ...closed, isOwn })).toEqual(['udp 8.8.8.8:5060', 'udp 2606:4700::1:5060']);
    expect(await where('sip:9.9.9.9:5070', table, { ...closed, isOwn })).toEqual(['udp 9.9.9.9:5070']);
  });
});

describe('createLocator, over a name server', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((thing) => thing.close()));
  });

  async function serve() {
    const server = await DnsServer.open();
    const own = { address: '127.0.0.1', port: 5060 };
    const locator = createLocator({
      clock: systemClock,
      servers: [server.address],
      transports: ['tls', 'tcp', 'udp'],
      families: [6, 4],
      isOwn: (address, port) => address === own.address && port === own.port,
      timeLimitMs: 1000,
    });
    open.push(locator, server);
    return { server, locator };
  }

  it('finds NAPTR, SRV, A and AAAA, and asks once', async () => {
    const { server, locator } = await serve();
    server.zone.set('norr.example', [
      { type: 'NAPTR', order: 2, preference: 0, service: 'SIP+D2U', replacement: '_sip._udp.norr.example' },
      { type: 'NAPTR', order: 1, preference: 0, service: 'SIPS+D2T', replacement: '_sips._tcp.norr.example' },
    ]);
    server.zone.set('_sips._tcp.norr.example', [{ type: 'SRV', priority: 0, weight: 0, port: 5071, target: 'gk.norr.example' }]);
    server.zone.set('_sip._udp.norr.example', [{ type: 'SRV', priority: 0, weight: 0, port: 5070, target: 'gk.norr.example' }]);
    server.zone.set('gk.norr.example', [
      { type: 'A', address: '127.0.0.9' },
      { type: 'AAAA', address: '::1' },
    ]);
    const expected = [
      { transport: 'tls', address: '::1', port: 5071, serverName: 'norr.example' },
      { transport: 'tls', address: '127.0.0.9', port: 5071, serverName: 'norr.example' },
      { transport: 'udp', address: '::1', port: 5070 },
      { transport: 'udp', address: '127.0.0.9', port: 5070 },
    ];
    expect(await locator.locate(uri('sip:norr.example'), true)).toEqual(expected);
    const { length } = server.queries;
    expect(await locator.locate(uri('sip:norr.example'), true)).toEqual(expected);
    expect(server.queries.length).toBe(length);
    await expect(locator.locate(uri('sip:norr.example'), false)).rejects.toMatchObject({ failure: 'forbidden' });
  });

  it('tells a name that does not exist from a server that fails or is silent', async () => {
    const { server, locator } = await serve();
    await expect(locator.locate(uri('sip:nobody.example'), true)).rejects.toMatchObject({ failure: 'nowhere' });
    for (const name of ['broken.example', '_sips._tcp.broken.example', '_sip._tcp.broken.example', '_sip._udp.broken.example']) {
      server.zone.set(name, 'failure');
    }
    await expect(locator.locate(uri('sip:broken.example'), true)).rejects.toMatchObject({ failure: 'dns' });
    server.zone.set('silent.example', 'silence');
    await expect(locator.locate(uri('sip:silent.example'), true)).rejects.toThrow('DNS did not say within 1000 ms');
  });

  it('lets the Internet zone of a closed network call private addresses, but never us', async () => {
    const server = await DnsServer.open();
    const isOwn = (address: string, port: number) => address === '127.0.0.1' && port === 5060;
    const locator = createLocator({
      clock: systemClock,
      servers: [server.address],
      transports: ['udp'],
      families: [4],
      allowPrivate: true,
      isOwn,
    });
    open.push(locator, server);
    server.zone.set('norr.example', [{ type: 'A', address: '127.0.0.1' }]);
    expect(await locator.locate(uri('sip:norr.example:5070'), false)).toEqual([{ transport: 'udp', address: '127.0.0.1', port: 5070 }]);
    await expect(locator.locate(uri('sip:norr.example'), false)).rejects.toMatchObject({ failure: 'forbidden' });
  });
});
