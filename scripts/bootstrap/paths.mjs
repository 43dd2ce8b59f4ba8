import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's top folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {...string} parts below the clone's top folder */
export const inRoot = (...parts) => join(root, ...parts);

/**
 * @param {string} path
 * @returns {any} what the JSON file holds
 */
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
