import { Option, type Command } from 'commander';

import { number, share, time } from './arguments.ts';
import type { AuditCommand } from './audit.ts';
import { addCoupons } from './coupon-commands.ts';
import { addDeadLetters } from './dlq/commands.ts';
import type { ChaosOptions } from './chaos.ts';
import type { SimulateOptions } from './produce.ts';
import type { Io } from './io.ts';
import type { RebuildCommand } from './rebuild.ts';

type Finish = (exitCode: number) => void;

/** Adds every command; what a command needs is loaded when it runs, so that `--help` is there at once. */
export function addCommands(program: Command, io: Io, finish: Finish): void {
  addMachine(program, io, finish);
  addProduce(program, io, finish);
  addConsume(program, io, finish);
  addServe(program, io, finish);
  addCoupons(program, io, finish);
  addDeadLetters(program, io, finish);
  addQuestions(program, io, finish);
}

const DATA = ['--data <dir>', 'the folder that Kafka and ClickHouse keep their data in', '.data'] as const;
const CAUGHT_UP = ['--until-caught-up', 'stop at the ends that the log had when this started'] as const;
const ACCEPT_GAP = [
  '--accept-gap',
  'go on without records that retention removed, and record them as skipped',
] as const;
const JSON_OPTION = ['--json', 'print one JSON document and nothing else'] as const;

function addMachine(program: Command, io: Io, finish: Finish): void {
  program
    .command('up')
    .summary('the whole of it on this machine, with a simulated merchant')
    .description(
      'Starts Kafka, ClickHouse, a consumer and a simulated merchant on this machine, and shows what they do.\n' +
        'The first start publishes a history of two weeks, about 100,000 events. Ctrl-C stops all of it.',
    )
    .option(...DATA)
    .option(
      '--rate <n>',
      'events per second of the simulated merchant; 0 is silence',
      number(0, 100_000),
      200,
    )
    .option(
      '--backlog <n>',
      'orders of the history that the first start publishes',
      number(0, 10_000_000),
      31_000,
    )
    .addHelpText('after', example('kaquan up --rate 1000'))
    .action(async (options: { data: string; rate: number; backlog: number }) => {
      const { up } = await import('./up.ts');
      finish(await up(options, io));
    });
  program
    .command('stack')
    .summary('Kafka, ClickHouse and the schemas, in the foreground')
    .description(
      'Runs Kafka, ClickHouse and the schema REST API where KAFKA_BROKERS and CLICKHOUSE_URL point,\n' +
        'and prints a line that starts with "ready" when all of it serves. Ctrl-C stops it.',
    )
    .option(...DATA)
    .addHelpText('after', example('kaquan stack --data /var/lib/kaquan'))
    .action(async (options: { data: string }) => {
      const { stack } = await import('./stack.ts');
      finish(await stack(options, io.env));
    });
  program
    .command('migrate')
    .summary('topics and tables; safe to repeat')
    .description('Creates the topics, the tables and the views, or brings them up to date. Safe to repeat.')
    .option(...JSON_OPTION)
    .addHelpText('after', example('KAFKA_PARTITIONS=12 kaquan migrate'))
    .action(async (options: { json?: true }) => {
      const { migrate } = await import('./migrate.ts');
      finish(await migrate(options, io));
    });
}

function addProduce(program: Command, io: Io, finish: Finish): void {
  const produce = program
    .command('produce')
    .summary('publish events, from a file or simulated')
    .description('Publishes events onto the topic.')
    .addHelpText('after', example('kaquan produce file orders.ndjson'));
  produce
    .command('file')
    .summary('reports from a file, one JSON object a line')
    .description(
      'Publishes reports, one JSON object a line ("-" reads standard input): the body {"type":"coupon_order","props":{…}}\n' +
        'or its props alone. Lines that break a rule are refused, counted, and written to --rejects; the others are published.',
    )
    .argument('<path>', 'the file, or - for standard input')
    .option('--rejects <file>', 'write refused lines here: {line, input, violations}, one a line')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan produce file orders.ndjson --rejects refused.ndjson'))
    .action(async (path: string, options: { rejects?: string; json?: true }) => {
      const { produceFile } = await import('./produce.ts');
      finish(await produceFile({ path, ...options }, io));
    });
  produce
    .command('simulate')
    .summary('a made-up merchant, the same for the same seed')
    .description(
      'Publishes the orders of a made-up merchant. The same seed, number of orders and end give the same events.\n' +
        'With --rate it goes on in real time until it is stopped.',
    )
    .option('--orders <n>', 'how many orders', number(0, 1_000_000_000), 1000)
    .option('--seed <text>', 'which merchant', '1')
    .option('--days <n>', 'over how many days the orders are placed', number(1, 3650), 14)
    .option('--until <time>', 'when its events end, as 2026-01-31T12:00:00Z; now unless told', time)
    .option('--rate <n>', 'go on afterwards with so many events per second', number(1, 100_000))
    .option('--for <seconds>', 'how long it goes on; until it is stopped unless told', number(1, 31_536_000))
    .option('--duplicates <share>', 'events that are sent twice', share, 0.05)
    .option('--late <share>', 'events that come out of order, some very late', share, 0.1)
    .option('--invalid <share>', 'reports that break a rule', share, 0.001)
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan produce simulate --orders 10000 --seed 7'))
    .action(async (options: SimulateOptions) => {
      const { produceSimulate } = await import('./produce.ts');
      finish(await produceSimulate(options, io));
    });
}

function addConsume(program: Command, io: Io, finish: Finish): void {
  const consume = program
    .command('consume')
    .summary('run one consumer of a group')
    .description('Runs one consumer of a group; start several to share the partitions among them.')
    .addHelpText('after', example('kaquan consume orders'));
  consume
    .command('orders')
    .summary('events, milestones and states into ClickHouse')
    .description(
      'Stores events, milestones and states in ClickHouse, exactly, whatever comes twice or late.\n' +
        'SIGTERM or Ctrl-C stores what is in hand, commits, and leaves the group.',
    )
    .option(...CAUGHT_UP)
    .option(...ACCEPT_GAP)
    .addHelpText('after', example('kaquan consume orders --until-caught-up'))
    .action(async (options: { untilCaughtUp?: true; acceptGap?: true }) => {
      const { consumeOrders } = await import('./consume.ts');
      const { untilCaughtUp = false, acceptGap = false } = options;
      finish(await consumeOrders({ untilCaughtUp, acceptGap }, io.env));
    });
  consume
    .command('report')
    .summary('every event to the report API')
    .description(
      'Forwards every event to the report API at REPORT_URL as the apps of REPORT_CREDENTIALS, each order in its order.\n' +
        'SIGTERM or Ctrl-C waits for what is on its way, writes it down, and leaves the group.',
    )
    .option(...CAUGHT_UP)
    .option(...ACCEPT_GAP)
    .addHelpText(
      'after',
      example('REPORT_URL=https://zhls.qq.com REPORT_CREDENTIALS=apps.json kaquan consume report'),
    )
    .action(async (options: { untilCaughtUp?: true; acceptGap?: true }) => {
      const { consumeReport } = await import('./consume.ts');
      const { untilCaughtUp = false, acceptGap = false } = options;
      finish(await consumeReport({ untilCaughtUp, acceptGap }, io.env));
    });
}

function addServe(program: Command, io: Io, finish: Finish): void {
  const serve = program
    .command('serve')
    .summary('run an HTTP service')
    .description('Runs an HTTP service until SIGTERM or Ctrl-C, which lets requests in flight finish.')
    .addHelpText('after', example('kaquan serve collector'));
  serve
    .command('collector')
    .summary("takes events over the protocol of 有数's report API")
    .description(
      "Takes events where COLLECTOR_LISTEN says, over the protocol of 有数's report API, and publishes them.\n" +
        'It answers code 0 once Kafka has acknowledged. GET /openapi.json describes it.',
    )
    .addHelpText('after', example('COLLECTOR_LISTEN=0.0.0.0:8080 kaquan serve collector'))
    .action(async () => {
      const { serveCollector } = await import('./serve/collector.ts');
      finish(await serveCollector(io));
    });
  serve
    .command('marketing')
    .summary("tells the order page which of a buyer's coupons an order may use")
    .description(
      "Answers Douyin's query_marketing_info where MARKETING_LISTEN and MARKETING_PATH say, out of the orders that are paid\n" +
        'and the catalogue. Requests must be signed (MARKETING_SIGNATURE).',
    )
    .addHelpText('after', example('MARKETING_PUBLIC_KEY_FILE=platform-public-key.pem kaquan serve marketing'))
    .action(async () => {
      const { serveMarketing } = await import('./serve/marketing.ts');
      finish(await serveMarketing(io));
    });
  serve
    .command('report-receiver')
    .summary('a report API of your own, strict, that can be told to fail')
    .description(
      'Takes reports as the report API does, strictly, and writes each request to RECEIVER_LOG. It can be told to fail:\n' +
        'PUT /faults with {"seed", "delay_ms", "requests": [{"share", "fault": "status|hang|reset", …}], "events": [{"share", "code"}]}.',
    )
    .addHelpText('after', example('RECEIVER_LISTEN=127.0.0.1:8090 kaquan serve report-receiver'))
    .action(async () => {
      const { serveReportReceiver } = await import('./serve/report-receiver.ts');
      finish(await serveReportReceiver(io));
    });
}

function addQuestions(program: Command, io: Io, finish: Finish): void {
  program
    .command('status')
    .summary('is everything well, and if not, what to do')
    .description(
      'Says for each group how far it is behind, what it could not process, and how fresh the figures are,\n' +
        'with one sentence each on what to do. Exit code 1 when a part is away.',
    )
    .option('--partitions', 'show each partition too')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan status --json'))
    .action(async (options: { partitions?: true; json?: true }) => {
      const { status } = await import('./status.ts');
      finish(await status(options, io));
    });
  program
    .command('doctor')
    .summary('settings, Kafka, ClickHouse and tables: each finding with its mend')
    .description(
      'Checks the settings, the brokers, the topics and their settings, the groups, ClickHouse, its parts, merges and disk, the\n' +
        'clocks, the registry and the tables, and says of each what is wrong and how to mend it. Exit code 1 if anything is.\n' +
        'What can be reached is checked although another part is away. It changes nothing.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan doctor'))
    .action(async (options: { json?: true }) => {
      const { doctor } = await import('./doctor.ts');
      finish(await doctor(options, io));
    });
  program
    .command('audit')
    .summary('a proof from the data that nothing is lost and every figure is right')
    .description(
      'Proves from the data that every record below the commits is stored, a dead letter or a counted skip, and that states\n' +
        'and milestones are what the stored events make them, while events come in. Differences are printed with order, row\n' +
        'and place; then the exit code is 1.',
    )
    .option(
      '--every <seconds>',
      'go on, and print a line each time; AUDIT_LISTEN serves metrics',
      number(1, 86_400),
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan audit --every 60'))
    .action(async (options: AuditCommand) => {
      const { auditCommand } = await import('./audit.ts');
      finish(await auditCommand(options, io));
    });
  program
    .command('rebuild')
    .summary('every figure made once more from the events, compared, and put in place')
    .description('Makes tables once more from what they were made of.')
    .command('orders')
    .summary('states and milestones')
    .description(
      'Folds all events once more, in the order of the log, into tables beside the live ones, prints the rows that differ\n' +
        '(none should), and puts the new tables in the place of the old ones, which serve until then. The group must have no\n' +
        'consumers then: stop them, or let --pause hold them for that moment. Interrupted, it is simply run again.\n' +
        'Exit code 1: --dry-run found differences.',
    )
    .addOption(
      new Option(
        '--from <source>',
        'what events are taken from: the stored ones, or the log, which stores them again too',
      )
        .choices(['events', 'topic'])
        .default('events'),
    )
    .option('--pause', 'let running consumers commit, leave, wait, and come back by themselves')
    .option('--dry-run', 'only compare, also beside running consumers')
    .option('--accept-loss', 'go on without orders of which there is no event any more')
    .option(...JSON_OPTION)
    .addHelpText('after', example('kaquan rebuild orders --pause'))
    .action(async (options: RebuildCommand) => {
      const { rebuildOrders } = await import('./rebuild.ts');
      finish(await rebuildOrders(options, io));
    });
  program
    .command('chaos')
    .summary('kills, freezes and cuts off a stack of its own, and proves that no figure suffers')
    .description(
      'Starts all of kaquan in a temporary folder, draws faults from the seed for some minutes, and prints each as it happens;\n' +
        'then lets all catch up, audits, and compares every event by its id. Exit code 1 if anything is lost or counted twice.',
    )
    .option('--seed <text>', 'which faults, and which merchant', '1')
    .option('--minutes <n>', 'for how long', number(1, 100_000), 5)
    .option('--rate <n>', 'events per second of the made-up merchant', number(1, 100_000), 100)
    .addHelpText('after', example('kaquan chaos --seed 7 --minutes 10'))
    .action(async (options: ChaosOptions) => {
      const { chaos } = await import('./chaos.ts');
      finish(await chaos(options, io));
    });
  program
    .command('sql')
    .summary('a query as the analyst')
    .description(
      'Runs a query in the database kaquan as the analyst, who can only read, and prints its rows.',
    )
    .argument('<query>', 'the query')
    .option('--format <name>', "ClickHouse's name of the output format; else PrettyCompact or TSVWithNames")
    .addHelpText('after', example('kaquan sql "SELECT * FROM rates_day ORDER BY day DESC LIMIT 10"'))
    .action(async (query: string, options: { format?: string }) => {
      const { sql } = await import('./sql.ts');
      finish(await sql({ query, ...options }, io));
    });
  program
    .command('config')
    .summary('every setting, with its default and its value')
    .description(
      'Lists every setting with its default and its value in this environment; passwords are hidden.',
    )
    .option(...JSON_OPTION)
    .addHelpText('after', example('KAFKA_BROKERS=broker-1:9092,broker-2:9092 kaquan config'))
    .action(async (options: { json?: true }) => {
      const { config } = await import('./config.ts');
      finish(config(options, io));
    });
}

const example = (line: string): string => `\nExample:\n  ${line}`;
