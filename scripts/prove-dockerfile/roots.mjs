/** Debian roots, and what is run in them: what a container engine would do with a Dockerfile, as far as namespaces and chroot go. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * @typedef {object} Image
 * @property {string} root its folder
 * @property {Record<string, string>} env
 * @property {string} workdir
 * @property {string} user as USER has it; empty: root
 */

/** The PATH that every image from Debian's has. */
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs a program of this machine; its output goes to ours, indented.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly quiet?: boolean, readonly cwd?: string }} [options]
 * @returns {string} its output
 * @throws {Error} when it exits with anything but 0
 */
export function must(command, args, { quiet = false, cwd } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', cwd, maxBuffer: 64 * 1024 * 1024 });
  const output = `${stdout ?? ''}${stderr ?? ''}`.trimEnd();
  if (!quiet && output !== '') process.stdout.write(`${output.replace(/^/gm, '    ')}\n`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${status}${quiet ? `\n${output}` : ''}`);
  return output;
}

/**
 * What stands for the image `node:26-trixie-slim`: Debian's minimal root of that release, with Node of that version and its npm, both from
 * their npm packages, and the user that such images have.
 *
 * @param {string} tag
 * @param {{ readonly work: string, readonly debian: string | undefined }} where `debian`: a minimal root that was laid before
 * @returns {{ readonly root: string, readonly versions: string }}
 */
export function layBase(tag, { work, debian }) {
  const [, major, suite] = /^node:(\d+)-([a-z]+)-slim$/.exec(tag) ?? [];
  if (major === undefined || suite === undefined) throw new Error(`${tag}: only node:VERSION-RELEASE-slim can be laid here`);
  const root = join(work, 'base');
  if (debian === undefined) must('debootstrap', ['--variant=minbase', suite, root], { quiet: true });
  else must('cp', ['-a', debian, root]);
  // Node's own builds are linked against libatomic since 25, and the images bring it.
  const shell = ['apt-get', '-qq', 'install', '--yes', '--no-install-recommends', 'libatomic1'];
  inRoot({ root, env: {}, workdir: '/', user: '' }, shell, { quiet: true });
  const packages = join(work, 'packages');
  mkdirSync(packages);
  writeFileSync(join(packages, 'package.json'), '{}');
  const node = `node-${process.platform}-${process.arch}`;
  must('npm', ['install', '--no-save', '--ignore-scripts', '--loglevel=error', `${node}@${major}`, 'npm@11'], {
    quiet: true,
    cwd: packages,
  });
  const local = join(root, 'usr', 'local');
  cpSync(join(packages, 'node_modules', node, 'bin', 'node'), join(local, 'bin', 'node'));
  cpSync(join(packages, 'node_modules', 'npm'), join(local, 'lib', 'node_modules', 'npm'), { recursive: true, verbatimSymlinks: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
  symlinkSync('../lib/node_modules/npm/bin/npx-cli.js', join(local, 'bin', 'npx'));
  const image = { root, env: {}, workdir: '/', user: '' };
  inRoot(image, ['useradd', '--uid', '1000', '--user-group', '--create-home', 'node'], { quiet: true });
  const versions = inRoot(image, ['sh', '-c', 'echo Debian $(cat /etc/debian_version), Node $(node --version), npm $(npm --version)'], {
    quiet: true,
  });
  return { root, versions };
}

/**
 * Runs a command in a root, in namespaces of its own, as RUN would. The settings that this machine's npm needs to reach its registry are
 * there for so long only, in a file system that goes away with the namespace: none of it gets into the root.
 *
 * @param {Image} image
 * @param {readonly string[]} command
 * @param {{ readonly quiet?: boolean }} [options]
 * @returns {string} its output
 */
export function inRoot({ root, env, workdir, user }, command, options) {
  const setUp = `
    root=$1 workdir=$2 user=$3; shift 3
    mount --bind "$root" "$root"; cd "$root"
    mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs run; mkdir run/npm
    for file in etc/resolv.conf etc/hosts; do touch $file; mount --bind /$file $file; done
    [ -z "$PROVE_USERCONFIG" ] || cp "$PROVE_USERCONFIG" run/npm/user
    [ -z "$PROVE_GLOBALCONFIG" ] || cp "$PROVE_GLOBALCONFIG" run/npm/global
    [ -z "$PROVE_CAFILE" ] || cp "$PROVE_CAFILE" run/npm/ca
    unset PROVE_USERCONFIG PROVE_GLOBALCONFIG PROVE_CAFILE
    exec chroot --userspec="$user" . sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"`;
  const npm = npmSettings();
  const words = ['--mount', '--pid', '--fork', '--kill-child', '--', 'env', '-i', ...list({ HOME: '/root', PATH: path, ...env, ...npm })];
  return must('unshare', [...words, 'sh', '-euc', setUp, 'sh', root, workdir, user === '' ? '0:0' : user, ...command], options);
}

/** @type {Record<string, string> | undefined} */
let settings;

function npmSettings() {
  if (settings) return settings;
  const value = (/** @type {string} */ key) => {
    const said = must('npm', ['config', 'get', key, '--loglevel=silent'], { quiet: true }).trim();
    return existsSync(said) && statSync(said).isFile() ? said : '';
  };
  const [user, global, ca] = [value('userconfig'), value('globalconfig'), value('cafile')];
  settings = {
    PROVE_USERCONFIG: user,
    PROVE_GLOBALCONFIG: global,
    PROVE_CAFILE: ca,
    npm_config_userconfig: '/run/npm/user',
    npm_config_globalconfig: '/run/npm/global',
    ...(ca === '' ? {} : { npm_config_cafile: '/run/npm/ca', NODE_EXTRA_CA_CERTS: '/run/npm/ca' }),
  };
  return settings;
}

/** @param {Readonly<Record<string, string>>} env */
function list(env) {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/**
 * COPY.
 *
 * @param {Image} image
 * @param {string} from the folder that sources are below
 * @param {readonly string[]} words sources, then the destination
 * @param {{ readonly ignored?: (path: string) => boolean, readonly chmod?: string | undefined }} how
 */
export function copy({ root, workdir }, from, words, { ignored = () => false, chmod }) {
  const destination = words.at(-1) ?? '';
  const sources = words.slice(0, -1);
  const target = join(root, destination.startsWith('/') ? destination : join(workdir, destination));
  for (const source of sources) {
    const full = join(from, source);
    if (!existsSync(full) || ignored(source)) throw new Error(`COPY ${source}: it is not there, or kept out by .dockerignore`);
    const isFolder = statSync(full).isDirectory();
    const into = isFolder || !(destination.endsWith('/') || sources.length > 1) ? target : join(target, basename(source));
    // Node's own cpSync looks at every file of a folder as a path from the top; that is what .dockerignore speaks of.
    cpSync(full, into, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !ignored(file.slice(from.length).replace(/^\/+/, '')),
    });
  }
  if (chmod === undefined) return;
  if (statSync(target).isDirectory()) must('chmod', ['-R', chmod, target]);
  else chmodSync(target, Number.parseInt(chmod, 8));
}

/**
 * The started container: a process with id 1, without capabilities, on a loopback of its own, in a root that cannot be written.
 *
 * @param {Image} image
 * @param {readonly string[]} command
 * @param {{ readonly volume: string, readonly volumeAt: string, readonly config: string }} mounts
 */
export function startContainer(image, command, { volume, volumeAt, config }) {
  const setUp = `
    root=$1 volume=$2 at=$3 config=$4; shift 4
    ip link set lo up
    mount --bind "$root" "$root"; cd "$root"
    mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs tmp
    mount --bind "$volume" ".$at"
    mount --bind "$config" etc/portvakt; mount -o remount,bind,ro etc/portvakt
    mount -o remount,bind,ro "$root"
    exec chroot . "$@"`;
  const words = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--'];
  const args = ['sh', '-euc', setUp, 'sh', image.root, volume, volumeAt, config, ...asUser(image), ...command];
  const child = spawn('unshare', [...words, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  /** @type {Promise<number | null>} */
  const exit = new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return {
    exit,
    output: () => output,
    /** Its process 1, as this machine numbers it. */
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]),
    kill: () => child.kill('SIGKILL'),
  };
}

/**
 * As `exec` in a running container.
 *
 * @param {Image} image
 * @param {number} pid
 * @param {readonly string[]} command
 * @returns {{ readonly code: number | null, readonly output: string }}
 */
export function execIn(image, pid, command) {
  const words = ['--target', String(pid), '--mount', '--net', '--pid', '--', 'chroot', image.root, ...asUser(image), ...command];
  const { status, stdout, stderr } = spawnSync('nsenter', words, { encoding: 'utf8', timeout: 30_000 });
  return { code: status, output: `${stdout}${stderr}`.trim() };
}

/** @param {Image} image */
function asUser({ user, env, workdir }) {
  const [uid = '0', gid = uid] = user.split(':');
  const none = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const environment = list({ PATH: path, HOME: '/', ...env });
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...none, 'env', '-i', '-C', workdir, ...environment];
}

/** @param {string} root */
export const remove = (root) => rmSync(root, { recursive: true, force: true });
