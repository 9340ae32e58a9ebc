import { z } from 'zod';

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

const HOST_PORT = /^(\[[^\]]+\]|[^:/\s]+):(\d{1,5})$/;

/** The form of a setting such as `127.0.0.1:8080` or `[::1]:0`. */
export const hostPort: z.ZodType<Address, string> = z.string().transform((text, context) => {
  const [, host = '', port = ''] = HOST_PORT.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    context.addIssue({ code: 'custom', message: 'must be HOST:PORT, such as 127.0.0.1:8080' });
  }
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) };
});

/** Why nothing can listen at `address`, in one sentence that names the setting and the way out. */
export function refusal(error: NodeJS.ErrnoException, { host, port }: Address, setting: string): string {
  const place = `${host}:${port}`;
  if (error.code === 'EADDRINUSE')
    return `${place} (${setting}) is taken by another process: stop that one, or set ${setting} to another port`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return `${place} (${setting}) is not an address of this machine, so nothing can be started there`;
  }
  if (error.code === 'EACCES')
    return `${place} (${setting}) needs rights that this process does not have: choose a port above 1023`;
  return `nothing can listen at ${place} (${setting}): ${error.message}`;
}
