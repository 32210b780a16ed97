import { traceClient, tracePool } from '@spanwright/pg'
import type { Client, Pool, PoolClient } from 'pg'

// Compiled by npm run check:types, and never run: it tests types, which a test at run time cannot see.

interface OwnPool extends Pool {
  readonly own: number
}

/** The type of a traced pool is that of the pool. */
export function staysThePool(pool: OwnPool): OwnPool {
  return tracePool(pool, { checkout: 'span' })
}

/** The type of a traced client is that of the client. */
export function staysTheClient(client: Client, lent: PoolClient): [Client, PoolClient] {
  return [traceClient(client), traceClient(lent)]
}

/** Options have types: a wrong one does not wait for the set-up. */
export function refusesWrongOptions(pool: Pool, client: Client): void {
  // @ts-expect-error there is no such way to record a text
  tracePool(pool, { queryText: 'plain' })
  // @ts-expect-error a client is never checked out
  traceClient(client, { checkout: 'span' })
}
