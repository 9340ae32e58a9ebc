import { expect, it } from '@jest/globals';

import { serverProperties } from '../../../../runtime/embedded/kafka/properties.ts';

const place = {
  host: '127.0.0.1',
  port: 9092,
  controllerPort: 9093,
  dataFolder: '/data',
  extraListeners: [],
};

const settingsOf = (properties: string): Map<string, string> =>
  new Map(properties.split('\n').map((line) => line.split('=', 2) as [string, string]));

it('a node alone votes for itself and keeps one copy', () => {
  const settings = settingsOf(serverProperties(place));
  expect(settings.get('controller.quorum.voters')).toBe('1@127.0.0.1:9093');
  expect(settings.get('offsets.topic.replication.factor')).toBe('1');
  expect(settings.get('min.insync.replicas')).toBe('1');
});

it('a node of three knows the voters, and what is acknowledged lies on two of them', () => {
  const member = { nodeId: 2, controllerPorts: [9001, 9002, 9003] };
  const settings = settingsOf(serverProperties({ ...place, controllerPort: 9002, member }));
  expect(settings.get('node.id')).toBe('2');
  expect(settings.get('controller.quorum.voters')).toBe('1@127.0.0.1:9001,2@127.0.0.1:9002,3@127.0.0.1:9003');
  expect(settings.get('offsets.topic.replication.factor')).toBe('3');
  expect(settings.get('min.insync.replicas')).toBe('2');
});
