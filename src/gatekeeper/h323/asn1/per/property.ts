/** Reads and sets one property of an object, by its name. */
export interface Property {
  readonly get: (value: object) => unknown;
  readonly set: (value: object, content: unknown) => void;
}

/**
 * In the order of the names. Made from source text, because the engine remembers the shapes of objects by place in the source: from a loop over
 * names, which all types share, an access costs four times as much, and an object that gets more than a dozen fields becomes a dictionary, which
 * costs twenty times. The text has nothing in it but the names of a schema, quoted.
 */
export function propertiesOf(names: readonly string[]): readonly Property[] {
  const access = names.map((name) => {
    const key = JSON.stringify(name);
    return `{ get: (value) => value[${key}], set: (value, content) => { value[${key}] = content; } }`;
  });
  return new Function(`'use strict'; return [${access.join(',\n')}];`)() as readonly Property[];
}
