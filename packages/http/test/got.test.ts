import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

/** How long the program may take on a busy machine, in milliseconds. */
const LONGEST = 60_000

/** A separate install, created by `npm run test:newer`. */
const GOT_16 = join(__dirname, 'got16', 'node_modules', 'got')
const isNewer = Number.parseInt(process.versions.node, 10) >= 22

/** Version, module, and whether a retry is recognised by the channels. */
const VERSIONS: [string, string, boolean][] = [['got 14', require.resolve('got14'), false]]
if (isNewer && existsSync(GOT_16)) {
  VERSIONS.push(['got 16', join(GOT_16, 'dist', 'source', 'index.js'), true])
}

const PLAIN = ['/items/7', 200, null]
/** Two redirects, and two retries of a busy server. */
const detourOf = (tellsRetries: boolean): unknown[] => [
  ['/first', 302, null],
  ['/second', 302, 1],
  ['/busy', 503, 2],
  ['/busy', 503, tellsRetries ? 3 : null],
  ['/busy', 200, tellsRetries ? 4 : null],
]

describe.each(VERSIONS)('requests of %s', (_, name, tellsRetries) => {
  it(
    'are counted by its channels when they are sent again, by redirects and after a while',
    async () => {
      const args = [...FROM_SOURCE, join(__dirname, 'got-program.ts'), name]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const [plain, detour, all] = JSON.parse(await text(child.stdout)) as unknown[][]

      const expected = detourOf(tellsRetries)
      expect(plain).toEqual([PLAIN])
      expect(detour).toEqual(expected)
      expect(all).toHaveLength(expected.length + 2)
      expect(all).toEqual(expect.arrayContaining([...expected, PLAIN, ['/items/8', 200, null]]))
    },
    LONGEST,
  )
})
