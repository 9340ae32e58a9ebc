import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The command. */
export const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const TICKS_PER_SECOND = 100;

type Env = Readonly<Record<string, string | undefined>>;

/** Starts a command of kaquan; its log goes to this process's standard error if it ends badly. */
export function start(args: readonly string[], env: Env): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a command to its end. @returns seconds of CPU of it, user and system */
export async function cpuOf(args: readonly string[], env: Env): Promise<number> {
  const child = start(args, env);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.resume();
  let cpu = 0;
  const sampler = setInterval(() => (cpu = Math.max(cpu, cpuSeconds(child.pid ?? 0))), 20);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(sampler);
  if (code !== 0) throw new Error(`kaquan ${args.join(' ')} ended with ${code}: ${said}`);
  return cpu;
}

/** Keeps a process, with all that it starts from now on, on these cores. Linux only; elsewhere figures are of a shared machine. */
export function pin(pid: number, cores: string): void {
  const last = readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name)).length - 1;
  execFileSync('taskset', ['-a', '-c', '-p', cores.endsWith('-') ? `${cores}${last}` : cores, String(pid)]);
}

/** User and system time that a process (with its threads) has used; 0 when it is gone. Linux only. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** The child of `parent` whose command line holds `text`. */
export function childOf(parent: number, text: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      const isChild = Number(stat[1]) === parent;
      if (isChild && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)) return Number(pid);
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error(`process ${parent} has no child with ${text}`);
}

/** What `pattern` finds in the output of a process, once it says so. @throws all that it said, if it ends before */
export function readyLine(stdout: NodeJS.ReadableStream | null, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let said = '';
    stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = pattern.exec(said);
      if (found !== null) resolve(found);
    });
    stdout?.on('end', () => reject(new Error(`it did not start: ${said}`)));
  });
}
