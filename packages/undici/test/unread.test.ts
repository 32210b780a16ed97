import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { Tally } from './unread-program.ts'

/** How long the program may take on a busy machine, in milliseconds. */
const LONGEST = 240_000
const REQUESTS = 2000

it(
  'unread responses leave no open span and nothing in memory',
  async () => {
    const program = spawn(
      process.execPath,
      ['--expose-gc', ...FROM_SOURCE, join(__dirname, 'unread-program.ts'), String(REQUESTS)],
      { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST },
    )
    const [printed, errors] = await Promise.all([
      text(program.stdout),
      text(program.stderr),
      once(program, 'exit'),
    ])
    if (printed === '') throw new Error(errors)
    const tally = JSON.parse(printed) as Tally
    expect(tally).toMatchObject({ requests: REQUESTS, started: REQUESTS, ended: REQUESTS, survivors: 0 })
    const [early, late] = tally.heap
    // A span, or any object of its size, per request would be a megabyte.
    expect(late - early).toBeLessThan(500_000)
  },
  LONGEST,
)
