import { Client } from 'pg'
import type { PostgresService } from './start.ts'

/** An external server, checked once and never stopped. */
export async function connectToEnvironment(url: string): Promise<PostgresService> {
  const client = clientFor(url)
  const place = `${client.host}:${client.port}`
  try {
    await client.connect()
    await client.end()
  } catch (error) {
    throw new Error(
      `DATABASE_URL: cannot connect to database "${client.database}" at ${place} as "${client.user}": ${messageOf(error)}`,
      { cause: error },
    )
  }
  return {
    kind: 'environment',
    connectionString: url,
    host: client.host,
    port: client.port,
    user: client.user ?? '',
    password: typeof client.password === 'string' ? client.password : '',
    database: client.database ?? '',
    stop: () => Promise.resolve(),
    crash: notOurs,
    restart: notOurs,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function notOurs(): Promise<never> {
  return Promise.reject(
    new Error('The server of DATABASE_URL is not ours to stop: unset it to get one that is'),
  )
}

function clientFor(url: string): Client {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new Error('DATABASE_URL: expected a URL that begins with postgres:// or postgresql://')
  }
  try {
    return new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  } catch {
    throw new Error('DATABASE_URL: not a valid URL (are special characters of the password percent-encoded?)')
  }
}

/** For a host with several addresses Node returns an aggregate of errors without a message of its own. */
function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.map(messageOf).join(', ')
  return 'message' in error ? String(error.message) : 'unknown error'
}
