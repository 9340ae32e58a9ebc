import { describe, expect, it } from '@jest/globals';

import { FilePublication } from '../../../producers/file/file-publication.ts';
import type { Reject } from '../../../producers/file/input-line.ts';
import { encodeReport } from '../../../producers/report-encoder.ts';
import type { Accepted, Refused, SendResult } from '../../../producers/sending.ts';

const ENCODING = { partitions: 4, schemaId: 1 };

const report = (number: number): object => ({
  coupon: {
    order_id: `K${number}`,
    order_time: 1560409473714,
    order_status: 'payed',
    coupon_batch_id: '16000001',
    pay_amt: '9.00',
  },
  coupon_info: [{ coupon_id: 'c1' }],
  page: 'pages/product',
  time: 1560409473714,
  wx_user: { app_id: 'wx9d4f5f22a099f820', open_id: 'ogN6X0T' },
  chan: { chan_wxapp_scene: 1037 },
});

const withoutOrderId = { ...report(0), coupon: {} };

/** What a producer does before it sends. */
function judge(reports: readonly unknown[]): SendResult {
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  for (const [index, one] of reports.entries()) {
    const encoded = encodeReport(one, ENCODING);
    if (encoded.ok) accepted.push({ index, ...encoded.accepted });
    else refused.push({ index, violations: encoded.violations });
  }
  return { accepted, refused };
}

function publication(send: (reports: readonly unknown[]) => Promise<SendResult>) {
  const rejects: Reject[] = [];
  const published: string[] = [];
  const one = new FilePublication({
    send: async (reports) => {
      const result = await send(reports);
      published.push(...result.accepted.map(({ order_id }) => order_id));
      return result;
    },
    onReject: (reject) => {
      rejects.push(reject);
    },
    onProgress: () => undefined,
  });
  return { one, rejects, published };
}

async function* source(text: string, size = 1000): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise(setImmediate);
    yield bytes.subarray(at, at + size);
  }
}

const NO_SIGNAL = new AbortController().signal;

describe('publishing a file', () => {
  it('publishes good lines and rejects bad ones, in their order, with their place', async () => {
    const { one, rejects, published } = publication((reports) => Promise.resolve(judge(reports)));
    const lines = Array.from({ length: 1200 }, (_, index) => JSON.stringify(report(index + 1)));
    lines[9] = JSON.stringify(withoutOrderId);
    lines[10] = '{"half":';
    lines[11] = '';
    lines[1199] = JSON.stringify(withoutOrderId);
    await one.publish(source(lines.join('\r\n')), NO_SIGNAL);

    expect(one.summary).toMatchObject({
      lines: 1200,
      empty: 1,
      published: 1196,
      refused: 3,
      doneThrough: 1200,
    });
    expect(published).toHaveLength(1196);
    expect(published.slice(8, 11)).toEqual(['K9', 'K13', 'K14']);
    expect(rejects.map(({ line }) => line)).toEqual([10, 11, 1200]);
    expect(rejects[0]?.input).toEqual(withoutOrderId);
    expect(rejects[0]?.violations.map(({ path }) => path)).toContain('coupon.order_id');
    expect(rejects[1]).toMatchObject({ input: '{"half":', violations: [{ rule: 'json' }] });
    expect(
      Object.fromEntries(
        [...one.summary.rules].map(([rule, { lines: count, first }]) => [rule, [count, first]]),
      ),
    ).toEqual({
      R3: [2, 10],
      json: [1, 11],
    });
  });

  it('knows after a failure until where all is acknowledged', async () => {
    let calls = 0;
    const { one } = publication((reports) => {
      calls += 1;
      return calls === 3 ? Promise.reject(new Error('Kafka went away')) : Promise.resolve(judge(reports));
    });
    const text = Array.from({ length: 3000 }, (_, index) => JSON.stringify(report(index))).join('\n');
    await expect(one.publish(source(text, 50_000), NO_SIGNAL)).rejects.toThrow('Kafka went away');
    expect(one.summary).toMatchObject({ doneThrough: 1000, published: 1000 });
  });

  it('ends in order when it is interrupted: what was read is acknowledged', async () => {
    const stopping = new AbortController();
    let sent = 0;
    const { one } = publication(async (reports) => {
      sent += reports.length;
      if (sent >= 1000) stopping.abort();
      await new Promise(setImmediate);
      return judge(reports);
    });
    const text = Array.from({ length: 5000 }, (_, index) => JSON.stringify(report(index))).join('\n');
    await one.publish(source(text, 50_000), stopping.signal);
    expect(one.summary.published).toBe(sent);
    expect(one.summary.doneThrough).toBe(sent);
    expect(sent).toBeLessThan(5000);
  });

  it('never has more under way than it may', async () => {
    let underWay = 0;
    let most = 0;
    const { one } = publication(async (reports) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay -= 1;
      return judge(reports);
    });
    const text = Array.from({ length: 20_000 }, () => '5').join('\n');
    await one.publish(source(text, 10_000), NO_SIGNAL);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    expect(one.summary.refused).toBe(20_000);
  });
});
