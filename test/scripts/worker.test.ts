import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../scripts/bootstrap/say.mjs';
import { duration, obtainWorker, presentWorker, progressTeller, runsHere } from '../../scripts/bootstrap/worker.mjs';
import { cachedWorkerPath, packagedWorkerPath } from '../../src/bridge/worker-location.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portvakt-worker-'));
});
afterEach(() => rm(folder, { recursive: true }));

const host = () => ({ version: '3.19.3', packageFolder: join(folder, 'mediasoup') });
const env = () => ({ XDG_CACHE_HOME: join(folder, 'cache') });

/** A stand-in for a program on disk; the real worker answers 41 when it is started without its library. */
async function program(path: string, script: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}
const workerScript = '#!/bin/sh\nexit 41\n';

describe('a worker that is here already', () => {
  it('is taken as it is, wherever it comes from', async () => {
    const path = await program(cachedWorkerPath(env(), host()), workerScript);
    expect(await obtainWorker(env(), host())).toBe(path);
    const mine = await program(join(folder, 'mine'), workerScript);
    expect(await obtainWorker({ ...env(), MEDIASOUP_WORKER_BIN: mine }, host())).toBe(mine);
  });

  it('is reported missing when the environment names a wrong one', () => {
    expect(() => presentWorker({ ...env(), MEDIASOUP_WORKER_BIN: join(folder, 'mistyped') }, host())).toThrow(SetupError);
    expect(presentWorker(env(), host())).toBeUndefined();
  });

  it('must answer as the worker does', async () => {
    expect(runsHere(await program(join(folder, 'right'), workerScript))).toBe(true);
    expect(runsHere(await program(join(folder, 'other'), '#!/bin/sh\nexit 0\n'))).toBe(false);
    expect(runsHere(await program(join(folder, 'foreign'), '\x7fELF not for this processor'))).toBe(false);
    expect(runsHere(join(folder, 'nothing'))).toBe(false);
  });
});

describe("mediasoup's prebuilt worker", () => {
  it('is asked for once by two at the same time, and kept in the cache folder', async () => {
    // mediasoup's own script, as far as this needs it: notes that it was asked, and puts a worker where its installation does.
    const worker = packagedWorkerPath(host().packageFolder);
    await mkdir(dirname(worker), { recursive: true });
    await writeFile(
      join(host().packageFolder, 'npm-scripts.mjs'),
      `import { appendFileSync, writeFileSync } from 'node:fs';
       appendFileSync('asked', process.argv[2] + ' with ' + process.env.PYTHON + '\\n');
       writeFileSync(${JSON.stringify(worker)}, ${JSON.stringify(workerScript)}, { mode: 0o755 });`,
    );
    const cached = cachedWorkerPath(env(), host());
    expect(await Promise.all([obtainWorker(env(), host()), obtainWorker(env(), host())])).toEqual([cached, cached]);
    expect(runsHere(cached)).toBe(true);
    // A Python that always fails keeps mediasoup's script from building on its own.
    expect(await readFile(join(host().packageFolder, 'asked'), 'utf8')).toBe('postinstall with false\n');
  });
});

describe('progress', () => {
  it('is told at every tenth, and other lines are not progress', () => {
    const told: number[] = [];
    const take = progressTeller((percent) => told.push(percent));
    for (let done = 1; done <= 226; done += 1) expect(take(`progress ${done} 226 Compiling C++ object x.o`)).toBe(true);
    expect(take('FAILED: x.o')).toBe(false);
    expect(told).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it.each([
    [900, '1 s'],
    [59_000, '59 s'],
    [228_000, '3 min 48 s'],
  ])('%i ms are told as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
