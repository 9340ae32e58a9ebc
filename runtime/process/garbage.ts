import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect all garbage of this process rarely, for more memory: up to four times what is alive. A collection of all stops a
 * process for tens of milliseconds, and its helpers take the other cores meanwhile, so that whoever answers people in that time
 * must not have one every few seconds. To be called first of all; the process's limit (`--max-old-space-size`) stands. Measured in docs/performance.md.
 */
export function collectRarely(): void {
  // Left to itself, V8 waits for a fourth more than what is alive where little grows old.
  setFlagsFromString('--heap-growing-percent=300');
  // It takes what outlived the first requests for what always lives long, and puts it among the old at once: there it is garbage that
  // only a collection of all removes, and keeps alive what it refers to until then.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
