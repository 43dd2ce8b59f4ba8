import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { withLock } from '../../scripts/bootstrap/lock.mjs';

const lockModule = fileURLToPath(new URL('../../scripts/bootstrap/lock.mjs', import.meta.url));
const nothing = () => undefined;
let counter = 0;
const freshName = () => `test ${process.pid} ${++counter}`;

describe('a lock', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('lets one in at a time, and everyone in the end', async () => {
    const name = freshName();
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return 'done';
    };
    const results = await Promise.all(Array.from({ length: 5 }, () => withLock(name, nothing, work)));
    expect(results).toEqual(Array(5).fill('done'));
    expect(most).toBe(1);
  });

  it('is given back when the work fails', async () => {
    const name = freshName();
    await expect(withLock(name, nothing, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(name, nothing, () => 'free')).toBe('free');
  });

  it('does not stay behind when its holder is killed', async () => {
    const name = freshName();
    const holder = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { withLock } = await import(${JSON.stringify(lockModule)});
         await withLock(${JSON.stringify(name)}, () => {}, () => { console.log('held'); return new Promise(() => {}); });`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(holder);
    await once(createInterface({ input: holder.stdout }), 'line');
    let waited = false;
    const onWait = () => {
      waited = true;
      holder.kill('SIGKILL');
    };
    expect(await withLock(name, onWait, () => 'mine now')).toBe('mine now');
    expect(waited).toBe(true);
  });
});
