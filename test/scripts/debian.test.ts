import { describe, expect, it } from 'vitest';
import { benchPackages, installCommand, missingPackages, testPackages, workerBuildPackages } from '../../scripts/bootstrap/debian.mjs';

const packages = [
  { name: 'sip-tester', proof: 'sipp' },
  { name: 'kamailio', proof: 'kamailio' },
  { name: 'libuv1-dev', proof: '/usr/include/uv.h' },
];

describe('missing Debian packages', () => {
  it('are those whose proof is nowhere', () => {
    const files = new Set(['/opt/bin/sipp']);
    expect(missingPackages(packages, (path) => files.has(path), '/usr/bin:/opt/bin')).toEqual(['kamailio', 'libuv1-dev']);
  });

  it("include no daemon that an ordinary user's PATH does not show", () => {
    const files = new Set(['/usr/bin/sipp', '/usr/sbin/kamailio', '/usr/include/uv.h']);
    expect(missingPackages(packages, (path) => files.has(path), '/usr/bin')).toEqual([]);
  });

  it('never come from the folder that the command happens to run in', () => {
    expect(missingPackages([{ name: 'sip-tester', proof: 'sipp' }], (path) => path === 'sipp', '')).toEqual(['sip-tester']);
  });

  it('can be typed into a shell', () => {
    expect(installCommand(['sip-tester', 'tshark'])).toBe(
      'sudo apt-get update && sudo apt-get install --no-install-recommends sip-tester tshark',
    );
  });

  it.each([...testPackages, ...benchPackages, ...workerBuildPackages])('$name has a name that Debian allows', ({ name, proof }) => {
    // Debian Policy §5.6.1
    expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
    expect(proof).not.toBe('');
  });
});
