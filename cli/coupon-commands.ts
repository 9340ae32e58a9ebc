import type { Command } from 'commander';

import { time } from './arguments.ts';
import type { ExplainOptions } from './explain.ts';
import { goodsLine } from './explain/goods.ts';
import type { Io } from './io.ts';

type Finish = (exitCode: number) => void;

const JSON_OPTION = ['--json', 'print one JSON document and nothing else'] as const;

/** Adds the commands about what buyers hold and what apps offer. */
export function addCoupons(program: Command, io: Io, finish: Finish): void {
  addCatalogue(program, io, finish);
  addBuyers(program, io, finish);
  program
    .command('explain')
    .summary('why a coupon may or may not be used')
    .description(
      'Says of every offer that a buyer has whether an order may use it, and why not, also of coupons that he\n' +
        'has no more. It answers with what is stored now, as the marketing service does.',
    )
    .requiredOption('--app <id>', 'the app that asks')
    .requiredOption('--open-id <id>', "the app's name of the buyer")
    .option('--union-id <id>', "the platform's name of the buyer over several apps")
    .requiredOption(
      '--goods <id:quantity:price>',
      'a goods of the order, its price in fen; repeat it',
      goodsLine,
    )
    .option('--at <time>', 'the moment that is asked about; now unless told', time)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      example(
        'kaquan explain --app tt1 --open-id o1 --goods 7112741589566392364:2:3500 --goods 7112741589566392365:1:3000',
      ),
    )
    .action(async (options: ExplainOptions) => {
      const { explain } = await import('./explain.ts');
      finish(await explain(options, io));
    });
}

function addCatalogue(program: Command, io: Io, finish: Finish): void {
  const catalogue = program
    .command('catalogue')
    .summary('coupon batches, activities, memberships, scores')
    .description('What apps offer at the check-out.')
    .addHelpText('after', example('kaquan catalogue apply coffee-shop.yaml'));
  catalogue
    .command('apply')
    .summary('make a file the catalogue, all of it or nothing')
    .description(
      'Checks a catalogue, YAML or JSON, and makes it the one that counts, for all apps; a running service takes it\n' +
        'up within 5 s. A file that breaks a rule changes nothing: each rule is named with its place.',
    )
    .argument('<file>', 'the catalogue; files that it names lie beside it')
    .option('--dry-run', 'only show what would change')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan catalogue apply coffee-shop.yaml --dry-run'))
    .action(async (path: string, options: { dryRun?: true; json?: true }) => {
      const { catalogueApply } = await import('./catalogue/apply.ts');
      finish(await catalogueApply({ path, ...options }, io));
    });
  catalogue
    .command('show')
    .summary('the catalogue that counts')
    .description(
      'Prints the catalogue that was applied last, with numbers in the place of members and balances.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan catalogue show'))
    .action(async (options: { json?: true }) => {
      const { catalogueShow } = await import('./catalogue/show.ts');
      finish(await catalogueShow(options, io));
    });
}

function addBuyers(program: Command, io: Io, finish: Finish): void {
  program
    .command('redeem')
    .summary('coupons that are used up, and no longer held')
    .description(
      'Records that coupons are used up, or with --take-back that they are not after all. Safe to repeat.',
    )
    .argument('<coupon_id...>', 'the coupons')
    .option('--take-back', 'they are not used up after all')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan redeem c-1 c-2'))
    .action(async (couponIds: string[], options: { takeBack?: true; json?: true }) => {
      const { redeem } = await import('./redeem.ts');
      finish(await redeem({ couponIds, ...options }, io));
    });
  const identities = program
    .command('identities')
    .summary('which buyers of two apps are the same person')
    .description('Who the buyers of apps are to the merchant.')
    .addHelpText('after', example('kaquan identities apply identities.ndjson'));
  identities
    .command('apply')
    .summary('add identities from a file')
    .description(
      'Stores identities, one JSON object a line: {"app_id": …, "open_id": …, "user_id": …}. A buyer then holds also\n' +
        'what other apps reported with this user_id. Of one buyer the last line counts; null takes it back.',
    )
    .argument('<file>', 'the file')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan identities apply identities.ndjson'))
    .action(async (path: string, options: { json?: true }) => {
      const { identitiesApply } = await import('./identities.ts');
      finish(await identitiesApply({ path, ...options }, io));
    });
}

const example = (line: string): string => `\nExample:\n  ${line}`;
