import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name and password of a user of the front. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Who may speak to the front. The writer may do everything; the analyst reads the views of one database. */
export interface Users {
  readonly writer: Credentials;
  readonly analyst: Credentials;
}

export const ANALYST_ROLE = 'kaquan_analyst';
const WRITER_ROLE = 'kaquan_writer';

/** Of the disk; needed to start, too: what has begun to be written finds room. */
export const KEPT_FREE_BYTES = 64 << 20;

/** Seconds: a query without a limit of its own, and the most that one may ask for. */
const DEFAULT_EXECUTION_S = 60;
const MAX_EXECUTION_S = 86_400;

/** Settings that name a file to read or write, or hold an expression that a check of the query's text would miss. */
const FIXED = [
  'additional_result_filter',
  'additional_table_filters',
  'dialect',
  'format_schema',
  'format_schema_source',
  'format_template_resultset',
  'format_template_row',
  'input_format_record_errors_file_path',
  'output_format_schema',
  'rename_files_after_processing',
];

/**
 * Writes the engine's configuration under `folder` and returns the arguments that load it. chdb authenticates every
 * connection as `default` and cannot create users, but it does read users and roles from a file: the engine itself then
 * refuses what the analyst's role may not do.
 * @param readable the only database that the analyst sees
 */
export function engineArguments(folder: string, users: Users, readable: string): string[] {
  mkdirSync(folder, { recursive: true });
  const usersFile = join(folder, 'users.xml');
  const configFile = join(folder, 'config.xml');
  writeFileSync(usersFile, usersXml(users, readable));
  writeFileSync(configFile, configXml(usersFile));
  return [`--config-file=${configFile}`];
}

// A view without SQL SECURITY reads with the rights of who created it, as the analyst has none on the tables.
function configXml(usersFile: string): string {
  return `<clickhouse>
  <users_config>${xml(usersFile)}</users_config>
  <ignore_empty_sql_security_in_create_view_query>false</ignore_empty_sql_security_in_create_view_query>
  <logger><level>none</level></logger>
  <storage_configuration><disks><default><keep_free_space_bytes>${KEPT_FREE_BYTES}</keep_free_space_bytes></default></disks></storage_configuration>
</clickhouse>
`;
}

function usersXml({ writer, analyst }: Users, readable: string): string {
  const all = ['default', writer.user].filter((name) => /^[A-Za-z_]\w*$/.test(name) && name !== analyst.user);
  return `<clickhouse>
  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <default_normal_view_sql_security>DEFINER</default_normal_view_sql_security>
      <max_execution_time>${DEFAULT_EXECUTION_S}</max_execution_time>
      <constraints>
        <max_execution_time><min>1</min><max>${MAX_EXECUTION_S}</max></max_execution_time>
${FIXED.map((name) => `        <${name}><readonly/></${name}>`).join('\n')}
      </constraints>
    </default>
  </profiles>
  <roles>
    <${WRITER_ROLE}><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></${WRITER_ROLE}>
    <${ANALYST_ROLE}><grants><query>GRANT SELECT ON ${readable}.*</query></grants></${ANALYST_ROLE}>
  </roles>
  <users>
${[...new Set(all)].map(userXml).join('\n')}
  </users>
  <quotas><default/></quotas>
</clickhouse>
`;
}

// Without a password, as no network reaches the engine: the front asks for it. Under the writer's own name a view may
// be defined as on a server.
function userXml(name: string): string {
  return `    <${name}>
      <password></password><networks><ip>::1</ip><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants><query>GRANT ${WRITER_ROLE}</query><query>GRANT ${ANALYST_ROLE}</query></grants>
    </${name}>`;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
