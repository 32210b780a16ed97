import { connectToEnvironment } from './environment.ts'
import { EmbeddedServer } from './embedded.ts'

/** Settings of {@link startPostgres}. */
export interface PostgresOptions {
  /** Port on 127.0.0.1 to listen on; default: a free one. */
  port?: number
  /** Name of the superuser; default `postgres`. */
  user?: string
  /** Its password; default: a random one. */
  password?: string
  /** Database to connect to, created when it is not `postgres`; default `postgres`. */
  database?: string
  /** Further server settings, as in postgresql.conf; default none. */
  settings?: Record<string, string>
  /** Longest wait for the server to be ready, in milliseconds; default 30000. */
  timeout?: number
  /** Receives progress messages, one line each; default: not reported. */
  onProgress?: (line: string) => void
}

/** A running PostgreSQL server. */
export interface PostgresService {
  /** Whether it was found in `DATABASE_URL` or started here. */
  readonly kind: 'environment' | 'embedded'
  readonly connectionString: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Stops the server and removes its data; no effect on one from the environment. */
  stop(): Promise<void>
  /** Cuts all connections, even during queries, and stops the server, keeping its data. */
  crash(): Promise<void>
  /** Stops the server if it runs and starts it again on the same port with the same data. */
  restart(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a separate PostgreSQL server on 127.0.0.1, or uses the one in `DATABASE_URL`; a started server ends with
 * this process.
 *
 * @throws Error when `DATABASE_URL` cannot be connected to, the port is in use or the server does not start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresService> {
  const url = process.env['DATABASE_URL']
  if (url !== undefined && url !== '') {
    options.onProgress?.('PostgreSQL: using the server of DATABASE_URL')
    return connectToEnvironment(url)
  }
  return EmbeddedServer.start(options)
}
