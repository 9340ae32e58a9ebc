import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { serverProperties } from '../../runtime/embedded/kafka/properties.ts';
import { kafkaSettings } from '../../runtime/kafka/settings.ts';
import type { Settings } from '../../runtime/process/settings.ts';

const TEXT = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');

const SERVICE = z.object({
  image: z.string(),
  ports: z.array(z.string()),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
  configs: z.array(z.object({ source: z.string(), target: z.string() })).optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()), retries: z.number() }),
});
const FILE = z.object({
  services: z.record(z.string(), SERVICE),
  configs: z.record(z.string(), z.object({ content: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const { services, configs, volumes } = FILE.parse(parse(TEXT));
const service = (name: string) => SERVICE.parse(services[name]);
const SETTINGS: Settings = { ...kafkaSettings, ...clickhouseSettings };

/** The port that this machine sees. */
const published = (name: string) => service(name).ports.map((port) => port.split(':').slice(0, 2).join(':'));

describe('docker-compose.yml', () => {
  it('listens where the settings point, on loopback only', () => {
    expect(published('kafka')).toEqual([kafkaSettings.KAFKA_BROKERS.default]);
    expect(published('clickhouse').map((place) => `http://${place}`)).toEqual([
      clickhouseSettings.CLICKHOUSE_URL.default,
    ]);
    expect(published('schema-registry')).toEqual(['127.0.0.1:8085']);
    expect(TEXT).toContain('SCHEMA_REGISTRY_URL=http://127.0.0.1:8085');
  });

  it('publishes the ports that the servers listen on', () => {
    const inner = (name: string) => service(name).ports.map((port) => port.split(':')[2]);
    expect(service('kafka').environment['KAFKA_LISTENERS']).toContain(`HOST://:${inner('kafka').join()}`);
    expect(service('kafka').environment['KAFKA_ADVERTISED_LISTENERS']).toContain(
      `HOST://${published('kafka').join()}`,
    );
    expect(service('schema-registry').environment['SCHEMA_REGISTRY_LISTENERS']).toBe(
      `http://0.0.0.0:${inner('schema-registry').join()}`,
    );
    expect(inner('clickhouse')).toEqual(['8123']);
  });

  it.each(Object.keys(services))('pins the version of %s, checks its health', (name) => {
    const { image, healthcheck } = service(name);
    expect(image).toMatch(/^[a-z-]+\/[a-z-]+:\d+\.\d+\.\d+(\.\d+)?$/);
    expect(healthcheck.test[0]).toBe('CMD');
    expect(healthcheck.retries).toBeGreaterThan(0);
  });

  it('runs the Kafka that the pom names, and the branch of ClickHouse that chdb is', () => {
    const pom = readFileSync(new URL('../../pom.xml', import.meta.url), 'utf8');
    const kafka = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>(.*?)</.exec(pom)?.[1];
    expect(service('kafka').image).toBe(`apache/kafka:${kafka ?? ''}`);
    const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
    const chdb = /"@chdb\/lib-linux-x64-gnu": "(\d+\.\d+)\./.exec(lock)?.[1];
    expect(service('clickhouse').image).toContain(`:${chdb ?? ''}.`);
  });

  it('keeps data in named volumes', () => {
    for (const name of ['kafka', 'clickhouse']) {
      const [volume = ''] = service(name).volumes?.map((one) => one.split(':')[0]) ?? [];
      expect(Object.keys(volumes)).toContain(volume);
    }
    expect(service('kafka').volumes).toEqual([
      `kafka-data:${String(service('kafka').environment['KAFKA_LOG_DIRS'])}`,
    ]);
  });

  it('takes each variable of the environment that the code reads, with the same default', () => {
    const used = [...TEXT.matchAll(/\$\{(\w+)(?::-([^}]*))?\}/g)].map(([, name = '', fallback]) => [
      name,
      fallback,
    ]);
    expect(new Set(used.map(([name]) => name))).toEqual(
      new Set([
        'CLICKHOUSE_USER',
        'CLICKHOUSE_PASSWORD',
        'CLICKHOUSE_ANALYST_USER',
        'CLICKHOUSE_ANALYST_PASSWORD',
      ]),
    );
    for (const [name = '', fallback] of used)
      expect([name, fallback]).toEqual([name, SETTINGS[name]?.default]);
  });

  it('gives Kafka what the embedded node has', () => {
    const embedded = new Map(
      serverProperties({ host: 'h', port: 1, controllerPort: 2, dataFolder: '/d', extraListeners: [] })
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const differs = /listener|log\.dirs|quorum/;
    for (const [name, value] of Object.entries(service('kafka').environment)) {
      const property = name
        .replace(/^KAFKA_/, '')
        .toLowerCase()
        .replaceAll('_', '.');
      if (!differs.test(property))
        expect([property, String(value)]).toEqual([property, embedded.get(property)]);
    }
  });

  it('gives the analyst the same name and rights as the embedded engine does', () => {
    const { configs: mounted, environment } = service('clickhouse');
    expect(mounted?.map(({ source }) => source)).toEqual(Object.keys(configs));
    const analyst = configs['clickhouse-analyst']?.content ?? '';
    expect(analyst).toContain(`<\${CLICKHOUSE_ANALYST_USER:-analyst}>`);
    expect(analyst).toContain('<password from_env="CLICKHOUSE_ANALYST_PASSWORD"/>');
    expect(Object.keys(environment)).toContain('CLICKHOUSE_ANALYST_PASSWORD');
    expect(analyst).toContain('GRANT SELECT ON kaquan.*');
    expect(analyst).toContain('<readonly>2</readonly>');
  });
});
