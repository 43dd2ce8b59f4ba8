import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pairs, readDockerfile, readIgnore } from '../../scripts/prove-dockerfile/dockerfile.mjs';
import { projectRoot } from '../support/deploy.js';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const { stages } = readDockerfile(read('Dockerfile'));
const isIgnored = readIgnore(read('.dockerignore'));
const runtime = stages.at(-1)?.instructions ?? [];
const only = (name: string) => {
  const found = runtime.filter((instruction) => instruction.name === name);
  expect(found.map(({ line }) => line)).toHaveLength(1);
  return found[0];
};

describe('Dockerfile', () => {
  it('copies only what is there and not kept out by .dockerignore', () => {
    const fromContext = stages.flatMap(({ instructions }) => instructions.filter(({ name, flags }) => name === 'COPY' && !flags.from));
    const sources = fromContext.flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
    expect(sources).toEqual(expect.arrayContaining(['package-lock.json', '.npmrc', 'src']));
    expect(sources.filter((source) => !existsSync(join(projectRoot, source)) || isIgnored(source))).toEqual([]);
  });

  it('copies from earlier stages only', () => {
    for (const [index, { instructions }] of stages.entries()) {
      const earlier = stages.slice(0, index).map(({ name }) => name);
      const from = instructions.flatMap(({ flags }) => (flags.from === undefined ? [] : [flags.from]));
      expect(from.filter((name) => !earlier.includes(name))).toEqual([]);
    }
  });

  it('keeps data, keys, tests and what was installed here out of the build', () => {
    for (const path of [
      'data/tls/key.pem',
      'node_modules/ws/index.js',
      '.git/config',
      'deploy/.env',
      'config/e164-plan.yaml',
      'dist/main.js',
    ]) {
      expect([path, isIgnored(path)]).toEqual([path, true]);
    }
    for (const path of ['src/main.ts', 'src/state/redis/beat.lua', 'scripts/bootstrap/compile.mjs', '.npmrc']) {
      expect([path, isIgnored(path)]).toEqual([path, false]);
    }
  });

  it('builds on one Node that the code runs on, of one Debian', () => {
    const bases = new Set(stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from)));
    expect(bases.size).toBe(1);
    const [, version] = /^node:(\d+)-[a-z]+-slim$/.exec([...bases][0] ?? '') ?? [];
    expect(Number(version)).toBeGreaterThanOrEqual(24);
  });

  it('runs as a fixed number that is not root, and the service itself is process 1', () => {
    expect(only('USER')?.text).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    expect(only('ENTRYPOINT')?.exec).toEqual(['portvakt']);
    expect(only('CMD')?.exec).toEqual(['serve']);
    expect(only('STOPSIGNAL')?.text).toBe('SIGTERM');
    expect(only('HEALTHCHECK')?.exec).toEqual(['portvakt', 'health']);
    expect(only('VOLUME')?.text).toBe('/var/lib/portvakt');
  });

  it('installs what the lock file says, and no development packages in the image', () => {
    const installs = stages.flatMap(({ name, instructions }) =>
      instructions.filter(({ text }) => text.includes('npm ci')).map(({ text }) => [name, text]),
    );
    expect(installs).toEqual([
      ['compiled', 'npm ci --include=dev'],
      ['packages', 'npm ci --omit=dev'],
    ]);
    expect(runtime.find(({ name, text }) => name === 'COPY' && text.includes('node_modules'))?.flags.from).toBe('packages');
  });
});

describe('the reader of Dockerfiles', () => {
  it('joins continued lines and leaves comments out of them', () => {
    const { stages: read } = readDockerfile(
      'ARG BASE=debian:13\nFROM $BASE AS one\nRUN a \\\n# why\n && b\nCOPY --from=x --chmod=0755 a b c/\n',
    );
    expect(read[0]).toMatchObject({ from: 'debian:13', name: 'one' });
    expect(read[0]?.instructions.map(({ name, line, text, flags }) => ({ name, line, text, flags }))).toEqual([
      { name: 'RUN', line: 3, text: 'a  && b', flags: {} },
      { name: 'COPY', line: 6, text: 'a b c/', flags: { from: 'x', chmod: '0755' } },
    ]);
  });

  it('tells the exec form from the shell form', () => {
    const { stages: read } = readDockerfile('FROM a\nCMD ["b", "c d"]\nENTRYPOINT b c\nHEALTHCHECK --interval=5s CMD ["e"]\n');
    expect(read[0]?.instructions.map(({ exec }) => exec)).toEqual([['b', 'c d'], undefined, ['e']]);
  });

  it('says the line of what it does not understand', () => {
    expect(() => readDockerfile('FROM a\n\nADD b c\n')).toThrow('Dockerfile:3: ADD is not understood here');
    expect(() => readDockerfile('FROM a\nRUN <<EOF\nb\nEOF\n')).toThrow('Dockerfile:2: here-documents');
    expect(() => readDockerfile('FROM a\nRUN b \\\n')).toThrow('Dockerfile:2: the file ends inside');
    expect(() => readDockerfile('COPY a b\n')).toThrow('Dockerfile:1: COPY stands before the first FROM');
  });

  it('reads pairs with and without quotes', () => {
    expect(pairs('A=1 B="two words" c.d=')).toEqual({ A: '1', B: 'two words', 'c.d': '' });
  });

  it('lets the last rule of a .dockerignore decide, for a folder and all below it', () => {
    const out = readIgnore('# all\n*\n!src\nsrc/**/*.map\n!a?.txt\n');
    const paths = ['x', 'x/y', 'src', 'src/a/b.ts', 'src/a/b.map', 'ab.txt', 'abc.txt'];
    expect(paths.filter(out)).toEqual(['x', 'x/y', 'src/a/b.map', 'abc.txt']);
  });
});
