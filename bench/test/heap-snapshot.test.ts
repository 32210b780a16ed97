import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, it } from '@jest/globals'

import { type HeapSnapshot, programBytesIn } from '../src/heap-snapshot.ts'

/** What programs made, as the heap snapshots say that each writes at the end. */
async function weighAll(programs: readonly string[]): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'heap-snapshot-'))
  try {
    return await Promise.all(
      programs.map(async (program, i) => {
        const file = join(folder, `${i}.heapsnapshot`)
        const ending = `require('node:v8').writeHeapSnapshot(${JSON.stringify(file)})`
        await promisify(execFile)(process.execPath, ['--eval', `${program};${ending}`])
        return programBytesIn(JSON.parse(await readFile(file, 'utf8')) as HeapSnapshot)
      }),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('programBytesIn', () => {
  it('leaves out code, what that depends on, and shapes', () => {
    const types = ['hidden', 'array', 'object', 'code', 'object shape', 'string']
    const meta = {
      node_fields: ['type', 'name', 'self_size'],
      node_types: [types, 'string', 'number'] as const,
    }
    const nodes = [0, 0, 1, 1, 0, 10, 2, 0, 100, 3, 0, 1000, 4, 0, 10_000, 5, 0, 100_000]
    expect(programBytesIn({ snapshot: { meta }, nodes })).toBe(100_110)
  })

  it('sees what a program holds in snapshots of V8', async () => {
    const objects = 'globalThis.held = Array.from({ length: 100_000 }, (_, i) => ({ i }))'
    const [nothing = 0, something = 0] = await weighAll(['0', objects])
    // A slot of the array, and an object with one property at least.
    expect(something - nothing).toBeGreaterThan(100_000 * (8 + 16))
  }, 60_000)
})
