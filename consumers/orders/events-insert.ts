import { z } from 'zod';

/**
 * How events reach their table without being rebuilt: an Avro record is the concatenation of its fields, so the encoded
 * place before a value's body is a valid record of a longer schema, and ClickHouse reads a block of those.
 */
export interface EventsInsert {
  /** The schema of place and body together, as JSON. */
  readonly schema: string;
  /** `INSERT INTO … SELECT … FROM input(…) FORMAT Avro` */
  readonly sql: string;
}

interface Field {
  readonly name: string;
  readonly type: AvroType;
}

type AvroType = string | readonly AvroType[] | AvroObject;

interface AvroObject {
  readonly type: AvroType;
  readonly name?: string | undefined;
  readonly logicalType?: string | undefined;
  readonly size?: number | undefined;
  readonly items?: AvroType | undefined;
  readonly values?: AvroType | undefined;
  readonly fields?: readonly Field[] | undefined;
}

const avroType: z.ZodType<AvroType> = z.lazy(() => z.union([z.string(), z.array(avroType), avroObject]));
const avroObject: z.ZodType<AvroObject> = z.looseObject({
  type: avroType,
  name: z.string().optional(),
  logicalType: z.string().optional(),
  size: z.number().optional(),
  items: avroType.optional(),
  values: avroType.optional(),
  fields: z.lazy(() => z.array(z.looseObject({ name: z.string(), type: avroType }))).optional(),
});
const recordSchema = z.looseObject({
  fields: z.array(z.looseObject({ name: z.string(), type: avroType })),
});

interface PrefixField extends Field {
  readonly column: string;
}

const PLACE: readonly PrefixField[] = [
  { name: 'place_generation', type: 'int', column: 'generation' },
  { name: 'place_partition', type: 'int', column: 'partition' },
  { name: 'place_offset', type: 'long', column: 'offset' },
  {
    name: 'place_time',
    type: { type: 'long', logicalType: 'timestamp-millis' },
    column: 'record_time',
  },
];

/** Column of the events table ← path in the record. A path through an array gives an array. */
const COLUMNS: Readonly<Record<string, string>> = {
  event_id: 'event_id',
  app_id: 'wx_user.app_id',
  time: 'time',
  order_id: 'coupon.order_id',
  order_time: 'coupon.order_time',
  order_status: 'coupon.order_status',
  coupon_batch_id: 'coupon.coupon_batch_id',
  pay_amt_fen: 'coupon.pay_amt',
  coupon_ids: 'coupon_info.coupon_id',
  page: 'page',
  page_title: 'page_title',
  sr_sdk_version: 'sr_sdk_version',
  open_id: 'wx_user.open_id',
  user_id: 'wx_user.user_id',
  union_id: 'wx_user.union_id',
  local_id: 'wx_user.local_id',
  tag_ids: 'wx_user.tag.tag_id',
  tag_names: 'wx_user.tag.tag_name',
  wx_user_extra: 'wx_user.extra',
  chan_wxapp_scene: 'chan.chan_wxapp_scene',
  chan_id: 'chan.chan_id',
  chan_refer_app_id: 'chan.chan_refer_app_id',
  chan_shop_id: 'chan.chan_shop_id',
  chan_shop_name: 'chan.chan_shop_name',
  chan_custom_id: 'chan.chan_custom.chan_custom_id',
  chan_custom_id_desc: 'chan.chan_custom.chan_custom_id_desc',
  chan_custom_cat_3: 'chan.chan_custom.chan_custom_cat_3',
  chan_custom_cat_3_desc: 'chan.chan_custom.chan_custom_cat_3_desc',
  chan_custom_cat_2: 'chan.chan_custom.chan_custom_cat_2',
  chan_custom_cat_2_desc: 'chan.chan_custom.chan_custom_cat_2_desc',
  chan_custom_cat_1: 'chan.chan_custom.chan_custom_cat_1',
  chan_custom_cat_1_desc: 'chan.chan_custom.chan_custom_cat_1_desc',
  chan_extra: 'chan.extra',
  component_id: 'component.component_id',
  component_name: 'component.component_name',
  from: 'from',
  tracking_id: 'tracking_id',
  unknown: 'unknown',
};

/**
 * The insert for events written with `writerSchema` (the JSON text of any version of the event's schema). Fields that this
 * version lacks keep their column's default; fields that the table lacks are read over.
 * @param table one with the columns of events
 * @param prefix what lies before each body
 */
export function eventsInsert(writerSchema: string, table = 'events', prefix = PLACE): EventsInsert {
  const parsed: unknown = JSON.parse(writerSchema);
  const record = recordSchema.parse(parsed);
  const fields: readonly Field[] = [...prefix, ...record.fields];
  const structure = fields.map(({ name, type }) => `\`${name}\` ${columnType(type)}`).join(', ');
  const present = Object.entries(COLUMNS).filter(([, path]) => hasPath(fields, path.split('.')));
  const columns = [...prefix.map(({ column }) => column), ...present.map(([column]) => column)];
  const values = [...prefix.map(({ name }) => name), ...present.map(([, path]) => expression(path))];
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  return {
    schema: JSON.stringify({
      ...record,
      fields: [...prefix.map(({ name, type }) => ({ name, type })), ...record.fields],
    }),
    sql:
      `INSERT INTO kaquan_store.${table} (${quoted(columns)}) ` +
      `SELECT ${values.join(', ')} FROM input('${structure.replaceAll("'", "''")}') FORMAT Avro`,
  };
}

function expression(path: string): string {
  return path
    .split('.')
    .map((name) => `\`${name}\``)
    .join('.');
}

function hasPath(fields: readonly Field[], [name, ...rest]: readonly string[]): boolean {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) return false;
  return rest.length === 0 || hasPath(fieldsOf(field.type), rest);
}

function fieldsOf(type: AvroType): readonly Field[] {
  if (typeof type === 'string') return [];
  if (isUnion(type)) return type.flatMap(fieldsOf);
  if (type.items !== undefined) return fieldsOf(type.items);
  return type.fields ?? (typeof type.type === 'string' ? [] : fieldsOf(type.type));
}

const isUnion = (type: AvroType): type is readonly AvroType[] => Array.isArray(type);

const PRIMITIVE: Readonly<Record<string, string>> = {
  boolean: 'Bool',
  int: 'Int32',
  long: 'Int64',
  float: 'Float32',
  double: 'Float64',
  bytes: 'String',
  string: 'String',
  enum: 'String',
};

/** The ClickHouse type that reads an Avro type; a null becomes the type's default. */
function columnType(type: AvroType): string {
  if (typeof type === 'string') return PRIMITIVE[type] ?? 'String';
  if (isUnion(type)) {
    const other = type.find((branch) => branch !== 'null');
    return other === undefined ? 'String' : columnType(other);
  }
  switch (type.type) {
    case 'record':
      return `Tuple(${(type.fields ?? []).map(({ name, type: of }) => `\`${name}\` ${columnType(of)}`).join(', ')})`;
    case 'array':
      return `Array(${columnType(type.items ?? 'string')})`;
    case 'map':
      return `Map(String, ${columnType(type.values ?? 'string')})`;
    case 'fixed':
      return `FixedString(${type.size ?? 0})`;
    case 'long':
      return type.logicalType === 'timestamp-millis' ? "DateTime64(3, 'UTC')" : 'Int64';
    default:
      return columnType(type.type);
  }
}
