import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from '@jest/globals'

/** A line of the table. */
export interface Row {
  readonly middleware: string
  readonly majors: readonly number[]
  readonly shows: string
  readonly reply: string
  readonly first: string
  readonly after: string
}

const PAGE = join(__dirname, '../../../docs/middleware.md')

/**
 * Compares what was seen with the table that the page has of a framework. With `WRITE_DOCS=1` the page is written.
 * Checked when all cases have run: a test picked by name has no table.
 */
export function expectSection(
  section: string,
  frameworks: readonly { readonly major: number }[],
  rows: readonly Row[],
): void {
  const all = frameworks.map(({ major }) => major)
  const table = [
    '| middleware | request | client gets | `tracing()` first | `tracing()` after it |',
    '|---|---|---|---|---|',
    ...merged(rows).map(({ middleware, majors, shows, reply, first, after }) => {
      const only = majors.length < all.length ? ` (${section} ${majors.join(', ')})` : ''
      return `| ${middleware}${only} | ${shows} | ${reply} | ${code(first)} | ${after === first ? 'same' : code(after)} |`
    }),
  ].join('\n')
  const marks = [`<!-- ${section} -->\n`, `\n<!-- end of ${section} -->`] as const
  const page = readFileSync(PAGE, 'utf8')
  const start = page.indexOf(marks[0]) + marks[0].length
  const end = page.indexOf(marks[1])
  if (process.env['WRITE_DOCS']) writeFileSync(PAGE, page.slice(0, start) + table + page.slice(end))
  else expect(page.slice(start, end)).toBe(table)
}

/** Rows in which the versions of the framework do not differ are one. */
function merged(rows: readonly Row[]): Row[] {
  const found = new Map<string, Row>()
  for (const { majors, ...row } of rows) {
    const key = JSON.stringify(row)
    found.set(key, { ...row, majors: [...(found.get(key)?.majors ?? []), ...majors] })
  }
  return [...found.values()]
}

function code(span: string): string {
  return span === 'no span' ? span : `\`${span}\``
}
