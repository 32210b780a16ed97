import type { PublishedPackage } from './doors.ts'
import { renderTable } from './table.ts'

/** The list of all pages. */
export function renderIndex(packages: readonly PublishedPackage[]): string {
  const rows = [
    ...packages.map(({ name, folder }) => [
      `[${folder}.md](${folder}.md)`,
      `Functions, options and types of \`${name}\``,
    ]),
    ['[variables.md](variables.md)', 'Environment variables'],
    [
      '[messages.md](messages.md)',
      'What the packages throw, print and log through `diag`, with the cause and what to do',
    ],
    ['[spans.md](../spans.md)', 'Spans, attributes, events and metrics, as the tests recorded them'],
    ['[troubleshooting.md](../troubleshooting.md)', 'Problems of a set-up, by symptom'],
  ]
  return [
    '# Reference\n',
    'The pages of the packages are written from the sources by `npm run docs:reference`, and the others compared with them. `@spanwright/core/plugin` and `@spanwright/core/semconv` are for the authors of plugins: [Adding a plugin](../adding-a-plugin.md).\n',
    renderTable(['page', 'contents'], rows),
  ].join('\n')
}
