import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const document = read('ARCHITECTURE.md');

interface Room {
  readonly name: string;
  readonly paths: readonly string[];
  readonly imports: readonly string[];
  readonly types: readonly string[];
}

interface Arrow {
  readonly from: string;
  readonly to: string;
  /** `import type`: gone when compiled. */
  readonly typeOnly: boolean;
  readonly text: string;
}

const names = (cell: string): string[] => cell.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));

/** The rows of the table of rooms. */
function readRooms(): Room[] {
  const from = document.indexOf('\n| room | is |');
  const rows = document.slice(from, document.indexOf('\n\n', from)).trim().split('\n').slice(2);
  return rows.map((row) => {
    const [, name = '', , paths = '', imports = '', types = ''] = row.split('|').map((cell) => cell.trim());
    return { name, paths: names(paths.replaceAll('`', '')), imports: names(imports), types: names(types) };
  });
}

const rooms = readRooms();

function roomOf(file: string): string | undefined {
  let best: { name: string; length: number } | undefined;
  for (const { name, paths } of rooms) {
    for (const path of paths) {
      if ((path.endsWith('/') ? file.startsWith(path) : file === path) && path.length > (best?.length ?? 0)) {
        best = { name, length: path.length };
      }
    }
  }
  return best?.name;
}

const files = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .filter((file) => /(?<!\.d)\.(?:ts|mjs)$/.test(file))
  .sort();

/** Imports and re-exports of our own files: static ones, and `import('…')` as an expression or a type. */
const IMPORT = /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|(typeof\s+)?import\(\s*'(\.[^']+)'\s*\)/gm;

function importsOf(file: string): { path: string; typeOnly: boolean }[] {
  return [...read(file).matchAll(IMPORT)].map(([, type, path, bare, typeOf, dynamic]) => ({
    path: posix.join(posix.dirname(file), path ?? bare ?? dynamic ?? '').replace(/\.js$/, '.ts'),
    typeOnly: type !== undefined || typeOf !== undefined,
  }));
}

const arrows: readonly Arrow[] = files.flatMap((file) =>
  importsOf(file).flatMap(({ path, typeOnly }) => {
    const from = roomOf(file) ?? file;
    const to = roomOf(path) ?? path;
    return from === to ? [] : [{ from, to, typeOnly, text: `${file} imports ${typeOnly ? 'types of ' : ''}${path} (${from} -> ${to})` }];
  }),
);

describe('the rooms of ARCHITECTURE.md', () => {
  it('have a place for every file, and a file in every place', () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
    const paths = rooms.flatMap((room) => room.paths);
    expect(paths.filter((path) => !files.some((file) => file.startsWith(path)))).toEqual([]);
    expect(arrows.length).toBeGreaterThan(200);
  });

  it('are imported by those alone that the table names', () => {
    const allowed = (arrow: Arrow): boolean => {
      const room = rooms.find(({ name }) => name === arrow.from);
      return room !== undefined && (room.imports.includes(arrow.to) || (arrow.typeOnly && room.types.includes(arrow.to)));
    };
    expect(arrows.filter((arrow) => !allowed(arrow)).map(({ text }) => text)).toEqual([]);
  });

  it('need each arrow that the table gives them', () => {
    const used = (from: string, to: string, typeOnly: boolean) =>
      arrows.some((arrow) => arrow.from === from && arrow.to === to && arrow.typeOnly === typeOnly);
    const idle = rooms.flatMap(({ name, imports, types }) => [
      ...imports.filter((to) => !used(name, to, false)).map((to) => `${name} -> ${to}`),
      ...types.filter((to) => !used(name, to, true)).map((to) => `${name} -> types of ${to}`),
    ]);
    expect(idle).toEqual([]);
  });

  it('do not need each other in a circle', () => {
    // Rooms that need nothing but what was taken away already are taken away, until none is left or those that are left hold each other.
    let left = rooms.map(({ name, imports }) => ({ name, imports }));
    for (let before = -1; before !== left.length; ) {
      before = left.length;
      const still = left;
      left = still.filter(({ imports }) => imports.some((to) => still.some(({ name }) => name === to)));
    }
    expect(left.map(({ name }) => name)).toEqual([]);
  });
});

describe('time', () => {
  it('comes into the core from outside', () => {
    // What has a clock of its own, or asks the system when it was made: the edges of the process.
    const outside = new Set(
      'main cli service admin monitoring loading config redis bridge browser media-plane web simulator clock version'.split(' '),
    );
    const core = new Set(rooms.map(({ name }) => name).filter((name) => !outside.has(name)));
    const ownTime = /\b(?:Date\.now|setTimeout|setInterval|setImmediate)\(|new Date\(\)/;
    const uncommented = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(files.filter((file) => core.has(roomOf(file) ?? '') && ownTime.test(uncommented(file)))).toEqual([]);
  });
});
