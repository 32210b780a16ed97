import type { NamedExporter } from '../export/exporters.ts'
import type { Sampler, SpanProcessor } from '../record/types.ts'
import { looksAt } from '../sampling/samplers.ts'

/** What a set-up has that makes spans cost more than their bytes, a sentence each. */
export function slowPath(
  exporters: readonly NamedExporter[],
  processors: readonly SpanProcessor[],
  sampler: Sampler,
): string[] {
  return [
    ...exporters
      .filter(({ takes }) => takes === 'objects')
      .map(({ name }) => `${name} needs spans as objects: they are kept until they are exported`),
    ...processors.map(
      processor =>
        `${processor.constructor.name || 'a span processor'} is called for every span, which stays an object`,
    ),
    ...(looksAt(sampler) === 'all'
      ? [`${sampler.toString()} is shown the attributes of every new trace`]
      : []),
  ]
}
