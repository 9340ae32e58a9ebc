const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567" */
export const amount = (value: number): string => WHOLE.format(value);

/** 0.1234 → "12.3 %"; null (an empty denominator) → "–" */
export const percent = (rate: number | null): string =>
  rate === null ? '–' : `${(rate * 100).toFixed(1)} %`;

/** Decimal yuan, such as "1234567.5" → "¥1,234,567.50" */
export function yuan(text: string): string {
  const [whole = '0', cents = ''] = text.split('.');
  return `¥${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${cents.padEnd(2, '0')}`;
}
