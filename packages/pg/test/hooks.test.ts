import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { withSpan } from '@spanwright/core'
import { type DatabaseOperation, traceClient, tracePool } from '@spanwright/pg'

import { useDatabase } from './database.ts'

const db = useDatabase()

describe('hooks', () => {
  it('receive text, name, parameters and namespace', async () => {
    const seen: DatabaseOperation[] = []
    const pool = tracePool(db.pool(), {
      attributes: operation => {
        seen.push(operation)
        return { 'test.tenant': 'a' }
      },
    })
    await pool.query({ text: 'SELECT $1::int', values: [1], name: 'one' })
    await pool.query("SELECT 'x'")
    expect(seen).toEqual([
      { text: 'SELECT $1::int', name: 'one', parameters: [1], namespace: 'shop' },
      { text: "SELECT 'x'", name: undefined, parameters: undefined, namespace: 'shop' },
    ])
    expect(db.recorder.spans()[0]?.attributes['test.tenant']).toBe('a')
  })

  it('receive the result, or the same error', async () => {
    const outcomes: unknown[] = []
    const client = traceClient(await db.client(), {
      onEnd: (_span, _operation, outcome) => void outcomes.push(outcome),
    })
    const result = await client.query('SELECT 1')
    const error = await client.query('SELECT broken').catch((e: unknown) => e)
    expect(outcomes).toMatchObject([{ durationMs: expect.any(Number) }, { durationMs: expect.any(Number) }])
    expect((outcomes[0] as { result: unknown }).result).toBe(result)
    expect((outcomes[1] as { error: unknown }).error).toBe(error)
  })

  it('can ignore queries on pools and clients, which then run as usual', async () => {
    const pool = tracePool(db.pool(), { ignore: ({ text }) => text.startsWith('SELECT 1') })
    await pool.query('SELECT 1')
    await new Promise(resolve => pool.query('SELECT 1 AS a', resolve))
    const client = await pool.connect()
    await client.query('SELECT 1 AS b')
    await client.query('SELECT 2')
    client.release()
    expect(db.recorder.spans()).toHaveLength(1)
  })

  it('that throw are reported, with no other effect', async () => {
    const { lines, stop } = collectDiag('error')
    const fail = (): never => {
      throw new Error('hook')
    }
    const pool = tracePool(db.pool(), { ignore: fail, attributes: fail, onStart: fail, onEnd: fail })
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    stop()
    expect(lines).toHaveLength(4)
    expect(db.recorder.spans()).toHaveLength(1)
  })
})

describe('requireParent', () => {
  it('traces only inside a trace', async () => {
    const pool = tracePool(db.pool(), { requireParent: true })
    await pool.query('SELECT 1')
    await withSpan('caller', () => pool.query('SELECT 2'))
    expect(db.recorder.spans().map(span => span.name)).toEqual(['SELECT', 'caller'])
  })
})
