import { Pool } from 'pg'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { queryByHand } from '../by-hand/pg.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 4
const TEXT = 'SELECT id, name FROM users WHERE id = $1'

/** `pool.query` of node-postgres: one row by its key. */
export const open: OpenScenario = async ({ variant, service }) => {
  const pool = new Pool({ connectionString: service, max: CONCURRENCY, idleTimeoutMillis: 0 })
  const close = (): Promise<void> => pool.end()
  if (isByHand(variant)) {
    const query = queryByHand(pool)
    return new Callers(CONCURRENCY, () => query(TEXT, [42]), close)
  }
  if (variant === 'spanwright') (await import('@spanwright/pg')).tracePool(pool)
  return new Callers(CONCURRENCY, () => pool.query(TEXT, [42]), close)
}
