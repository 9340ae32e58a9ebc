import { crashPoint } from '../../runtime/process/crash-points.ts';

/** The steps of a batch, in their order. */
export const ORDERS_POINTS = [
  'orders/assigned',
  'orders/fetched',
  'orders/looked_up',
  'orders/sealed',
  'orders/events_stored',
  'orders/milestones_stored',
  'orders/states_stored',
  'orders/letters_published',
  'orders/letters_recorded',
  'orders/committed',
] as const;

export const passing = (point: (typeof ORDERS_POINTS)[number], isWork?: boolean): void =>
  crashPoint(point, isWork);
