import { describe, expect, it } from '@jest/globals'
import { traceClient } from '@spanwright/pg'

import { useDatabase } from './database.ts'

const db = useDatabase()

async function attributesOf(semconv: 'latest' | 'legacy' | 'both', text: string): Promise<object> {
  const client = traceClient(await db.client({ options: '-c search_path=public' }), { semconv })
  await client.query(text).catch(() => {})
  return db.recorder.spans()[0]?.attributes ?? {}
}

describe('the vocabulary', () => {
  const legacy = () => ({
    'db.system': 'postgresql',
    'db.name': 'shop',
    'db.user': 'postgres',
    'db.statement': 'SELECT ?',
    'db.operation': 'SELECT',
    'net.peer.name': '127.0.0.1',
    'net.peer.port': db.server.port,
  })
  const latest = () => ({
    'db.system.name': 'postgresql',
    'db.namespace': 'shop|public',
    'db.query.text': 'SELECT ?',
    'db.query.summary': 'SELECT',
    'db.response.returned_rows': 1,
    'server.address': '127.0.0.1',
    'server.port': db.server.port,
  })

  it('legacy has only the database as name, and the user', async () => {
    expect(await attributesOf('legacy', 'SELECT 1')).toEqual(legacy())
  })

  it('latest has no user', async () => {
    expect(await attributesOf('latest', 'SELECT 1')).toEqual(latest())
  })

  it('both has all of it', async () => {
    expect(await attributesOf('both', 'SELECT 1')).toEqual({ ...legacy(), ...latest() })
  })

  it('legacy has no attribute for SQLSTATE', async () => {
    expect(Object.keys(await attributesOf('legacy', 'SELECT broken')).toSorted()).toEqual(
      Object.keys(legacy()).toSorted(),
    )
  })
})
