#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { HealthOptions } from './cli/health.js';
import type { RouteOptions } from './cli/route.js';
import { version } from './version.js';

const defaultConfig = 'config/portvakt.yaml';

const configOption = () =>
  new Option('-c, --config <file>', 'the service configuration; it names the address plan').default(defaultConfig).env('PORTVAKT_CONFIG');

/**
 * The command line. Every command gives its exit code: 0 done, 1 it found what is wrong, 2 it was called wrongly. Each is loaded when it is
 * called: the whole service takes a second of CPU to load, and `health` is asked every few seconds.
 */
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
    .action(async (options: { config: string }) => {
      const { serve } = await import('./cli/serve.js');
      exit(await serve(options.config));
    });

  portvakt
    .command('check')
    .description('read the configuration and the address plan and list everything that is wrong with them')
    .addOption(configOption())
    .option('--json', 'the findings as JSON, one a line')
    .action(async (options: { config: string; json?: boolean }) => {
      const { check } = await import('./cli/check.js');
      exit(await check(options.config, options.json ?? false));
    });

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
    .action(async (dialled: string, options: RouteOptions) => {
      const { route } = await import('./cli/route.js');
      exit(await route(dialled, options));
    });

  portvakt
    .command('health')
    .description('ask a running service whether it is alive, or with --ready whether it takes calls (for health checks of containers)')
    .addOption(new Option('-u, --url <url>', 'where its HTTP is').default('http://127.0.0.1:8080').env('PORTVAKT_URL').argParser(httpUrl))
    .option('-r, --ready', 'also fail while it is being stopped, or cannot do all that it should')
    .action(async (options: HealthOptions) => {
      const { health } = await import('./cli/health.js');
      exit(await health(options));
    });
  return portvakt;
}

function httpUrl(written: string): string {
  if (!URL.canParse(written) || !/^https?:/i.test(written)) throw new InvalidArgumentError('write it as http://127.0.0.1:8080');
  return written;
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
