import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { renderDocument } from './document.ts'
import { mergeSightings, readRecordings } from './recording.ts'

const ROOT = join(__dirname, '..', '..', '..')
const DOCUMENT = join(ROOT, 'docs', 'spans.md')

/**
 * Writes docs/spans.md from what the tests recorded in their last runs; with `--check`, only tells whether it is up to
 * date. Where some test files have not run, nothing can be told: that is a failure in CI, and a remark elsewhere.
 */
function main(): void {
  const isCheck = process.argv.includes('--check')
  const recordings = readRecordings()
  const testFiles = listTestFiles()
  const missing = testFiles.filter(file => !recordings.has(file))
  if (missing.length > 0) {
    const remark = `${missing.length} of ${testFiles.length} test files have not run here: run npm test first`
    if (!isCheck || process.env['CI']) return fail(remark)
    process.stdout.write(`docs/spans.md is not checked: ${remark}\n`)
    return
  }
  const document = renderDocument(mergeSightings(testFiles.flatMap(file => recordings.get(file) ?? [])))
  if (!isCheck) return writeFileSync(DOCUMENT, document)
  const difference = differenceOf(readFileSync(DOCUMENT, 'utf8').split('\n'), document.split('\n'))
  if (difference.length > 0)
    fail(`docs/spans.md is out of date: run npm test && npm run docs:spans\n${difference.join('\n')}`)
}

/** The tests that run in any clone, whatever has been installed there since. */
function listTestFiles(): string[] {
  const jest = join(ROOT, 'node_modules', '.bin', 'jest')
  return execFileSync(process.execPath, [jest, '--listTests'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, OWN_INSTALLS: 'none' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .filter(line => line !== '')
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
