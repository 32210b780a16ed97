import { describe, expect, it } from '@jest/globals'

import { conditionOf } from '../src/query/sqlstate.ts'
import { useDatabase } from './database.ts'

const db = useDatabase()

describe('the names of conditions', () => {
  // PL/pgSQL knows every condition by its name, and can raise it.
  it.each([
    '08006',
    '0A000',
    '22012',
    '22P02',
    '23505',
    '25P02',
    '28P01',
    '3D000',
    '40001',
    '40P01',
    '42703',
    '42P01',
  ])('are those of PostgreSQL: %s', async sqlstate => {
    const client = await db.client()
    await expect(client.query(`DO $$ BEGIN RAISE ${conditionOf(sqlstate)}; END $$`)).rejects.toMatchObject({
      code: sqlstate,
    })
  })

  it('are none for a code that PostgreSQL does not define', () => {
    expect(conditionOf('ZZZZZ')).toBeUndefined()
    expect(conditionOf('')).toBeUndefined()
  })
})
