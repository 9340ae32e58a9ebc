import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { ChildEndedError, startChild, type Child } from '../../../../runtime/process/children.ts';
import { keepRunning } from '../../../../runtime/process/keeper.ts';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie still takes signals; it is as dead as can be.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a child', () => {
  let folder: string;
  let started: Child[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kaquan-children-'));
    started = [];
  });

  afterEach(async () => {
    for (const child of started) child.kill();
    await Promise.all(started.map((child) => child.ended));
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (script: string, name = 'child'): Child => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, script);
    const child = startChild({
      name,
      args: [file],
      env: process.env,
      log: join(folder, 'logs', `${name}.log`),
    });
    started.push(child);
    return child;
  };

  it('is waited for by a line that it prints', async () => {
    const child = start(
      `console.log('starting'); console.log('ready on 9092'); setInterval(() => {}, 1000);`,
    );
    expect(await child.line(/^ready/)).toBe('ready on 9092');
    expect(await child.line(/^starting/)).toBe('starting');
  });

  it('that ends before that line is told with its last words', async () => {
    const child = start(`console.error('port 9092 is taken'); process.exitCode = 3;`);
    const failure = child.line(/^ready/);
    await expect(failure).rejects.toThrow(ChildEndedError);
    await expect(failure).rejects.toThrow(/ended with code 3; its log .* ends with:\n {2}port 9092 is taken/);
  });

  it('is asked to stop, and has its time to', async () => {
    const child = start(
      `process.on('SIGTERM', () => setTimeout(() => process.exit(7), 100)); console.log('ready'); setInterval(() => {}, 1000);`,
    );
    await child.line(/ready/);
    expect(await child.stop(5000)).toEqual({ code: 7, signal: null });
  });

  it('that does not stop is killed with all that it started', async () => {
    const grandchild = `setInterval(() => {}, 1000)`;
    const child = start(
      `import { spawn } from 'node:child_process';
       process.on('SIGTERM', () => {});
       const { pid } = spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'ignore' });
       console.log('pid ' + pid); setInterval(() => {}, 1000);`,
    );
    const pid = Number((await child.line(/^pid/)).slice(4));
    expect(isAlive(pid)).toBe(true);
    expect(await child.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
    await until(() => !isAlive(pid));
  });

  it('ends when its supervisor is killed', async () => {
    const childFile = join(folder, 'supervised.ts');
    const parentModule = new URL('../../../../runtime/process/parent.ts', import.meta.url).pathname;
    const source = readFileSync(parentModule, 'utf8');
    writeFileSync(childFile.replace(/ts$/, 'mjs'), (await transpiled(source)) + SUPERVISED);
    const supervisor = start(
      `import { spawn } from 'node:child_process';
       const child = spawn(process.execPath, [${JSON.stringify(childFile.replace(/ts$/, 'mjs'))}], { detached: true, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
       child.stdout.on('data', (text) => process.stdout.write(text)); setInterval(() => {}, 1000);`,
      'supervisor',
    );
    const pid = Number((await supervisor.line(/^pid/)).slice(4));
    process.kill(supervisor.pid ?? 0, 'SIGKILL');
    await supervisor.ended;
    await until(() => !isAlive(pid));
  });

  it('that is killed is started again, with a growing pause', async () => {
    const pauses: number[] = [];
    const endings: unknown[] = [];
    const keeper = keepRunning(
      () => start(`console.log('up'); setInterval(() => {}, 1000);`, `kept${started.length}`),
      {
        pauseMs: 20,
        onEnd: (ended, inMs) => {
          pauses.push(inMs);
          endings.push(ended);
        },
      },
    );
    for (let n = 0; n < 3; n++) {
      const child = keeper.current();
      await child.line(/up/);
      child.kill();
      await until(() => keeper.current() !== child);
    }
    await keeper.stop(5000);
    expect(pauses).toEqual([20, 40, 80]);
    expect(endings[0]).toEqual({ code: null, signal: 'SIGKILL' });
    expect(started).toHaveLength(4);
  });
});

const SUPERVISED = `
exitWithParent(process);
console.log('pid ' + process.pid);
setInterval(() => {}, 1000);
`;

async function transpiled(source: string): Promise<string> {
  const { transform } = await import('@swc/core');
  const { code } = await transform(source, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } });
  return code;
}
