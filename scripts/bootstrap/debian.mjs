/** What Portvakt needs from Debian, and how to get it. To add a package: one line in a list below, with what proves that it is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from './run.mjs';
import { SetupError, say } from './say.mjs';

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {string} proof a command on the PATH or, with a leading slash, a file
 */

/** @type {readonly DebianPackage[]} Real clients and tools that the tests drive. */
export const testPackages = [
  { name: 'sip-tester', proof: 'sipp' },
  { name: 'baresip-core', proof: 'baresip' },
  { name: 'baresip-ffmpeg', proof: '/usr/lib/baresip/modules/avcodec.so' },
  { name: 'chromium', proof: 'chromium' },
  { name: 'ffmpeg', proof: 'ffmpeg' },
  { name: 'tshark', proof: 'tshark' },
  { name: 'openssl', proof: 'openssl' },
  { name: 'redis-server', proof: 'redis-server' },
  { name: 'redis-sentinel', proof: 'redis-sentinel' },
  { name: 'prometheus', proof: 'promtool' },
];

/** @type {readonly DebianPackage[]} What the benchmarks compare with and drive, beside the tests' tools. */
export const benchPackages = [
  { name: 'kamailio', proof: 'kamailio' },
  { name: 'sip-tester', proof: 'sipp' },
  { name: 'tshark', proof: 'tshark' },
  { name: 'redis-server', proof: 'redis-server' },
];

/** @type {readonly DebianPackage[]} What ../mediasoup-worker/build.sh compiles with and links against. */
export const workerBuildPackages = [
  { name: 'g++', proof: 'g++' },
  { name: 'meson', proof: 'meson' },
  { name: 'ninja-build', proof: 'ninja' },
  { name: 'pkg-config', proof: 'pkg-config' },
  { name: 'flatbuffers-compiler', proof: 'flatc' },
  { name: 'libflatbuffers-dev', proof: '/usr/include/flatbuffers/flatbuffers.h' },
  { name: 'libabsl-dev', proof: '/usr/include/absl/container/btree_map.h' },
  { name: 'libsrtp2-dev', proof: '/usr/include/srtp2/srtp.h' },
  { name: 'libssl-dev', proof: '/usr/include/openssl/ssl.h' },
  { name: 'libusrsctp-dev', proof: '/usr/include/usrsctp.h' },
  { name: 'libuv1-dev', proof: '/usr/include/uv.h' },
];

/** Debian puts daemons in sbin, which is on root's PATH only. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * @param {readonly DebianPackage[]} packages
 * @param {(path: string) => boolean} [exists]
 * @param {string} [path] as the environment's PATH
 * @returns {string[]} the names of those that are not there
 */
export function missingPackages(packages, exists = existsSync, path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...systemFolders];
  const isThere = (/** @type {string} */ proof) =>
    proof.startsWith('/') ? exists(proof) : folders.some((folder) => exists(join(folder, proof)));
  return packages.filter(({ proof }) => !isThere(proof)).map(({ name }) => name);
}

/**
 * @param {readonly string[]} names
 * @returns {string} the command for a person to type
 */
export const installCommand = (names) => `sudo apt-get update && sudo apt-get install --no-install-recommends ${names.join(' ')}`;

/**
 * Makes sure that packages are there: installs the missing ones when run as root.
 *
 * @param {readonly DebianPackage[]} packages
 * @param {string} whoNeeds how the message begins: "The tests need"
 * @param {readonly DebianPackage[]} [soon] what a later step will need: a person who has to type the command should type it only once
 * @throws {SetupError} with the command to type, when this user may not install or Debian did not
 */
export async function ensurePackages(packages, whoNeeds, soon = []) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  if (missingPackages([{ name: 'apt', proof: 'apt-get' }]).length > 0) {
    const proofs = packages.filter(({ name }) => missing.includes(name)).map(({ proof }) => proof);
    throw new SetupError(`${whoNeeds} ${proofs.join(', ')}: this is not a Debian system, so install them in its own way`);
  }
  if (process.getuid?.() !== 0) {
    const command = installCommand([...missing, ...missingPackages(soon)]);
    throw new SetupError(`${whoNeeds} Debian packages that are not here. Install them with\n  ${command}`);
  }

  say(`${whoNeeds} ${missing.join(', ')}: installing from Debian`);
  await withoutStartingDaemons(async () => {
    // An outdated list may still serve; a third party's broken one should not stand in the way of Debian's.
    await apt(['update']);
    await apt(['install', '--yes', '--no-install-recommends', ...missing]);
  });
  const still = missingPackages(packages);
  if (still.length > 0)
    throw new SetupError(`Debian did not install ${still.join(', ')}: see what apt-get says above, or try\n  ${installCommand(still)}`);
}

const lockedExit = 100;
const lockedTries = 20;

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} apt-get's exit code
 */
async function apt(args) {
  /** @type {import('node:child_process').SpawnOptions} */
  const options = {
    // Its errors are shown; the hundreds of lines about what it unpacks are not.
    stdio: ['ignore', 'ignore', 2],
    // tshark asks whether everybody may capture: the answer stays "no", and nobody waits at a prompt.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
  };
  for (let attempt = 1; ; attempt += 1) {
    const code = await run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Dpkg::Use-Pty=0', ...args], options);
    // apt-get waits for dpkg's lock but not for that of the package lists, and says 100 to both that and to a lasting failure.
    if (code !== lockedExit || attempt === lockedTries || !listsAreLocked()) return code;
    await pause(3000);
  }
}

function listsAreLocked() {
  const probe = spawnSync('apt-get', ['--print-uris', 'update'], { encoding: 'utf8' });
  return probe.status !== 0 && /lock/i.test(probe.stderr);
}

/**
 * Debian starts a daemon as it installs it. Here its program is all that is wanted: a Kamailio or Redis of the system's own would take the
 * ports. (policy-rc.d is Debian's own way to say so; one that the administrator has put there is left alone.)
 *
 * @param {() => Promise<void>} work
 */
async function withoutStartingDaemons(work) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}
