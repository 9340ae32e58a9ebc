import { Command, CommanderError } from 'commander';

import { addCommands } from './commands.ts';
import { EXIT, failureOf } from './failure.ts';
import type { Io } from './io.ts';
import { packageVersion } from './package.ts';

/**
 * Runs one command line (without `node` and the script).
 * @returns the exit code: 0 done, 1 failed, 2 wrong use
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = createProgram(io, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error);
    return report(error, io);
  }
}

function createProgram(io: Io, onExit: (code: number) => void): Command {
  const program = new Command('kaquan')
    .description('Real-time, exact analytics for coupon orders over Apache Kafka and ClickHouse.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .showHelpAfterError('Add --help to see how it is used.');
  addCommands(program, io, onExit);
  program.addHelpText(
    'after',
    '\nExamples:\n  kaquan up                      all of it on this machine, with a simulated merchant\n' +
      '  kaquan consume orders          one consumer of the group "orders"\n' +
      '  kaquan status                  is everything well, and if not, what to do\n' +
      '\nSettings come from the environment; kaquan config lists them.\n' +
      'Exit codes: 0 done, 1 failed, 2 wrong use.',
  );
  return program;
}

// commander ends with 0 only for help and version that somebody asked for.
const exitCodeOf = (error: CommanderError): number => (error.exitCode === 0 ? EXIT.done : EXIT.wrongUse);

function report(error: unknown, { env, stderr }: Io): number {
  const { message, exitCode } = failureOf(error, env);
  stderr.write(`kaquan: ${message}\n`);
  if (env['KAQUAN_DEBUG'] && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
  return exitCode;
}
