/** Formats whose pieces can leave as they are made. The others end with what is known only at the end. */
const STREAMED =
  /^(TabSeparated|TSV|CSV|CustomSeparated|JSONEachRow|JSONLines|NDJSON|JSONCompactEachRow|JSONStringsEachRow|JSONCompactStringsEachRow|RowBinary|Native|LineAsString|RawBLOB|TSKV|Values|MsgPack)/;

export const isStreamed = (format: string): boolean => STREAMED.test(format) && !format.includes('Progress');

const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [
    /^(JSONEachRow|JSONCompactEachRow|JSONStringsEachRow|JSONLines|NDJSON)/,
    'application/x-ndjson; charset=UTF-8',
  ],
  [/^JSON/, 'application/json; charset=UTF-8'],
  [/^CSV/, 'text/csv; charset=UTF-8; header=absent'],
  [/^(TabSeparated|TSV)/, 'text/tab-separated-values; charset=UTF-8'],
  [/^(RowBinary|Native|Avro|Parquet|ORC|Arrow|MsgPack|RawBLOB|Protobuf)/, 'application/octet-stream'],
];

export const contentTypeOf = (format: string): string =>
  CONTENT_TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
