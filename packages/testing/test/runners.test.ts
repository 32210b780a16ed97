import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it } from '@jest/globals'

const run = promisify(execFile)
const RUNNERS = join(__dirname, 'runners')

/** Jest marks its child processes as its workers; another runner must not see that. */
const { JEST_WORKER_ID: _id, NODE_ENV: _env, NODE_OPTIONS: _options, ...env } = process.env

describe('the matchers and assertions', () => {
  it('work in Vitest', async () => {
    const vitest = join(require.resolve('vitest/package.json'), '..', 'vitest.mjs')
    const config = join(RUNNERS, 'vitest', 'vitest.config.mts')

    const { stdout } = await run(
      process.execPath,
      [vitest, 'run', 'order', 'guards', '--config', config, '--no-color'],
      { env },
    )

    expect(stdout).toMatch(/Tests +3 passed \(3\)/)
  }, 60_000)

  it('work in node:test', async () => {
    const files = ['order', 'guards'].map(name => join(RUNNERS, 'node', `${name}.spec.ts`))
    const args = [
      '--import',
      'tsx',
      '--conditions=@spanwright/source',
      '--test-reporter=tap',
      '--test',
      ...files,
    ]

    const { stdout } = await run(process.execPath, args, { env })

    expect(stdout).toMatch(/# pass 3\n# fail 0/)
  }, 60_000)
})
