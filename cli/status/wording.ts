const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567" */
export const amount = (value: number): string => WHOLE.format(value);

/** ms → "0.4 s", "12 s", "3 min", "5 h", "2 days" */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

/** 0.1234 → "12.3 %"; null (an empty denominator) → "–" */
export const percent = (rate: number | null): string =>
  rate === null ? '–' : `${(rate * 100).toFixed(1)} %`;

/** Decimal yuan, such as "1234567.5" → "¥1,234,567.50" */
export function yuan(text: string): string {
  const [whole = '0', cents = ''] = text.split('.');
  return `¥${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${cents.padEnd(2, '0')}`;
}
