import { decompress as zstdDecompress, compress as zstdCompress, init as zstdInit } from '@bokuweb/zstd-wasm';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import { compressFrame, decompressFrame } from 'lz4-napi';

const { CompressionCodecs, CompressionTypes } = kafkajs;

interface Encoder {
  readonly buffer: Buffer;
}

interface Codec {
  compress(encoder: Encoder): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const lz4: Codec = {
  compress: (encoder) => compressFrame(encoder.buffer),
  decompress: (buffer) => decompressFrame(buffer),
};

let zstdReady: Promise<void> | undefined;

const zstd: Codec = {
  async compress(encoder) {
    await (zstdReady ??= zstdInit());
    return Buffer.from(zstdCompress(encoder.buffer, 3));
  },
  async decompress(buffer) {
    await (zstdReady ??= zstdInit());
    return Buffer.from(zstdDecompress(buffer));
  },
};

/** Makes kafkajs read and write Snappy, LZ4 and Zstandard; without it a producer's choice of codec stops every consumer. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;
}
