import type { NamedExporter } from '../export/exporters.ts'
import type { Sampler, SpanProcessor } from '../record/types.ts'
import { looksAt } from '../sampling/samplers.ts'

/**
 * Parts of a set-up that make spans cost more than byte encoding, and metrics more than series, one sentence each.
 * @param keepsSeries whether the metrics of our own libraries are aggregated as series
 */
export function slowPath(
  exporters: readonly NamedExporter[],
  processors: readonly SpanProcessor[],
  sampler: Sampler,
  keepsSeries: boolean,
): string[] {
  return [
    ...exporters
      .filter(({ takes }) => takes === 'objects')
      .map(({ name }) => `${name} needs spans as objects: they are kept until they are exported`),
    ...processors.map(
      processor =>
        `${processor.constructor.name || 'a span processor'} is called for every span, which stays an object`,
    ),
    ...(keepsSeries
      ? []
      : [
          'a metric reader of your own, or exponential histograms: OpenTelemetry keeps the metrics of the plugins too',
        ]),
    ...(looksAt(sampler) === 'all'
      ? [`${sampler.toString()} is shown the attributes of every new trace`]
      : []),
  ]
}
