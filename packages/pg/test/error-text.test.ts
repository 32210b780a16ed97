import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import * as pg from 'pg'

import { useDatabase } from './database.ts'
import { failIn, QUOTING, SECRET, testQuotedValues } from './error-text.ts'

const db = useDatabase()

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'a pool': () => tracePool(db.pool()).query(QUOTING),
  'a pool, by callback': () =>
    new Promise((resolve, reject) => {
      tracePool(db.pool()).query(QUOTING, (error, result) => (error ? reject(error) : resolve(result)))
    }),
  'a client': async () => traceClient(await db.client()).query(QUOTING),
  'a query object': async () => {
    const client = traceClient(await db.client())
    await new Promise((resolve, reject) => {
      client.query(new pg.Query(QUOTING)).on('end', resolve).on('error', reject)
    })
  },
  'an error that is wrapped': () =>
    tracePool(db.pool())
      .query(QUOTING)
      .catch((cause: unknown) => {
        throw new Error(`cannot count ${SECRET}`, { cause })
      }),
}

describe('an error that quotes a value and leaves the code around the query', () => {
  testQuotedValues(() => db.recorder, WAYS)

  it.each([
    ['traced', {}],
    ['ignored', { ignore: () => true }],
  ])('shows only its class when a type parser created it, in a query that is %s', async (_, options) => {
    const types = {
      getTypeParser: () => (value: string) => {
        throw new RangeError(`no number: ${value}`)
      },
    }
    const pool = tracePool(db.pool(), options)
    const { error, told } = await failIn(db.recorder, () =>
      pool.query({ text: QUOTING.replace('::int', ''), types }),
    )

    expect(error).toEqual(new RangeError(`no number: ${SECRET}`))
    expect(told).not.toContain(SECRET)
    expect(told).toContain(`'exception.type': 'RangeError'`)
  })

  it('of node-postgres itself without data keeps its message', async () => {
    const pool = tracePool(db.pool())
    await pool.end()
    const { told } = await failIn(db.recorder, () => pool.query('SELECT 1'))
    expect(told.split('Cannot use a pool after calling end on the pool').length).toBeGreaterThan(4)
  })
})
