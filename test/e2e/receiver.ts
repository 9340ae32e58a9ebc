import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Receipt } from '../../services/report-receiver/receipt-log.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A report receiver in a process of its own. */
export interface TestReceiver {
  readonly url: string;
  /** Settings of a group that reports to it. */
  readonly env: Readonly<Record<string, string>>;
  /** The file of all requests. */
  readonly log: string;
  /** Tells it how to fail. */
  fail(faults: object): Promise<void>;
  /** All requests so far. */
  receipts(): Receipt[];
  /** SIGKILL; `startTestReceiver` with its folder and port starts it again. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestReceiverOptions {
  /** The apps that the group reports as; `{"*": {"app_id": "bi1", "app_secret": "s"}}` unless told. */
  readonly credentials?: object;
  /** Of a receiver before: its log goes on, at its place. */
  readonly again?: TestReceiver;
}

const folders = new WeakMap<TestReceiver, string>();

export async function startTestReceiver({
  credentials = { '*': { app_id: 'bi1', app_secret: 's' } },
  again,
}: TestReceiverOptions = {}): Promise<TestReceiver> {
  const folder = (again && folders.get(again)) ?? mkdtempSync(join(tmpdir(), 'kaquan-receiver-'));
  const apps = join(folder, 'apps.json');
  const log = join(folder, 'receipts.ndjson');
  writeFileSync(apps, JSON.stringify(credentials));
  const child = spawn(process.execPath, [MAIN, 'serve', 'report-receiver'], {
    env: {
      ...process.env,
      RECEIVER_LISTEN: again === undefined ? '127.0.0.1:0' : new URL(again.url).host,
      RECEIVER_CREDENTIALS: apps,
      RECEIVER_LOG: log,
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await readyAt(child);
  const receiver: TestReceiver = {
    url,
    env: { REPORT_URL: url, REPORT_CREDENTIALS: apps },
    log,
    async fail(faults) {
      const answer = await fetch(`${url}/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(faults),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    receipts: followed(log),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  folders.set(receiver, folder);
  return receiver;
}

/** Reads a log that only grows: each line once. */
function followed(log: string): () => Receipt[] {
  const receipts: Receipt[] = [];
  let read = 0;
  return () => {
    const size = statSync(log).size;
    const file = openSync(log, 'r');
    const fresh = Buffer.alloc(size - read);
    readSync(file, fresh, 0, fresh.length, read);
    closeSync(file);
    const whole = fresh.subarray(0, fresh.lastIndexOf(10) + 1);
    read += whole.length;
    for (const line of whole.toString().split('\n'))
      if (line !== '') receipts.push(JSON.parse(line) as Receipt);
    return [...receipts];
  };
}

function readyAt(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = /^ready: report-receiver at (\S+)$/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    child.once('close', (code) => reject(new Error(`the receiver ended with code ${code ?? '?'}`)));
  });
}
