import { mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyAssets, filesOf } from '../../scripts/bootstrap/compile.mjs';
import { digestOf, filesBelow, isStamped, stamp } from '../../scripts/bootstrap/stamp.mjs';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'portvakt-stamp-'));
  await mkdir(join(base, 'src', 'state', 'redis'), { recursive: true });
  await writeFile(join(base, 'src', 'main.ts'), 'main');
  await writeFile(join(base, 'src', 'state', 'redis', 'take.lua'), 'return 1');
  await writeFile(join(base, 'lock.json'), '{}');
});
afterEach(() => rm(base, { recursive: true }));

const digest = () => digestOf(base, ['src', 'lock.json', 'not-there'], ['linux']);

describe('the digest of inputs', () => {
  it('covers every file below a folder', () => {
    expect(filesBelow(base, ['src', 'lock.json', 'not-there'])).toEqual(['lock.json', 'src/main.ts', 'src/state/redis/take.lua']);
  });

  it('stays the same when only times change', async () => {
    const before = digest();
    await utimes(join(base, 'src', 'main.ts'), 1, 1);
    expect(digest()).toBe(before);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['content', () => writeFile(join(base, 'src', 'main.ts'), 'Main')],
    ['a new file', () => writeFile(join(base, 'src', 'new.ts'), '')],
    ['a lost file', () => rm(join(base, 'src', 'main.ts'))],
    ['a file name', () => rename(join(base, 'src', 'main.ts'), join(base, 'src', 'main2.ts'))],
  ])('changes with %s', async (_what, change) => {
    const before = digest();
    await change();
    expect(digest()).not.toBe(before);
  });

  it('changes with a fact', () => {
    expect(digestOf(base, ['src'], ['x64'])).not.toBe(digestOf(base, ['src'], ['arm64']));
  });
});

describe('a stamp', () => {
  it('is believed for the very same digest only, and not when it is missing', () => {
    const file = join(base, 'stamp');
    expect(isStamped(file, 'one')).toBe(false);
    stamp(file, 'one');
    expect(isStamped(file, 'one')).toBe(true);
    expect(isStamped(file, 'two')).toBe(false);
  });
});

describe('assets', () => {
  it('go along with the compiled code, sources do not, and compiled files stay', async () => {
    const output = join(base, 'dist');
    await mkdir(output);
    await writeFile(join(base, 'src', 'shared.mjs'), 'source');
    await mkdir(join(base, 'src', 'web'));
    await writeFile(join(base, 'src', 'web', 'page.css'), 'of another target');
    await writeFile(join(output, 'shared.mjs'), 'compiled');
    copyAssets(base, filesOf(base, { sources: ['src'], without: ['src/web/'] }), 'src/', output);
    expect(filesBelow(base, ['dist'])).toEqual(['dist/shared.mjs', 'dist/state/redis/take.lua']);
    expect(await readFile(join(output, 'shared.mjs'), 'utf8')).toBe('compiled');
  });
});
