#!/usr/bin/env node
// The `portvakt` command: `npx portvakt check` works from a fresh clone, because what is missing is set up first.
import { portvakt } from '../scripts/bootstrap/commands.mjs';
import { fail } from '../scripts/bootstrap/say.mjs';

try {
  await portvakt(process.argv.slice(2));
} catch (error) {
  fail(error);
}
