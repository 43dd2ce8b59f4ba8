import { describe, expect, test } from 'vitest';
import { OwnAddresses } from '../../../../src/gatekeeper/h323/own-addresses.js';
import { DISCOVERY_GROUP, DISCOVERY_PORT } from '../../../../src/gatekeeper/h323/transport/ras-sockets.js';

const nothing = { machine: [], names: [] };
const group = { address: DISCOVERY_GROUP, port: DISCOVERY_PORT };

test('its own are the addresses of the machine, those it listens on, and those it tells others', () => {
  const advertised = { host: '198.51.100.9', port: undefined };
  const own = new OwnAddresses([{ address: '192.0.2.1', port: 1719 }], [{ address: '0.0.0.0', port: 1720, transport: 'tcp', advertised }], {
    machine: ['10.0.0.1', '127.0.0.1'],
    names: [],
  });
  for (const address of ['10.0.0.1', '127.0.0.1', '192.0.2.1', '198.51.100.9']) expect(own.isOwnMachine(address)).toBe(true);
  for (const address of ['10.0.0.2', '192.0.2.2']) expect(own.isOwnMachine(address)).toBe(false);
});

describe('who found us on the discovery port or by multicast is told where RAS and call signalling are', () => {
  test('on one address', () => {
    const address = '192.0.2.1';
    const own = new OwnAddresses([{ address, port: 1719 }], [{ address, port: 1720, transport: 'tcp' }], nothing);
    for (const local of [group, { address, port: DISCOVERY_PORT }, { address, port: 1719 }]) {
      expect(own.ras(local)).toEqual({ address, port: 1719 });
      expect(own.signalling(own.rasListener(local))).toEqual({ address, port: 1720 });
    }
  });

  test('on all addresses: as the configuration says', () => {
    const address = '0.0.0.0';
    const advertised = { host: '198.51.100.9', port: undefined };
    const own = new OwnAddresses([{ address, port: 1719, advertised }], [{ address, port: 1720, transport: 'tcp', advertised }], nothing);
    for (const local of [group, { address, port: DISCOVERY_PORT }]) {
      expect(own.ras(local)).toEqual({ address: '198.51.100.9', port: 1719 });
      expect(own.signalling(own.rasListener(local))).toEqual({ address: '198.51.100.9', port: 1720 });
    }
  });

  test('on loopback, and of several the one of the same family', () => {
    const listeners = [
      { address: '::1', port: 1719 },
      { address: '127.0.0.1', port: 1719 },
      { address: '127.0.0.1', port: 2719 },
    ];
    const own = new OwnAddresses(listeners, [{ address: '127.0.0.1', port: 1720, transport: 'tcp' }], nothing);
    expect(own.ras(group)).toEqual({ address: '127.0.0.1', port: 1719 });
    expect(own.ras({ address: '::1', port: DISCOVERY_PORT })).toEqual({ address: '::1', port: 1719 });
    expect(own.ras({ address: '127.0.0.1', port: 2719 })).toEqual({ address: '127.0.0.1', port: 2719 });
    expect(own.signalling(own.rasListener(group))).toEqual({ address: '127.0.0.1', port: 1720 });
  });
});
