import { createRequire } from 'node:module'
import { join } from 'node:path'

import { tracePool } from '@spanwright/pg'

import { record } from './record.ts'

type PoolClass = new (...args: never[]) => object

// Traces every pool.
record()
const pg = createRequire(join(process.cwd(), 'package.json'))(join(process.cwd(), 'lib')) as {
  Pool: PoolClass
}
const { Pool } = pg
pg.Pool = new Proxy(Pool, {
  construct: (target, args, newTarget) => tracePool(Reflect.construct(target, args, newTarget) as never),
})
