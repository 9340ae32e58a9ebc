import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import type { FailureAnswer } from './failures.ts';

const STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

const SENTENCES: Readonly<Record<number, string>> = {
  408: 'the request did not come whole in time',
  431: 'the head of the request is too large',
};

/** Answers what reaches no route, because it is no whole HTTP request, in the service's own form, and hangs up. */
export function answerNotHttp(answer: FailureAnswer) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (socket.writable && error.code !== 'ECONNRESET') {
      const status = STATUS[error.code ?? ''] ?? 400;
      const sentence = SENTENCES[status] ?? 'what was sent is no whole HTTP request';
      const body = JSON.stringify(answer({ status, sentence }).body);
      socket.write(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n` +
          `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    }
    socket.destroySoon();
  };
}
