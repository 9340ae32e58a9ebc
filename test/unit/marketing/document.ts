import { readFileSync } from 'node:fs';

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/marketing/${name}`, import.meta.url), 'utf8');

/** The request as the document prints it. */
export interface PrintedRequest {
  /** With its query, without the host. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads the document's `curl` command. */
export function printedRequest(): PrintedRequest {
  const curl = read('request.sh');
  const url = new URL(/POST '([^']+)'/.exec(curl)?.[1] ?? '');
  const headers = [...curl.matchAll(/--header '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]);
  return {
    path: `${url.pathname}${url.search}`,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: /--data-raw '([\s\S]+)'/.exec(curl)?.[1] ?? '',
  };
}

/** The document's inner structure of `msg`. */
export const printedMsg = (): string => read('msg.json');

/** The document's response. */
export const printedResponse = (): unknown => JSON.parse(read('response.json'));
