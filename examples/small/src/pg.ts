import { withSpan } from '@spanwright/core'
import { tracePool } from '@spanwright/pg'
import { startTracing } from '@spanwright/sdk'
import { startPostgres } from '@spanwright/services'
import { Pool } from 'pg'
import Cursor from 'pg-cursor'

const telemetry = startTracing({ serviceName: 'ledger', exporter: 'console' })

async function keepBooks(pool: Pool): Promise<void> {
  // A span is named after what is done to which tables; its text says `?` for every literal.
  await pool.query('CREATE TABLE entries (id int PRIMARY KEY, amount int)')
  await pool.query('INSERT INTO entries SELECT i, i * 10 FROM generate_series(1, 100) AS i')

  // A transaction has a span of its own, with its queries below.
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query('UPDATE entries SET amount = amount - $1 WHERE id = $2', [5, 1])
  await client.query('UPDATE entries SET amount = amount + $1 WHERE id = $2', [5, 2])
  await client.query('COMMIT')

  // A cursor has one span, until its last row or its close.
  const cursor = client.query(new Cursor('SELECT id FROM entries WHERE amount > $1', [500]))
  const rows = await cursor.read(30)
  await cursor.close()
  client.release()
  console.log('entries read:', rows.length)

  // An error of the server shows what it is, and none of the values its message quotes.
  await pool.query("INSERT INTO entries VALUES (7, 'a secret')").catch((error: unknown) => {
    console.log('refused:', (error as { code: string }).code)
  })
}

async function main(): Promise<void> {
  const server = await startPostgres()
  // One line: this pool is traced, and nothing else.
  const pool = tracePool(new Pool({ connectionString: server.connectionString }), { transactions: 'span' })
  await withSpan('keep books', () => keepBooks(pool))
  await pool.end()
  await server.stop()
  await telemetry.shutdown()
}

void main()
