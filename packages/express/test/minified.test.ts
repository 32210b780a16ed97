import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from '@jest/globals'
import { build } from 'esbuild'

const run = promisify(execFile)

it.each(['express-4.17', 'express4', 'express'])(
  'names the requests of a minified bundle of %s as those of the sources',
  async version => {
    const folder = await mkdtemp(join(tmpdir(), 'spanwright-minified-'))
    try {
      const outfile = join(folder, 'bundle.js')
      await build({
        entryPoints: [join(__dirname, 'minified-program.ts')],
        outfile,
        alias: { express: version },
        conditions: ['@spanwright/source'],
        platform: 'node',
        bundle: true,
        minify: true,
        logLevel: 'error',
      })
      const { stdout } = await run(process.execPath, [
        outfile,
        '/outer/1/in/2/leaf/3',
        '/m/1/leaf/2',
        '/none',
      ])
      expect(JSON.parse(stdout)).toEqual(['GET /outer/:a/in/:b/leaf/:c', 'GET /m/:b/leaf/:c', 'GET'])
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)
