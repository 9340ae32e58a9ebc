import { pino } from 'pino';

import { startHttpService, type HttpService } from '../../runtime/http/service.ts';
import { createMetrics, createRegistry } from '../../runtime/metrics/metrics.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { EXIT, sentenceOf } from '../failure.ts';
import type { Io } from '../io.ts';
import type { Audit } from './audit.ts';
import { auditMetrics, tellMetrics } from './metrics.ts';
import { AuditRounds, type AuditOnce } from './rounds.ts';
import { auditSettings } from './settings.ts';
import { verdict } from './text.ts';

/** Audits every `seconds` until a signal, prints a line each time, and serves what was found. @returns 1 if the last one found something */
export async function auditEvery(seconds: number, once: AuditOnce, json: boolean, io: Io): Promise<number> {
  const { AUDIT_LISTEN: listen } = parseSettings(auditSettings, io.env);
  const registry = createRegistry();
  const metrics = createMetrics(registry, auditMetrics);
  let last: Audit | undefined;
  let problem = 'The first audit is not over yet.';
  let service: HttpService | undefined;
  if (listen !== undefined) {
    service = await startHttpService({
      listen,
      setting: 'AUDIT_LISTEN',
      bodyBytes: 1024,
      checks: {
        audit: () => ({
          ok: problem === '',
          sentence: problem === '' ? 'The last audit could be made.' : problem,
        }),
      },
      metrics: registry,
      failure: ({ status, sentence }) => ({ status, body: { code: status, msg: sentence } }),
      logger: pino({ level: 'error' }, pino.destination(2)),
      routes: () => undefined,
    });
    io.stderr.write(`ready: audit at ${service.url}\n`);
  }
  const stopping = stopSignal();
  const rounds = new AuditRounds(once);
  while (!stopping.signal.aborted) {
    const began = performance.now();
    try {
      last = await rounds.next();
      problem = '';
      tellMetrics(metrics, last, Date.now());
      io.stdout.write(json ? `${JSON.stringify(last)}\n` : `${new Date().toISOString()} ${verdict(last)}\n`);
    } catch (error) {
      problem = sentenceOf(error, io.env);
      io.stderr.write(`kaquan: no audit this time: ${problem}\n`);
    }
    await stopping.pause(seconds * 1000 - (performance.now() - began));
  }
  await service?.stop(1000);
  return last?.clean === false ? EXIT.failed : EXIT.done;
}

/** The first SIGINT or SIGTERM, and pauses that end with it. */
function stopSignal(): { readonly signal: AbortSignal; pause(ms: number): Promise<void> } {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  const { signal } = stopping;
  return {
    signal,
    pause: (ms) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        const timer = setTimeout(resolve, Math.max(0, ms));
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
