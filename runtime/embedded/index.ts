export type { Users } from './clickhouse/access.ts';
export type { RegisteredSchema } from './clickhouse/schema-api.ts';
export { embeddedSettings } from './settings.ts';
export { startStack, type Stack, type StackOptions } from './stack.ts';
