import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { kafkaJars } from '../../runtime/embedded/kafka/jars.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

class Partitions {
  public static void main(String[] args) {
    Scanner keys = new Scanner(System.in, StandardCharsets.UTF_8);
    while (keys.hasNextLine()) {
      byte[] key = keys.nextLine().getBytes(StandardCharsets.UTF_8);
      System.out.println(BuiltInPartitioner.partitionForKey(key, Integer.parseInt(args[0])));
    }
  }
}`;

/** The partition that Kafka's Java client gives each of these keys, which hold no line ends. */
export async function javaPartitions(keys: readonly string[], partitions: number): Promise<number[]> {
  const cache = join(ROOT, 'node_modules', '.cache', 'kaquan');
  const pom = join(ROOT, 'pom.xml');
  const jars = await kafkaJars({ pom, cache, env: process.env, onFetch: () => undefined });
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-java-'));
  try {
    const file = join(folder, 'Partitions.java');
    writeFileSync(file, PROGRAM);
    const command = ['-cp', join(jars, '*'), file, String(partitions)];
    const out = execFileSync('java', command, { input: keys.join('\n'), encoding: 'utf8', maxBuffer: 1e8 });
    return out.trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
