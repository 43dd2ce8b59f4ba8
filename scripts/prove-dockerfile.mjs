#!/usr/bin/env node
/**
 * Does what the Dockerfile says without a container engine: every instruction in its order, in minimal Debian roots; then starts what came
 * out as a container would be started, and looks at it. Takes some minutes. Needs root, debootstrap, iproute2, npm, and 4 GB in the
 * temporary folder. The project is not changed. What this proves, and what not: docs/deployment.md.
 *
 *   node scripts/prove-dockerfile.mjs [--context FOLDER] [--debian FOLDER] [--keep]
 *     --context  the project's folder; this one when left out
 *     --debian   a minimal root of the release that FROM names, laid before with debootstrap
 *     --keep     leave the roots
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { expand, pairs, readDockerfile, readIgnore } from './prove-dockerfile/dockerfile.mjs';
import { copy, execIn, inRoot, layBase, must, remove, startContainer } from './prove-dockerfile/roots.mjs';

/** @typedef {import('./prove-dockerfile/roots.mjs').Image} Image */

const { values: options } = parseArgs({
  options: { context: { type: 'string', default: '.' }, debian: { type: 'string' }, keep: { type: 'boolean', default: false } },
});
const context = resolve(options.context);
const began = Date.now();

/** @param {string} line */
const say = (line) => process.stdout.write(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${line}\n`);

/**
 * @param {string} work
 * @returns {{ image: Image, volume: string, healthcheck: readonly string[], command: readonly string[], signal: string }}
 */
function build(work) {
  const { stages } = readDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'));
  const ignored = readIgnore(readFileSync(join(context, '.dockerignore'), 'utf8'));
  /** @type {Map<string, Image>} */
  const built = new Map();
  const bases = new Set(stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from)));
  for (const tag of bases) {
    const { root, versions } = layBase(tag, { work, debian: options.debian });
    say(`in place of ${tag}: ${versions}`);
    built.set(tag, { root, env: {}, workdir: '/', user: '' });
  }
  /** @type {Record<string, readonly string[]>} */
  const last = {};
  let volume = '';
  let signal = 'SIGTERM';
  for (const { from, name, instructions } of stages) {
    const base = built.get(from);
    if (!base) throw new Error(`FROM ${from}: there is no such stage before ${name}`);
    /** @type {Image} */
    const image = { ...base, env: { ...base.env }, root: join(work, `stage-${name}`) };
    must('cp', ['-a', base.root, image.root]);
    say(`FROM ${from} AS ${name}`);
    for (const { name: instruction, text, flags, exec, line } of instructions) {
      say(`${name}:${line} ${instruction} ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`);
      switch (instruction) {
        case 'WORKDIR':
          image.workdir = text;
          mkdirSync(join(image.root, text), { recursive: true });
          break;
        case 'COPY': {
          const source = flags.from === undefined ? undefined : built.get(flags.from)?.root;
          if (flags.from !== undefined && source === undefined) throw new Error(`COPY --from=${flags.from}: there is no such stage`);
          const how = source === undefined ? { ignored, chmod: flags.chmod } : { chmod: flags.chmod };
          copy(image, source ?? context, text.split(/\s+/), how);
          break;
        }
        case 'RUN':
          inRoot(image, exec ?? ['/bin/sh', '-c', text]);
          break;
        case 'ENV':
          Object.assign(image.env, pairs(expand(text, image.env)));
          break;
        case 'USER':
          image.user = text;
          break;
        case 'VOLUME':
          volume = text;
          break;
        case 'STOPSIGNAL':
          signal = text;
          break;
        case 'ENTRYPOINT':
        case 'CMD':
        case 'HEALTHCHECK':
          if (!exec) throw new Error(`Dockerfile:${line}: ${instruction} is not in exec form`);
          last[instruction] = exec;
          break;
        default: // LABEL, EXPOSE, ARG: they change nothing that could be run
      }
    }
    built.set(name, image);
  }
  const image = built.get(stages.at(-1)?.name ?? '');
  if (!image) throw new Error('the Dockerfile has no stage');
  const command = [...(last.ENTRYPOINT ?? []), ...(last.CMD ?? [])];
  return { image, volume, healthcheck: last.HEALTHCHECK ?? [], command, signal };
}

/**
 * @param {string} claim
 * @param {boolean} holds
 * @param {string} [seen]
 */
function expect(claim, holds, seen = '') {
  say(`${holds ? 'yes' : 'NO '} ${claim}${seen === '' ? '' : `: ${seen}`}`);
  if (!holds) process.exitCode = 1;
}

/**
 * @param {string} work
 * @param {ReturnType<typeof build>} built
 */
async function start(work, { image, volume, healthcheck, command, signal }) {
  // A new volume takes over what the image has there, and whose it is.
  must('cp', ['-a', join(image.root, volume), join(work, 'volume')]);
  const config = join(work, 'config');
  cpSync(join(context, 'config'), config, { recursive: true });
  const file = join(config, 'portvakt.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^dataDirectory: .*$/m, `dataDirectory: ${volume}`));

  say(`starting ${command.join(' ')} as ${image.user}, without capabilities, on a read-only root`);
  const container = startContainer(image, command, { volume: join(work, 'volume'), volumeAt: volume, config });
  let ended = false;
  void container.exit.then(() => {
    ended = true;
  });
  try {
    const from = Date.now();
    let health = { code: /** @type {number | null} */ (1), output: '' };
    while (health.code !== 0 && !ended && Date.now() - from < 60_000) {
      await pause(200);
      if (container.output().includes('Portvakt is up')) health = execIn(image, container.pid(), healthcheck);
    }
    expect(`the health check passes ${((Date.now() - from) / 1000).toFixed(1)} s after the start`, health.code === 0, health.output);
    if (health.code !== 0) return;
    const pid = container.pid();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (/** @type {string} */ name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
    const id = image.user.split(':')[0];
    expect('it is process 1 of its container', field('NSpid').split(/\s+/).at(-1) === '1', `NSpid ${field('NSpid')}`);
    expect(
      'it runs as the user of the image, and no other',
      new Set(field('Uid').split(/\s+/)).size === 1 && field('Uid').startsWith(`${id}`),
    );
    expect('it has no capabilities', /^0+$/.test(field('CapEff')) && /^0+$/.test(field('CapBnd')), `CapEff ${field('CapEff')}`);
    const ready = execIn(image, pid, ['portvakt', 'health', '--ready']);
    expect('it takes calls', ready.code === 0, ready.output);
    const check = execIn(image, pid, ['portvakt', 'check']);
    expect('`portvakt check` finds the configuration by itself', check.code === 0, check.output);
    const written = execIn(image, pid, [
      'sh',
      '-c',
      'touch /opt/portvakt/x /etc/portvakt/x /x; touch /tmp/x && touch "$0/x" && rm "$0/x"',
      volume,
    ]);
    const refusals = written.output.split('\n').filter((line) => line.includes('Read-only file system')).length;
    expect('nothing but the volume and /tmp can be written', written.code === 0 && refusals === 3);
    expect('there is no npm', execIn(image, pid, ['npm', '--version']).code !== 0);
    expect('its records lie in the volume', existsSync(join(work, 'volume', 'records')));
    const stopping = Date.now();
    process.kill(pid, /** @type {NodeJS.Signals} */ (signal));
    const code = await container.exit;
    expect(`${signal} ends it with code 0 in ${((Date.now() - stopping) / 1000).toFixed(1)} s`, code === 0, `code ${code}`);
  } finally {
    if (!ended) container.kill();
    if (process.exitCode) process.stdout.write(`${container.output().replace(/^/gm, '    ')}\n`);
  }
}

const work = mkdtempSync(join(tmpdir(), 'portvakt-prove-'));
try {
  if (process.getuid?.() !== 0) throw new Error('this needs root: it lays Debian roots and runs in them');
  const built = build(work);
  const size = (/** @type {string} */ folder) => must('du', ['-sh', join(built.image.root, folder)], { quiet: true }).split('\t')[0];
  say(`the image's own layers: ${size('opt/portvakt')}, of that ${size('opt/portvakt/node_modules')} packages`);
  await start(work, built);
  say(process.exitCode ? 'not everything holds' : 'everything holds');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  if (options.keep) say(`left in ${work}`);
  else remove(work);
}
