import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

interface Definition<Label extends string> {
  /** `kaquan_<component>_<thing>_<unit>`; a counter's ends with `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly labels: readonly Label[];
}

export interface CounterDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: 'counter';
}

export interface GaugeDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: 'gauge';
}

export interface HistogramDefinition<Label extends string = string> extends Definition<Label> {
  readonly type: 'histogram';
  /** Upper bounds, ascending, in the unit that the name says. */
  readonly buckets: readonly number[];
}

/** The metrics of a component: one list, from which all of them are made. */
export type MetricDefinitions = Readonly<
  Record<string, CounterDefinition | GaugeDefinition | HistogramDefinition>
>;

type Metric<D> =
  D extends CounterDefinition<infer Label>
    ? Counter<Label>
    : D extends GaugeDefinition<infer Label>
      ? Gauge<Label>
      : D extends HistogramDefinition<infer Label>
        ? Histogram<Label>
        : never;

export type Metrics<D extends MetricDefinitions> = { readonly [K in keyof D]: Metric<D[K]> };

/** What only rises. */
export const counter = <const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): CounterDefinition<Label> => ({ type: 'counter', name, help, labels });

/** What rises and falls. */
export const gauge = <const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): GaugeDefinition<Label> => ({ type: 'gauge', name, help, labels });

/** How often a measure lay below each of `buckets`. */
export const histogram = <const Label extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly Label[] = [],
): HistogramDefinition<Label> => ({ type: 'histogram', name, help, labels, buckets });

/** A registry of its own, with what there is to know of the process: CPU, memory, event loop, garbage collection. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Makes the metrics of a component in `registry`. @throws {Error} if one of this name is there already */
export function createMetrics<const D extends MetricDefinitions>(
  registry: Registry,
  definitions: D,
): Metrics<D> {
  const made = Object.entries(definitions).map(([key, definition]) => [key, metricOf(definition, registry)]);
  return Object.fromEntries(made) as Metrics<D>;
}

function metricOf(definition: MetricDefinitions[string], registry: Registry) {
  const { name, help, labels } = definition;
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (definition.type) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram({ ...options, buckets: [...definition.buckets] });
  }
}
