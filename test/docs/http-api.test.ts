import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/http-api.md', () => {
  it('names every path of meetings that there is, and no other', () => {
    const written = [...read('docs/http-api.md').matchAll(/^\| `(\w+) \/api\/v1\/meetings([^`]*)` \|/gm)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const served = [...read('src/admin/meeting-routes.ts').matchAll(/^ {2}route\('(\w+)', '([^']*)'/gm)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    expect(served.length).toBeGreaterThan(5);
    expect(written.sort()).toEqual(served.sort());
  });

  it('names every field that a new meeting may have', () => {
    const [, schema = ''] = /const createSchema = z\.strictObject\(\{([\s\S]*?)\n\}\);/.exec(read('src/admin/meeting-routes.ts')) ?? [];
    const fields = [...schema.matchAll(/^ {2}(\w+):/gm)].map(([, field]) => field);
    const [, section = ''] = /What a new meeting may say:([\s\S]*?)\n\n[A-Z]/.exec(read('docs/http-api.md')) ?? [];
    const written = [...section.matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, field]) => field),
    );
    expect(fields.length).toBeGreaterThan(5);
    expect(written.sort()).toEqual(fields.sort());
  });
});
