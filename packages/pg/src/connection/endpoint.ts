import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_SYSTEM_NAME,
  ATTR_DB_USER,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  DB_SYSTEM_POSTGRESQL,
} from '@spanwright/core/semconv'

import { parseConnectionString } from './connection-string.ts'

/** The target of a connection, as node-postgres resolves it. */
export interface ConnectionTarget {
  readonly host?: unknown
  readonly port?: unknown
  readonly database?: unknown
  readonly user?: unknown
  /** Settings for the server: `-c search_path=shop`. */
  readonly options?: unknown
  readonly connectionString?: unknown
}

/** A database as described on spans and metrics. */
export interface Endpoint {
  readonly namespace: string | undefined
  /** Attributes of every query of the connection. */
  readonly attributes: Readonly<Attributes>
  /** The same without `db.system.name`, for spans that aren't database calls. */
  readonly place: Readonly<Attributes>
  /** `host:port/database` */
  readonly name: string
}

const DEFAULT_PORT = 5432

/** Describes a resolved target. `withUser` is for the legacy vocabulary, which has an attribute for the user. */
export function endpointOf(target: ConnectionTarget, withUser: boolean): Endpoint {
  const database = textOf(target.database)
  const namespace = namespaceOf(database, schemaOf(target.options))
  const host = textOf(target.host)
  const port = Number(target.port)
  const isSocket = host?.startsWith('/') ?? false
  const address = isSocket ? `${host}/.s.PGSQL.${port}` : host
  const place: Attributes = {}
  if (namespace !== undefined) place[ATTR_DB_NAMESPACE] = namespace
  if (address !== undefined) place[ATTR_SERVER_ADDRESS] = address
  const showsPort = address !== undefined && !isSocket && port > 0 && port !== DEFAULT_PORT
  if (showsPort) place[ATTR_SERVER_PORT] = port
  const user = withUser ? textOf(target.user) : undefined
  if (user !== undefined) place[ATTR_DB_USER] = user
  const attributes = { [ATTR_DB_SYSTEM_NAME]: DB_SYSTEM_POSTGRESQL, ...place }
  const server =
    isSocket || address === undefined ? (address ?? DB_SYSTEM_POSTGRESQL) : hostAndPort(address, port)
  return { namespace, attributes, place, name: database === undefined ? server : `${server}/${database}` }
}

function hostAndPort(host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port > 0 ? `${name}:${port}` : name
}

/**
 * The target of a pool's connections, resolved from its options and the environment before there is one. As in
 * node-postgres, a connection string takes precedence over other options, and these over `PG*` variables.
 */
export function resolveTarget(options: ConnectionTarget): ConnectionTarget {
  const connectionString = textOf(options.connectionString)
  const parsed = connectionString === undefined ? {} : parseConnectionString(connectionString)
  if (!parsed) return {}
  const given = { ...options, ...parsed }
  const environment = process.env
  const user = textOf(given.user) ?? textOf(environment['PGUSER']) ?? textOf(environment['USER'])
  return {
    host: textOf(given.host) ?? textOf(environment['PGHOST']) ?? 'localhost',
    port: given.port || environment['PGPORT'] || DEFAULT_PORT,
    database: textOf(given.database) ?? textOf(environment['PGDATABASE']) ?? user,
    user,
    options: textOf(given.options) ?? environment['PGOPTIONS'],
  }
}

function namespaceOf(database: string | undefined, schema: string | undefined): string | undefined {
  if (database === undefined) return schema
  return schema === undefined ? database : `${database}|${schema}`
}

/** First schema of the search path set for the connection; later changes are not followed. */
function schemaOf(options: unknown): string | undefined {
  const path = /(?:^|\s)(?:-c\s*|--)search_path=((?:\\.|\S)+)/.exec(textOf(options) ?? '')?.[1]
  const first = path
    ?.split(',', 1)[0]
    ?.replace(/\\(.)/g, '$1')
    .replace(/^"(.*)"$/, '$1')
    .trim()
  return first === '' ? undefined : first
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
