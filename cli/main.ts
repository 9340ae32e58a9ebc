#!/usr/bin/env node
import { exitWithParent } from '../runtime/process/parent.ts';
import { run } from './program.ts';

// A reader that has seen enough (`kaquan sql … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
exitWithParent(process);
process.exitCode = await run(process.argv.slice(2), process);
// A connection that a stopped command left half open must not hold the process.
setTimeout(() => process.exit(), 2000).unref();
