import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const style = (name: string) => readFileSync(new URL(`../../src/web/style/${name}.css`, import.meta.url), 'utf8');

type Palette = Readonly<Record<string, string>>;

function paletteOf(css: string): Palette {
  return Object.fromEntries(
    [...css.matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})(?:[0-9a-f]{2})?;/g)].map(([, name = '', colour = '']) => [name, colour]),
  );
}

const tokens = style('tokens');
const [lightPart = '', darkPart = ''] = tokens.split('@media (prefers-color-scheme: dark)');
const light = paletteOf(lightPart);
const dark = { ...light, ...paletteOf(darkPart) };

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Text on its ground: 1.4.3 wants 4.5. */
const texts = [
  ['text', 'ground'],
  ['text', 'surface'],
  ['text', 'sunken'],
  ['text', 'stage'],
  ['text-quiet', 'surface'],
  ['text-quiet', 'ground'],
  ['accent', 'ground'],
  ['accent', 'surface'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['danger', 'surface'],
  ['on-danger', 'danger'],
  ['trouble-text', 'trouble-ground'],
  ['on-tile', 'tile'],
  ['on-tile', 'nameplate'],
  ['surface', 'text'],
] as const;

/** What must be seen to be used: 1.4.11 wants 3. */
const shapes = [
  ['field-line', 'surface'],
  ['speaking', 'tile'],
  ['speaking', 'stage'],
  ['focus', 'ground'],
  ['focus', 'surface'],
  ['focus', 'stage'],
] as const;

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s colours', (_name, palette: Palette) => {
  const of = (name: string) => palette[name] ?? expect.fail(`there is no colour ${name}`);
  it.each(texts)('%s is readable on %s', (text, ground) => expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5));
  it.each(shapes)('%s is seen on %s', (shape, ground) => expect(contrast(of(shape), of(ground))).toBeGreaterThanOrEqual(3));
});

describe('faces', () => {
  const colours = [...style('base').matchAll(/\.face[^{]*\{[^}]*background: (#[0-9a-f]{6})/g)].map(([, colour = '']) => colour);
  it('have grounds on which white letters are readable', () => {
    expect(colours).toHaveLength(6);
    for (const colour of colours) expect(contrast('#ffffff', colour)).toBeGreaterThanOrEqual(4.5);
  });
});
