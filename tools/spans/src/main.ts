import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { renderDocument } from './document.ts'
import { mergeSightings, readRecordings } from './recording.ts'

const DOCUMENT = join(__dirname, '..', '..', '..', 'docs', 'spans.md')

/** Writes docs/spans.md from what the last test run recorded; with `--check`, only tells whether it is up to date. */
function main(): void {
  const sightings = mergeSightings(readRecordings())
  if (sightings.length === 0) return fail('nothing is recorded yet: run npm test first')
  const document = renderDocument(sightings)
  if (!process.argv.includes('--check')) return writeFileSync(DOCUMENT, document)
  const difference = differenceOf(readFileSync(DOCUMENT, 'utf8').split('\n'), document.split('\n'))
  if (difference.length > 0)
    fail(`docs/spans.md is out of date: run npm test && npm run docs:spans\n${difference.join('\n')}`)
}

function differenceOf(before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter(line => !after.includes(line)).map(line => `- ${line}`),
    ...after.filter(line => !before.includes(line)).map(line => `+ ${line}`),
  ]
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

main()
