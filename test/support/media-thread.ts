import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface MediaThread {
  readonly entry: URL;
  remove(): Promise<void>;
}

/**
 * A thread's entry as JavaScript: worker threads load nothing else. It lies below node_modules, so that it finds mediasoup from there.
 *
 * @param source below the project's folder; default: the service's own
 */
export async function buildMediaThread(source = 'src/bridge/media/thread.ts'): Promise<MediaThread> {
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'portvakt-thread-'));
  const outfile = join(folder, 'thread.mjs');
  await build({
    entryPoints: [join(root, source)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return { entry: pathToFileURL(outfile), remove: () => rm(folder, { recursive: true, force: true }) };
}
