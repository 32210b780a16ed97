import { createRequire } from 'node:module'

import { tracePool } from '@spanwright/pg'
import { assertTrace, recordSpans } from '@spanwright/testing'

// Old versions have no named exports.
const { Pool } = createRequire(import.meta.url)('pg')
const recorder = recordSpans({ global: true })
const pool = tracePool(new Pool({ connectionString: process.env.DATABASE_URL }))
await pool.query('SELECT * FROM pg_class WHERE oid = $1', [1])
await pool.end()
assertTrace(recorder, 'CLIENT SELECT pg_class')
