import type { IncomingMessage } from 'node:http';

import { collected, formFields } from './body.ts';

/** The statement of the URL and the body, as one text, and the parameters of the URL and of a form. */
export async function statementOf(
  message: IncomingMessage,
  query: Buffer,
  parameters: URLSearchParams,
): Promise<{ text: Buffer; parameters: URLSearchParams }> {
  const body = await collected(message);
  const type = message.headers['content-type'] ?? '';
  if (/^multipart\/form-data/i.test(type)) {
    for (const [name, value] of await formFields(body, type)) parameters.append(name, value);
    return { text: Buffer.from(parameters.get('query') ?? ''), parameters };
  }
  if (query.length === 0 || body.length === 0) return { text: query.length === 0 ? body : query, parameters };
  return { text: Buffer.concat([query, Buffer.from('\n'), body]), parameters };
}
