#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { check } from './cli/check.js';
import { type RouteOptions, route } from './cli/route.js';
import { serve } from './cli/serve.js';
import { version } from './version.js';

const defaultConfig = 'config/portvakt.yaml';

const configOption = () =>
  new Option('-c, --config <file>', 'the service configuration; it names the address plan').default(defaultConfig).env('PORTVAKT_CONFIG');

/** The command line. Every command gives its exit code: 0 done, 1 it found what is wrong, 2 it was called wrongly. */
function program(exit: (code: number) => void): Command {
  const portvakt = new Command('portvakt')
    .description('A gatekeeper for the video calls of many organisations: one numbering plan, every call encrypted.')
    .version(version)
    .showHelpAfterError('(portvakt --help says how)')
    .addHelpText('after', '\nExit code: 0 done, 1 something is wrong (the output says what), 2 called wrongly.')
    .exitOverride();

  portvakt
    .command('serve')
    .description('run the gatekeeper until SIGTERM or SIGINT; SIGHUP reads the address plan and the TLS files again')
    .addOption(configOption())
    .action(async (options: { config: string }) => exit(await serve(options.config)));

  portvakt
    .command('check')
    .description('read the configuration and the address plan and list everything that is wrong with them')
    .addOption(configOption())
    .option('--json', 'the findings as JSON, one a line')
    .action(async (options: { config: string; json?: boolean }) => exit(await check(options.config, options.json ?? false)));

  portvakt
    .command('route')
    .description('say where a call would go by the plan, and why; no service is asked, and nobody is called')
    .argument('<dialled>', 'a number, an extension, name@domain or an H.323-ID, as it is dialled')
    .requiredOption('-f, --from <organisation>', "the caller's organisation, or internet")
    .option('-r, --register <alias...>', "assume that these are registered; 46201* is a gateway's prefix")
    .addOption(new Option('-p, --protocol <protocol>', 'what the caller speaks').choices(['sip', 'h323']).default('sip'))
    .option('--json', 'the explanation as JSON')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nExamples:\n  portvakt route 0002 --from region-norr --register 461010002\n  portvakt route +46-301-0001 --from region-syd --json',
    )
    .action(async (dialled: string, options: RouteOptions) => exit(await route(dialled, options)));
  return portvakt;
}

try {
  await program((code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`portvakt: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
