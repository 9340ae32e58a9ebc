import avsc, { type Type } from 'avsc';

/** Where avsc reads; a position beyond the buffer makes the value invalid. */
interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
  skipString(): void;
}

interface Reader {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

/**
 * Calls `item` for each item of an Avro array or map. avsc believes a block's count and its size in bytes: a damaged
 * count would loop for ever, a damaged size would jump out of step with readers that ignore it.
 */
function eachItem(tap: Tap, item: () => void): void {
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) tap.skipLong();
    for (let left = Math.abs(count); left > 0; left -= 1) {
      const start = tap.pos;
      item();
      if (!(tap.pos > start && tap.pos < tap.buf.length))
        throw new RangeError('a block of items runs past the end');
    }
  }
}

class BoundedArray extends avsc.types.ArrayType {
  declare readonly itemsType: Type & Reader;

  _read(tap: Tap): unknown[] {
    const items = this.itemsType;
    const values: unknown[] = [];
    eachItem(tap, () => values.push(items._read(tap)));
    return values;
  }

  _skip(tap: Tap): void {
    const items = this.itemsType;
    eachItem(tap, () => {
      items._skip(tap);
    });
  }
}

class BoundedMap extends avsc.types.MapType {
  declare readonly valuesType: Type & Reader;

  _read(tap: Tap): Record<string, unknown> {
    const values = this.valuesType;
    const map = Object.create(null) as Record<string, unknown>;
    eachItem(tap, () => {
      const key = tap.readString();
      map[key] = values._read(tap);
    });
    return map;
  }

  _skip(tap: Tap): void {
    const values = this.valuesType;
    eachItem(tap, () => {
      tap.skipString();
      values._skip(tap);
    });
  }
}

type TypeHook = NonNullable<Parameters<typeof Type.forSchema>[1]>['typeHook'];

const bounded: NonNullable<TypeHook> = (schema, options) => {
  const { type } = schema as { readonly type?: unknown };
  if (type === 'array') return new BoundedArray(schema, options);
  return type === 'map' ? new BoundedMap(schema, options) : undefined;
};

/**
 * The avsc type of an Avro schema. Reading from it ends in time proportional to the value's length, whatever the bytes.
 * @throws if `text` is no Avro schema.
 */
export function avroType(text: string): Type {
  return avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { typeHook: bounded, omitRecordMethods: true });
}
