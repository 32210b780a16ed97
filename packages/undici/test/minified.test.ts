import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from '@jest/globals'
import { build } from 'esbuild'

import type { Tally } from './unread-program.ts'

const run = promisify(execFile)
const REQUESTS = 400

it.each(['undici6', 'undici'])(
  'the spans of unread bodies end in a minified bundle of %s too',
  async version => {
    const folder = await mkdtemp(join(tmpdir(), 'spanwright-minified-'))
    try {
      const outfile = join(folder, 'bundle.js')
      await build({
        entryPoints: [join(__dirname, 'unread-program.ts')],
        outfile,
        alias: { undici: version },
        conditions: ['@spanwright/source'],
        platform: 'node',
        bundle: true,
        minify: true,
        logLevel: 'error',
      })
      const { stdout } = await run(process.execPath, ['--expose-gc', outfile, String(REQUESTS)], {
        timeout: 60_000,
      })
      expect(JSON.parse(stdout) as Tally).toMatchObject({ started: REQUESTS, ended: REQUESTS, survivors: 0 })
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  120_000,
)
