import { tracePool } from '@spanwright/pg'
import { assertTrace, recordSpans } from '@spanwright/testing'
import pg from 'pg'

const recorder = recordSpans({ global: true })
const pool = tracePool(new pg.Pool({ connectionString: process.env.DATABASE_URL }))
await pool.query('SELECT * FROM pg_class WHERE oid = $1', [1])
await pool.end()
assertTrace(recorder, 'CLIENT SELECT pg_class')
