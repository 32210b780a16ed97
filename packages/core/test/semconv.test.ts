import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { describe, expect, it } from '@jest/globals'

import * as attributes from '../src/semconv/attributes.ts'
import * as db from '../src/semconv/db.ts'
import * as http from '../src/semconv/http.ts'
import * as messaging from '../src/semconv/messaging.ts'
import * as rpc from '../src/semconv/rpc.ts'

const ours: Record<string, unknown> = { ...attributes, ...db, ...http, ...messaging, ...rpc }
const theirs = conventions as Readonly<Record<string, unknown>>

const texts = Object.entries(ours).filter(
  (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== 'SCHEMA_URL',
)
const own = texts.filter(([, text]) => text.startsWith('spanwright.'))
const keys = texts.filter(entry => entry[0].startsWith('ATTR_') && !own.includes(entry))
const values = texts.filter(entry => !entry[0].startsWith('ATTR_') && !own.includes(entry))
const metrics = Object.entries(ours).filter(
  (entry): entry is [string, attributes.MetricDefinition] =>
    entry[0].startsWith('METRIC_') && !entry[0].startsWith('METRIC_SPANWRIGHT_'),
)

/** Prefixes of constants for values, whose names are shorter than those of the conventions. */
const VALUE_NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  ['ERROR_TYPE_', 'ERROR_TYPE_VALUE_'],
  ['METHOD_', 'HTTP_REQUEST_METHOD_VALUE_'],
  ['DB_SYSTEM_', 'DB_SYSTEM_NAME_VALUE_'],
  ['HTTP_CONNECTION_', 'HTTP_CONNECTION_STATE_VALUE_'],
  ['CONNECTION_STATE_', 'DB_CLIENT_CONNECTION_STATE_VALUE_'],
  ['MESSAGING_SYSTEM_', 'MESSAGING_SYSTEM_NAME_VALUE_'],
  ['OPERATION_TYPE_', 'MESSAGING_OPERATION_TYPE_VALUE_'],
  ['RPC_SYSTEM_', 'RPC_SYSTEM_NAME_VALUE_'],
]

const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const CONNECTION_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
const DB_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

/** Units and advised boundaries of conventions 1.45.0. */
const METRICS: Readonly<Record<string, readonly [unit: string, boundaries?: readonly number[]]>> = {
  'http.server.request.duration': ['s', HTTP_SECONDS],
  'http.client.request.duration': ['s', HTTP_SECONDS],
  'http.server.active_requests': ['{request}'],
  'http.client.active_requests': ['{request}'],
  'http.server.request.body.size': ['By'],
  'http.server.response.body.size': ['By'],
  'http.client.request.body.size': ['By'],
  'http.client.response.body.size': ['By'],
  'http.client.open_connections': ['{connection}'],
  'http.client.connection.duration': ['s', CONNECTION_SECONDS],
  'db.client.operation.duration': ['s', DB_SECONDS],
  'db.client.response.returned_rows': ['{row}', ROWS],
  'db.client.connection.count': ['{connection}'],
  'db.client.connection.idle.max': ['{connection}'],
  'db.client.connection.idle.min': ['{connection}'],
  'db.client.connection.limit': ['{connection}'],
  'db.client.connection.pending_requests': ['{request}'],
  'db.client.connection.timeouts': ['{timeout}'],
  'db.client.connection.create_time': ['s'],
  'db.client.connection.wait_time': ['s'],
  'db.client.connection.use_time': ['s'],
  'messaging.client.operation.duration': ['s', HTTP_SECONDS],
  'messaging.process.duration': ['s', HTTP_SECONDS],
  'messaging.client.sent.messages': ['{message}'],
  'messaging.client.consumed.messages': ['{message}'],
  'rpc.client.call.duration': ['s', HTTP_SECONDS],
  'rpc.server.call.duration': ['s', HTTP_SECONDS],
}

/** A key of the conventions; for a template with a name inserted. */
function conventionOf(name: string): unknown {
  const convention = theirs[name.replace(/_PREFIX$/, '')]
  return typeof convention === 'function' ? (convention as (part: string) => string)('') : convention
}

describe('the names of the semantic conventions', () => {
  it.each(keys)('%s is %s', (name, key) => {
    expect(key).toBe(conventionOf(name))
  })

  it.each(values)('%s is %s', (name, value) => {
    const rule = VALUE_NAMES.find(([prefix]) => name.startsWith(prefix))
    expect(value).toBe(theirs[name.replace(rule?.[0] ?? '', rule?.[1] ?? '')])
  })

  it('of query parameters follow the template', () => {
    expect(db.dbQueryParameterKey('0')).toBe(conventions.ATTR_DB_QUERY_PARAMETER('0'))
  })

  it('of methods are all that are known', () => {
    const known = Object.entries(theirs)
      .filter(([name]) => name.startsWith('HTTP_REQUEST_METHOD_VALUE_'))
      .map(([, method]) => method)
    expect(new Set([...http.KNOWN_METHODS, http.METHOD_OTHER])).toEqual(new Set(known))
  })

  it('are defined once each', () => {
    const written = keys.map(([, key]) => key)
    expect(written).toEqual([...new Set(written)])
  })
})

describe('the metrics of the semantic conventions', () => {
  it.each(metrics)('%s has the name, unit and boundaries advised', (constant, definition) => {
    expect(definition.name).toBe(theirs[constant])
    expect([definition.unit, definition.boundaries]).toEqual([
      METRICS[definition.name]?.[0],
      METRICS[definition.name]?.[1],
    ])
    expect(definition.description).toMatch(/^[A-Z].+\.$/)
  })
})
