import type { SourceText } from './sources.ts'
import { firstCells } from './table.ts'

/** Variables in the sources that the page lacks, and variables of the page that no source reads. */
export function wrongVariables(page: string, sources: readonly SourceText[]): string[] {
  const listed = firstCells(page)
  const read = new Set(sources.flatMap(({ text }) => [...namesIn(text)]))
  const all = sources.map(({ text }) => text).join('\n')
  // Names for all signals or one are composed: `OTEL_EXPORTER_OTLP_${suffix}`.
  const isComposed = (name: string): boolean => all.includes(`'${name.replace('OTEL_EXPORTER_OTLP_', '')}'`)
  return [
    ...[...read]
      .filter(name => !listed.includes(name) && !/_(?:TRACES|METRICS)_(?:HEADERS|PROTOCOL)$/.test(name))
      .map(name => `variables.md lacks ${name}`),
    ...listed.filter(name => !read.has(name) && !isComposed(name)).map(name => `no source reads ${name}`),
  ]
}

function* namesIn(text: string): Generator<string> {
  for (const [name] of text.matchAll(/\b(?:OTEL|SPANWRIGHT)_[A-Z_]*[A-Z]\b/g)) yield name
  for (const [, name = ''] of text.matchAll(/\b(?:env|environment)\['(\w+)'\]/g)) yield name
  for (const [, names = ''] of text.matchAll(/\{([^{}]*)\} = process\.env\b/g))
    yield* names.match(/\w+/g) ?? []
}
