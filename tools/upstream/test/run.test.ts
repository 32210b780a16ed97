import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from '@jest/globals'

import type { Library } from '../src/libraries.ts'
import { newFailures, readAva, readJest, readMocha } from '../src/outcome.ts'
import { runTests } from '../src/run.ts'

/** Maximum duration of a run on a busy machine, in milliseconds. */
const LONGEST = 60_000

const folder = mkdtempSync(join(tmpdir(), 'upstream-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Tests of a library: one always fails, and one only when its request is traced. */
const TESTS = `
const { test } = require('node:test')
const assert = require('node:assert')
const { createServer, get } = require('node:http')

test('passes', () => {})
test('fails', () => assert.fail())
test('is left out', { skip: true }, () => {})
test('sends nothing', (t, done) => {
  const server = createServer((req, res) => res.end(String(req.headers.traceparent))).listen(0, () => {
    get({ port: server.address().port, agent: false }, async res => {
      let body = ''
      for await (const part of res) body += part
      server.close()
      done(body === 'undefined' ? undefined : new Error(body))
    })
  })
})
`

const temporaryFolders = (): string[] => readdirSync(tmpdir()).filter(name => name.startsWith('upstream-'))

describe('the tests of a library', () => {
  it(
    'are run with and without tracing, and those that fail only with tracing are reported',
    async () => {
      mkdirSync(join(folder, 'test'))
      writeFileSync(join(folder, 'test', 'all.test.js'), TESTS)
      // On Node 20, tracing sees requests of the global agents only, and these use none.
      const library: Library = { preload: 'servers', runner: 'node', files: /^test\/.*\.test\.js$/ }
      const before = temporaryFolders()
      const bare = await runTests(library, folder, false, {})
      const traced = await runTests(library, folder, true, {})
      expect(temporaryFolders()).toEqual(before)

      expect(bare.failed).toEqual(new Set(['test/all.test.js › fails']))
      expect(bare.spans).toEqual({ started: 0, ended: 0 })
      expect(traced.spans.started).toBeGreaterThan(0)
      expect(traced.spans.ended).toBe(traced.spans.started)
      const isSent = Number.parseInt(process.versions.node, 10) >= 22
      expect(newFailures([bare], [traced])).toEqual(isSent ? ['test/all.test.js › sends nothing'] : [])
    },
    LONGEST,
  )

  it('are read from reports of mocha, Jest and ava', () => {
    const results = ['passed', 'failed', 'pending'].map(status => ({ fullName: `a ${status}`, status }))
    expect(readJest(JSON.stringify({ testResults: [{ assertionResults: results }] }))).toEqual({
      passed: 1,
      failed: new Set(['a failed']),
    })
    expect(readMocha('{"stats":{"passes":3},"failures":[{"fullTitle":"a b"}]}')).toEqual({
      passed: 3,
      failed: new Set(['a b']),
    })
    const tap =
      'TAP version 13\nok 1 - a › b\n  ---\nnot ok 2 - a › c\nok 3 - d # SKIP\nnot ok 4 - e # TODO\n'
    expect(readAva(tap)).toEqual({ passed: 1, failed: new Set(['a › c']) })
  })

  it('fail only with tracing when they do so in every run', () => {
    const outcome = (...failed: string[]) => ({ passed: 0, failed: new Set(failed) })
    expect(newFailures([outcome('a')], [outcome('a', 'b', 'c'), outcome('b')])).toEqual(['b'])
    expect(newFailures([outcome('a'), outcome('b')], [outcome('b')])).toEqual([])
  })
})
