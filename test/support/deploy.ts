import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);

/** The project's folder. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));

/** `deploy/` copied to a folder of the test's own, and made ready by its prepare.sh; gives the folder. */
export async function preparedDeploy(): Promise<string> {
  return prepareDeploy(await temporaryDirectory(), '192.0.2.10');
}

/** The same below a folder that somebody else takes away. */
export async function prepareDeploy(below: string, address: string): Promise<string> {
  const folder = join(below, 'deploy');
  // Not what somebody has prepared here, with passwords of his own.
  const isShipped = (path: string) => !/\/deploy\/(?:local|\.env)(?:\/|$)/.test(path);
  await cp(join(projectRoot, 'deploy'), folder, { recursive: true, filter: isShipped });
  await run(join(folder, 'prepare.sh'), [address]);
  return folder;
}

const texts = z.array(z.string());
const service = z.looseObject({
  image: z.string(),
  command: texts.optional(),
  user: z.string().optional(),
  restart: z.string(),
  read_only: z.boolean(),
  cap_drop: texts,
  security_opt: texts,
  environment: z.record(z.string(), z.string()).optional(),
  volumes: texts,
  ports: texts.optional(),
  tmpfs: texts.optional(),
  stop_grace_period: z.string().optional(),
  healthcheck: z.looseObject({ test: texts }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  networks: z.union([texts, z.record(z.string(), z.object({ ipv4_address: z.string() }))]),
});
const compose = z.looseObject({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.looseObject({})),
  volumes: z.record(z.string(), z.looseObject({})),
});

export type ComposeService = z.infer<typeof service>;

/** compose.yaml, as far as the tests look at it. */
export async function readCompose(folder: string): Promise<z.infer<typeof compose>> {
  return compose.parse(parse(await readFile(join(folder, 'compose.yaml'), 'utf8'), { merge: true }));
}

/** `NAME=value` lines. */
export async function readEnv(file: string): Promise<ReadonlyMap<string, string>> {
  const lines = [...(await readFile(file, 'utf8')).matchAll(/^(\w+)=(.*)$/gm)];
  return new Map(lines.map(([, name = '', value = '']) => [name, value]));
}
