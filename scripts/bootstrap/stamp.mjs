/**
 * A stamp says from which inputs something was made: as long as their content gives the same digest, it need not be made again.
 * Content and not time, because a checkout, a copy or a container layer changes times as it likes.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file at or below the given paths, sorted, with `/` between folders; a path that does not exist holds none.
 *
 * @param {string} base
 * @param {readonly string[]} paths relative to `base`
 * @returns {string[]} relative to `base`
 */
export function filesBelow(base, paths) {
  /** @type {string[]} */
  const files = [];
  for (const path of paths) {
    const full = join(base, path);
    if (!existsSync(full)) continue;
    if (statSync(full).isDirectory())
      files.push(
        ...filesBelow(
          base,
          readdirSync(full).map((name) => `${path}/${name}`),
        ),
      );
    else files.push(path);
  }
  return files.sort();
}

/**
 * @param {string} base
 * @param {readonly string[]} paths files and folders, relative to `base`
 * @param {readonly string[]} [facts] what else the result depends on
 * @returns {string} changes when a file's name or content or a fact does
 */
export function digestOf(base, paths, facts = []) {
  const hash = createHash('sha256');
  // Lengths go in first, so that no two different sets of files run together into the same bytes.
  for (const fact of facts) hash.update(`fact ${fact.length} ${fact}\n`);
  for (const file of filesBelow(base, paths)) {
    const content = readFileSync(join(base, file));
    hash.update(`file ${file.length} ${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {string} file the stamp
 * @param {string} digest
 * @returns {boolean}
 */
export function isStamped(file, digest) {
  try {
    return readFileSync(file, 'utf8').trim() === digest;
  } catch {
    return false;
  }
}

/**
 * @param {string} file the stamp
 * @param {string} digest
 */
export function stamp(file, digest) {
  writeFileSync(file, `${digest}\n`);
}
