/** Imports flow one way: schemas <- domain <- producers, consumers, services <- cli; runtime knows none of them. */
const only = (name, from, to, comment) => ({ name, comment, severity: 'error', from, to });

const LAYERS = 'schemas|domain|producers|consumers|services|cli|bench|test';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('no-circular', {}, { circular: true }, 'A cycle has no first file to read.'),
    only(
      'no-unresolved',
      {},
      { couldNotResolve: true },
      'The file or the package does not exist, or is missing from package.json.',
    ),
    only(
      'no-dev-dependency-in-product',
      { path: '^(schemas|domain|producers|consumers|services|runtime|cli|sql)/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
      'What runs in production is a dependency in package.json.',
    ),
    only(
      'schemas-know-no-one',
      { path: '^schemas/' },
      { path: '^(domain|producers|consumers|services|cli|bench|test)/' },
      'schemas/ says what an event is; it depends on no layer above it.',
    ),
    only(
      'domain-knows-schemas-only',
      { path: '^domain/' },
      { path: '^(producers|consumers|services|runtime|cli|sql|bench|test)/' },
      'domain/ says what an event means; it is pure and sees schemas/ only.',
    ),
    only(
      'domain-does-no-io',
      { path: '^domain/' },
      { dependencyTypes: ['core'] },
      'domain/ does no I/O: it imports no part of Node.',
    ),
    only(
      'edges-know-no-other-edge',
      { path: '^(producers|consumers|services)/' },
      { path: '^(producers|consumers|services|cli|bench|test)/', pathNot: '^$1/' },
      'What two of them need belongs to domain/ (with a coupon word) or to runtime/ (without).',
    ),
    only(
      'runtime-knows-no-layer',
      { path: '^runtime/' },
      { path: `^(${LAYERS}|sql)/` },
      'runtime/ says how records move; it has no coupon words.',
    ),
    only(
      'product-knows-no-test',
      { path: '^(schemas|domain|producers|consumers|services|runtime|cli|sql)/' },
      { path: '^(test|bench)/' },
      'Tests and benchmarks import the product, never the other way.',
    ),
    only(
      'sql-knows-runtime-only',
      { path: '^sql/' },
      { path: '^(producers|consumers|services|cli)/' },
      'Migrations know the store and no process that uses it.',
    ),
    only(
      'kafkajs-in-one-folder',
      { pathNot: '^(runtime/kafka|test|bench)/' },
      { path: 'node_modules/kafkajs' },
      'kafkajs has no maintainer: it can be replaced because only runtime/kafka knows it.',
    ),
    only(
      'clickhouse-client-in-one-folder',
      { pathNot: '^(runtime/clickhouse|test|bench)/' },
      { path: 'node_modules/@clickhouse/' },
      'Only runtime/clickhouse speaks to ClickHouse.',
    ),
    only(
      'chdb-in-one-folder',
      { pathNot: '^(runtime/embedded|test|bench)/' },
      { path: 'node_modules/(chdb|@chdb)/' },
      'Only the embedded stack runs ClickHouse in its own process.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|test/fixtures|[.]data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
