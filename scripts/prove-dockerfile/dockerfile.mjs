/**
 * Reads a Dockerfile and a .dockerignore, as far as ours go: what is not understood is an error, never passed over.
 * (The Dockerfile reference: escapes, comments, ARG before FROM, exec and shell form; no here-documents, no ONBUILD, no ADD.)
 */

/**
 * @typedef {object} Instruction
 * @property {string} name `COPY`, in capitals
 * @property {number} line from 1
 * @property {Readonly<Record<string, string>>} flags `--from=build` as `{ from: 'build' }`
 * @property {string} text what follows the flags, continued lines joined
 * @property {readonly string[] | undefined} exec the words of the exec form (JSON); undefined in shell form
 *
 * @typedef {object} Stage
 * @property {string} from an image, or an earlier stage's name
 * @property {string} name
 * @property {readonly Instruction[]} instructions
 *
 * @typedef {object} Dockerfile
 * @property {Readonly<Record<string, string>>} args the ARGs before the first FROM
 * @property {readonly Stage[]} stages in order; the last is the image
 */

const known = new Set('ARG FROM LABEL WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' '));

/**
 * @param {string} text
 * @returns {Dockerfile}
 * @throws {SyntaxError} with the line, where it holds what is not understood here
 */
export function readDockerfile(text) {
  /** @type {Record<string, string>} */
  const args = {};
  /** @type {{ from: string, name: string, instructions: Instruction[] }[]} */
  const stages = [];
  for (const instruction of instructionsOf(text)) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [, image = '', name = String(stages.length)] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text) ?? [];
      if (image === '') throw wrong(instruction.line, 'FROM takes an image, and AS with a name');
      stages.push({ from: expand(image, args), name, instructions: [] });
    } else if (stage) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(instruction.text) ?? [];
      args[name] = value;
    } else throw wrong(instruction.line, `${instruction.name} stands before the first FROM`);
  }
  return { args, stages };
}

/**
 * @param {string} text
 * @returns {Instruction[]}
 */
function instructionsOf(text) {
  /** @type {Instruction[]} */
  const instructions = [];
  let gathered = '';
  let first = 0;
  for (const [index, line] of text.split('\n').entries()) {
    // Inside a continued instruction comments and empty lines are left out of it.
    if (/^\s*(?:#|$)/.test(line)) continue;
    if (gathered === '') first = index + 1;
    const [, part = '', more] = /^(.*?)(\\)?\s*$/.exec(line) ?? [];
    gathered += part;
    if (more !== undefined) continue;
    instructions.push(instruction(gathered, first));
    gathered = '';
  }
  if (gathered !== '') throw wrong(first, 'the file ends inside this instruction');
  return instructions;
}

/**
 * @param {string} gathered
 * @param {number} line
 * @returns {Instruction}
 */
function instruction(gathered, line) {
  const [, written = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(gathered) ?? [];
  const name = written.toUpperCase();
  if (!known.has(name)) throw wrong(line, `${name || gathered.trim()} is not understood here`);
  if (rest.includes('<<')) throw wrong(line, 'here-documents are not understood here');
  /** @type {Record<string, string>} */
  const flags = {};
  let text = rest.trim();
  for (;;) {
    const [all, flag, value = ''] = /^--([\w-]+)(?:=(\S+))?\s+/.exec(text) ?? [];
    if (all === undefined || flag === undefined) break;
    flags[flag] = value;
    text = text.slice(all.length);
  }
  return { name, line, flags, text, exec: execForm(name === 'HEALTHCHECK' ? text.replace(/^CMD\s+/, '') : text) };
}

/**
 * @param {string} text
 * @returns {string[] | undefined}
 */
function execForm(text) {
  if (!text.startsWith('[')) return undefined;
  try {
    const words = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    // Not JSON: Docker takes it for the shell form, too.
    return undefined;
  }
}

/**
 * `$NAME` and `${NAME}`.
 *
 * @param {string} text
 * @param {Readonly<Record<string, string>>} values
 */
export function expand(text, values) {
  return text.replace(/\$(?:(\w+)|\{(\w+)\})/g, (_, bare, braced) => values[bare ?? braced] ?? '');
}

/**
 * `A=1 B="two words"`, as ENV and LABEL have it.
 *
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function pairs(text) {
  return Object.fromEntries([...text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S*))/g)].map(([, name, quoted, bare]) => [name, quoted ?? bare]));
}

/**
 * What a .dockerignore keeps out of the build.
 *
 * @param {string} text
 * @returns {(path: string) => boolean} of a path below the context, with `/`: is it kept out?
 */
export function readIgnore(text) {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ back: line.startsWith('!'), pattern: glob(line.replace(/^!/, '').replace(/^\/|\/$/g, '')) }));
  return (path) => {
    const parts = path.split('/');
    const itselfAndParents = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let out = false;
    // The last rule that fits decides; one that fits a folder fits all that is below it.
    for (const { back, pattern } of rules) if (itselfAndParents.some((one) => pattern.test(one))) out = !back;
    return out;
  };
}

/** @param {string} pattern as Go's filepath.Match has it, and `**` */
function glob(pattern) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*\*|\*|\?/g, (wild) => (wild === '**' ? '.*' : wild === '*' ? '[^/]*' : '[^/]'))}$`);
}

/**
 * @param {number} line
 * @param {string} problem
 */
function wrong(line, problem) {
  return new SyntaxError(`Dockerfile:${line}: ${problem}`);
}
