import type { Sighting } from './recording.ts'

const HEAD = `# Spans and metrics

Every span, attribute, event and metric that the packages produce, as their tests recorded them, in the latest vocabulary (semantic conventions 1.45.0). What only the hooks of a user add
is not listed. Written by \`npm run docs:spans\`; not by hand.
`

/** The document: a section for each package, a part for each type of span, a table of metrics. */
export function renderDocument(sightings: readonly Sighting[]): string {
  const scopes = [...new Set(sightings.map(({ scope }) => scope))].toSorted()
  return [
    HEAD,
    ...scopes.map(scope =>
      renderScope(
        scope,
        sightings.filter(item => item.scope === scope),
      ),
    ),
  ].join('\n')
}

function renderScope(scope: string, sightings: readonly Sighting[]): string {
  const spans = sightings.filter(({ form }) => form === 'span')
  const metrics = sightings.filter(({ form }) => form === 'metric')
  return [
    `## ${scope}\n`,
    ...spans.map(renderSpan),
    ...(metrics.length > 0 ? [renderMetrics(metrics)] : []),
  ].join('\n')
}

function renderSpan({ title, attributes, links, events }: Sighting): string {
  const rows = [
    ['attributes', codes(attributes)],
    ['on links', codes(links)],
    ...Object.entries(events).map(([name, keys]) => [`event \`${name}\``, codes(keys) || 'no attributes']),
  ].filter(([, cell]) => cell !== '')
  return [`### ${title}\n`, '| | |', '|---|---|', ...rows.map(row => `| ${row.join(' | ')} |`), ''].join('\n')
}

function renderMetrics(metrics: readonly Sighting[]): string {
  const rows = metrics.map(
    ({ title, instrument, unit, attributes }) =>
      `| \`${title}\` | ${instrument ?? ''} | \`${unit ?? ''}\` | ${codes(attributes)} |`,
  )
  return ['### Metrics\n', '| metric | form | unit | attributes |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  )
}

function codes(keys: readonly string[]): string {
  return keys.map(key => `\`${key}\``).join(' ')
}
