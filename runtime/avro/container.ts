const MAGIC = Buffer.from('Obj\u0001', 'latin1');
// Any 16 bytes do: a reader only compares them with the header's.
const SYNC = Buffer.from('kaquan-container', 'latin1');

/** An Avro number (int or long) in zigzag form. */
export function varintLength(value: number): number {
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  let length = 1;
  while (rest > 127) {
    rest = Math.floor(rest / 128);
    length += 1;
  }
  return length;
}

/** @returns the position after the number */
export function writeVarint(bytes: Buffer, position: number, value: number): number {
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  let at = position;
  // Beyond 32 bits `>>>` would lose the upper half.
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function avroBytes(text: string | Buffer): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const length = Buffer.allocUnsafe(varintLength(bytes.length));
  writeVarint(length, 0, bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The header of an Avro object container file whose blocks hold records of `schema` (JSON), uncompressed. */
export function containerHeader(schema: string): Buffer {
  const metadata = [avroBytes('avro.schema'), avroBytes(schema), avroBytes('avro.codec'), avroBytes('null')];
  return Buffer.concat([MAGIC, Buffer.from([4]), ...metadata, Buffer.from([0]), SYNC]);
}

/** One block of a container: its parts, in the order in which they are to be written. */
export function containerBlock(records: number, bodies: Buffer): Buffer[] {
  const head = Buffer.allocUnsafe(varintLength(records) + varintLength(bodies.length));
  writeVarint(head, writeVarint(head, 0, records), bodies.length);
  return [head, bodies, SYNC];
}
