import type { Command } from 'commander';

import { number, time } from '../arguments.ts';
import type { RedriveCommand } from '../dlq.ts';
import type { Io } from '../io.ts';

const JSON_OPTION = ['--json', 'print one JSON document and nothing else'] as const;

/** Adds `kaquan dlq`. */
export function addDeadLetters(program: Command, io: Io, finish: (exitCode: number) => void): void {
  const dlq = program
    .command('dlq')
    .summary('dead letters: list, show, redrive')
    .description(
      'What could not be processed is kept whole, for ever; this lists it, shows it, and publishes it again.',
    )
    .addHelpText('after', example('kaquan dlq list'));
  dlq
    .command('list')
    .summary('by reason, with how many and since when')
    .description("Lists each group's dead letters by reason, and how many of them were redriven.")
    .argument('[group]', 'orders, report, collector, …; all of them unless told')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan dlq list orders'))
    .action(async (group: string | undefined, options: { json?: true }) => {
      const { dlqList } = await import('../dlq.ts');
      finish(await dlqList({ ...options, ...(group !== undefined && { group }) }, io));
    });
  dlq
    .command('show')
    .summary('one, whole')
    .description('Shows one dead letter whole: why and where it failed, its key, headers and value.')
    .argument('<group>', 'whose it is')
    .argument('<id>', 'its partition:offset, as kaquan dlq list prints it')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan dlq show orders 0:17'))
    .action(async (group: string, id: string, options: { json?: true }) => {
      const { dlqShow } = await import('../dlq.ts');
      finish(await dlqShow({ group, id, ...options }, io));
    });
  dlq
    .command('redrive')
    .summary('publish them again, for the group that failed')
    .description(
      'Publishes dead letters again: key and value as they were, for the group that failed alone; a misrouted one to the\n' +
        'partition of its order, one that came over HTTP as a report. What was redriven is remembered: a call that was\n' +
        'interrupted is simply made again, and a second one changes nothing. Mend the cause first.',
    )
    .argument('<group>', 'whose they are')
    .option('--dry-run', 'publish nothing, only say what would be')
    .option('--reason <reason>', 'only those of this reason')
    .option('--since <time>', 'only those kept since then, as 2026-01-31T12:00:00Z', time)
    .option('--max <n>', 'so many at the most', number(1, 1_000_000_000))
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan dlq redrive orders --reason unknown_schema --dry-run'))
    .action(async (group: string, options: Omit<RedriveCommand, 'group'>) => {
      const { dlqRedrive } = await import('../dlq.ts');
      finish(await dlqRedrive({ group, ...options }, io));
    });
}

const example = (line: string): string => `\nExample:\n  ${line}`;
