import type { Attributes } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import * as common from '../src/semconv/attributes.ts'
import * as db from '../src/semconv/db.ts'
import * as http from '../src/semconv/http.ts'
import {
  LEGACY_METRIC_NAMES,
  legacyMetricOf,
  legacyTranslatorOf,
  type SemconvArea,
  translatorOf,
} from '../src/semconv/legacy.ts'
import * as messaging from '../src/semconv/messaging.ts'
import * as rpc from '../src/semconv/rpc.ts'

type Case = [what: string, latest: Attributes, legacy: Attributes]

const HTTP: Case[] = [
  ['method', { 'http.request.method': 'GET' }, { 'http.method': 'GET' }],
  [
    'method that is not known, as it was sent',
    { 'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE' },
    { 'http.method': 'PURGE' },
  ],
  [
    'method that is not known, in the other order',
    { 'http.request.method_original': 'PURGE', 'http.request.method': '_OTHER' },
    { 'http.method': 'PURGE' },
  ],
  ['status', { 'http.response.status_code': 404 }, { 'http.status_code': 404 }],
  ['route', { 'http.route': '/users/:id' }, { 'http.route': '/users/:id' }],
  ['scheme', { 'url.scheme': 'https' }, { 'http.scheme': 'https' }],
  ['user agent', { 'user_agent.original': 'curl/8' }, { 'http.user_agent': 'curl/8' }],
  ['version 1.1', { 'network.protocol.version': '1.1' }, { 'http.flavor': '1.1' }],
  ['version 2', { 'network.protocol.version': '2' }, { 'http.flavor': '2.0' }],
  ['version 3', { 'network.protocol.version': '3' }, { 'http.flavor': '3.0' }],
  ['peer', { 'network.peer.address': '10.0.0.7' }, { 'net.peer.ip': '10.0.0.7' }],
  [
    'captured headers',
    { 'http.request.header.x-request-id': ['a'], 'http.response.header.cache-control': ['b'] },
    { 'http.request.header.x_request_id': ['a'], 'http.response.header.cache_control': ['b'] },
  ],
  ['error type, which had no key', { 'error.type': '500' }, {}],
  [
    'protocol and transport, which had no key',
    { 'network.protocol.name': 'http', 'network.transport': 'tcp' },
    {},
  ],
]

const RPC: Case[] = [
  [
    'service and method',
    { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.v1.Cart/Add' },
    { 'rpc.system': 'grpc', 'rpc.service': 'shop.v1.Cart', 'rpc.method': 'Add' },
  ],
  ['a method without a service', { 'rpc.method': 'Add' }, { 'rpc.method': 'Add' }],
  ['status', { 'rpc.status_code': 'NOT_FOUND' }, { 'rpc.grpc.status_code': 5 }],
  ['a status without a name', { 'rpc.status_code': '99' }, { 'rpc.grpc.status_code': 99 }],
  [
    'captured metadata',
    { 'rpc.request.header.x-id': ['a'], 'rpc.response.header.x-id': ['b'], 'rpc.response.trailer.x': ['c'] },
    {
      'rpc.grpc.request.metadata.x-id': ['a'],
      'rpc.grpc.response.metadata.x-id': ['b'],
      'rpc.grpc.response.metadata.x': ['c'],
    },
  ],
  ['error type, which had no key', { 'error.type': 'NOT_FOUND' }, {}],
]

const CASES: Record<SemconvArea, Case[]> = {
  'http.server': [
    ...HTTP,
    ['target', { 'url.path': '/a', 'url.query': 'b=c' }, { 'http.target': '/a?b=c' }],
    ['target without a query', { 'url.path': '/a' }, { 'http.target': '/a' }],
    [
      'addresses',
      {
        'server.address': 'shop.example',
        'server.port': 8080,
        'client.address': '10.0.0.7',
        'client.port': 5,
      },
      { 'net.host.name': 'shop.example', 'net.host.port': 8080, 'http.client_ip': '10.0.0.7' },
    ],
    ['port of the peer', { 'network.peer.port': 4711 }, { 'net.peer.port': 4711 }],
  ],
  'http.client': [
    ...HTTP,
    [
      'URL and address',
      { 'url.full': 'https://shop.example/a?b=c', 'server.address': 'shop.example', 'server.port': 443 },
      { 'http.url': 'https://shop.example/a?b=c', 'net.peer.name': 'shop.example', 'net.peer.port': 443 },
    ],
    [
      'URL without credentials',
      { 'url.full': 'https://REDACTED:REDACTED@shop.example/' },
      { 'http.url': 'https://shop.example/' },
    ],
    [
      'URL with a user name',
      { 'url.full': 'https://REDACTED@shop.example/' },
      { 'http.url': 'https://shop.example/' },
    ],
    ['resend', { 'http.request.resend_count': 2 }, { 'http.retry_count': 2 }],
    ['port of the peer, which had no key beside that of the name', { 'network.peer.port': 4711 }, {}],
    ['template, which had no key', { 'url.template': '/users/{id}' }, {}],
  ],
  database: [
    [
      'query',
      { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT 1', 'db.query.summary': 'SELECT users' },
      { 'db.system': 'postgresql', 'db.statement': 'SELECT 1', 'db.operation': 'SELECT' },
    ],
    ['database', { 'db.namespace': 'shop' }, { 'db.name': 'shop' }],
    ['database with a schema', { 'db.namespace': 'shop|public' }, { 'db.name': 'shop' }],
    ['user', { 'db.user': 'clerk' }, { 'db.user': 'clerk' }],
    [
      'address',
      { 'server.address': 'db.example', 'server.port': 5433 },
      { 'net.peer.name': 'db.example', 'net.peer.port': 5433 },
    ],
    [
      'peer',
      { 'network.peer.address': '10.0.0.7', 'network.peer.port': 5432 },
      { 'net.peer.ip': '10.0.0.7' },
    ],
    [
      'answer, which had no key',
      {
        'db.response.status_code': '23505',
        'db.response.returned_rows': 3,
        'db.operation.batch.size': 2,
        'error.type': '23505',
      },
      {},
    ],
  ],
  messaging: [
    [
      'topic',
      { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' },
      {
        'messaging.system': 'kafka',
        'messaging.destination': 'orders',
        'messaging.destination_kind': 'topic',
      },
    ],
    [
      'send',
      { 'messaging.operation.type': 'send', 'messaging.operation.name': 'send' },
      { 'messaging.operation': 'publish' },
    ],
    ['receive', { 'messaging.operation.type': 'receive' }, { 'messaging.operation': 'receive' }],
    ['process', { 'messaging.operation.type': 'process' }, { 'messaging.operation': 'process' }],
    [
      'partition, as a number',
      { 'messaging.destination.partition.id': '7' },
      { 'messaging.kafka.partition': 7 },
    ],
    [
      'group',
      { 'messaging.consumer.group.name': 'fulfilment' },
      { 'messaging.kafka.consumer_group': 'fulfilment' },
    ],
    ['client', { 'messaging.client.id': 'shop' }, { 'messaging.kafka.client_id': 'shop' }],
    [
      'message',
      { 'kafka.offset': 12, 'kafka.message.key': 'a', 'kafka.message.tombstone': true },
      {
        'messaging.kafka.message.offset': 12,
        'messaging.kafka.message_key': 'a',
        'messaging.kafka.tombstone': true,
      },
    ],
    ['size', { 'messaging.message.body.size': 5 }, { 'messaging.message_payload_size_bytes': 5 }],
    [
      'broker',
      {
        'server.address': 'kafka.example',
        'server.port': 9092,
        'network.peer.address': '10.0.0.7',
        'network.peer.port': 1,
      },
      { 'net.peer.name': 'kafka.example', 'net.peer.port': 9092, 'net.peer.ip': '10.0.0.7' },
    ],
    [
      'count, cluster and error, which had no key',
      { 'messaging.batch.message_count': 3, 'kafka.cluster.id': 'x', 'error.type': 'TIMEOUT' },
      {},
    ],
  ],
  'rpc.server': [
    ...RPC,
    [
      'addresses',
      {
        'server.address': 'cart.example',
        'server.port': 50051,
        'network.peer.address': '10.0.0.7',
        'network.peer.port': 4711,
      },
      {
        'net.host.name': 'cart.example',
        'net.host.port': 50051,
        'net.peer.ip': '10.0.0.7',
        'net.peer.port': 4711,
      },
    ],
  ],
  'rpc.client': [
    ...RPC,
    [
      'server',
      {
        'server.address': 'cart.example',
        'server.port': 50051,
        'network.peer.address': '10.0.0.7',
        'network.peer.port': 1,
      },
      { 'net.peer.name': 'cart.example', 'net.peer.port': 50051, 'net.peer.ip': '10.0.0.7' },
    ],
  ],
}

const AREAS = Object.keys(CASES) as SemconvArea[]
const rows = AREAS.flatMap(area =>
  CASES[area].map(([what, ...rest]) => [`${area}: ${what}`, area, ...rest] as const),
)

/** Of events and functions, which have the same names in both. */
const EXCEPTION = ['code.function.name', 'exception.message', 'exception.stacktrace', 'exception.type']

/** Keys that both vocabularies have, or that only a metric without an ancestor takes, which needs them. */
const UNCHANGED: Record<SemconvArea, readonly string[]> = {
  'http.server': [...EXCEPTION, 'http.connection.state', 'http.route'],
  'http.client': [...EXCEPTION, 'http.connection.state', 'http.route'],
  database: [...EXCEPTION, 'db.user'],
  messaging: [...EXCEPTION],
  'rpc.server': [...EXCEPTION, 'rpc.method'],
  'rpc.client': [...EXCEPTION, 'rpc.method'],
}

describe('the legacy vocabulary', () => {
  it.each(rows)('has its names for %s', (_, area, latest, legacy) => {
    const before = { ...latest }
    expect(legacyTranslatorOf(area)(latest)).toEqual(legacy)
    expect(translatorOf(area, 'legacy')?.(latest)).toEqual(legacy)
    expect(translatorOf(area, 'both')?.(latest)).toEqual({ ...legacy, ...latest })
    expect(latest).toEqual(before)
  })

  it.each(AREAS)('leaves no name of the latest one on a span of %s', area => {
    const leftovers = latestKeys(area).filter(key => key in legacyTranslatorOf(area)({ [key]: 'x' }))
    expect(leftovers).toEqual(UNCHANGED[area])
  })

  it('costs nothing when it is off', () => {
    expect(AREAS.map(area => translatorOf(area, 'latest'))).toEqual(AREAS.map(() => undefined))
  })

  it.each(['constructor', 'toString', 'hasOwnProperty', 'app.tenant'])(
    'leaves the key %s alone, which is the user’s own',
    key => {
      for (const area of AREAS) {
        expect(Object.entries(legacyTranslatorOf(area)({ [key]: ['x'] }))).toEqual([[key, ['x']]])
      }
    },
  )

  it.each(['constructor', 'toString', 'settle'])('does not rename an operation called %s', type => {
    expect(legacyTranslatorOf('messaging')({ 'messaging.operation.type': type })).toEqual({
      'messaging.operation': type,
    })
  })

  it('omits undefined values', () => {
    expect(legacyTranslatorOf('http.server')({ 'http.route': undefined })).toEqual({})
  })

  it('has milliseconds for the durations of HTTP, RPC and connection pools, and other names for these alone', () => {
    const {
      'http.server.request.duration': server,
      'http.client.request.duration': client,
      'rpc.server.call.duration': rpcServer,
      'rpc.client.call.duration': rpcClient,
      ...pools
    } = legacyMetrics()
    expect(server).toEqual({ name: 'http.server.duration', unit: 'ms', factor: 1000 })
    expect(client).toEqual({ name: 'http.client.duration', unit: 'ms', factor: 1000 })
    expect(rpcServer).toEqual({ name: 'rpc.server.duration', unit: 'ms', factor: 1000 })
    expect(rpcClient).toEqual({ name: 'rpc.client.duration', unit: 'ms', factor: 1000 })
    expect(Object.entries(pools).map(([latest, { name, unit }]) => [latest, name, unit])).toEqual([
      ['db.client.connection.count', 'db.client.connections.usage', '{connection}'],
      ['db.client.connection.limit', 'db.client.connections.max', '{connection}'],
      ['db.client.connection.idle.max', 'db.client.connections.idle.max', '{connection}'],
      ['db.client.connection.idle.min', 'db.client.connections.idle.min', '{connection}'],
      ['db.client.connection.pending_requests', 'db.client.connections.pending_requests', '{request}'],
      ['db.client.connection.timeouts', 'db.client.connections.timeouts', '{timeout}'],
      ['db.client.connection.create_time', 'db.client.connections.create_time', 'ms'],
      ['db.client.connection.wait_time', 'db.client.connections.wait_time', 'ms'],
      ['db.client.connection.use_time', 'db.client.connections.use_time', 'ms'],
    ])
    expect(Object.values(pools).every(({ unit, factor }) => factor === (unit === 'ms' ? 1000 : 1))).toBe(true)
  })
})

/** Metrics with another name in the legacy vocabulary, by their latest name. */
function legacyMetrics(): Record<string, { name: string; unit: string; factor: number }> {
  const definitions = [http, db, messaging, rpc].flatMap<unknown>(Object.values) as common.MetricDefinition[]
  return Object.fromEntries(
    Object.keys(LEGACY_METRIC_NAMES).map(latest => {
      const { definition, factor } = legacyMetricOf(definitions.find(({ name }) => name === latest)!)!
      return [latest, { name: definition.name, unit: definition.unit, factor }]
    }),
  )
}

/** Keys in the files of an area that belong to another one, to metrics only, or to Spanwright. */
const NEVER_ON_SPANS: Record<SemconvArea, RegExp> = {
  'http.server': /^(?:spanwright\.|url\.full)/,
  'http.client': /^(?:spanwright\.|url\.path|url\.query|client\.)/,
  database: /^(?:spanwright\.|db\.client\.connection\.|client\.)/,
  messaging: /^(?:spanwright\.|client\.)/,
  'rpc.server': /^(?:spanwright\.|client\.)/,
  'rpc.client': /^(?:spanwright\.|client\.)/,
}

const OWN: Record<SemconvArea, Readonly<Record<string, unknown>>> = {
  'http.server': http,
  'http.client': http,
  database: db,
  messaging,
  'rpc.server': rpc,
  'rpc.client': rpc,
}

/** Every key a span of an area can have. */
function latestKeys(area: SemconvArea): string[] {
  const all: Readonly<Record<string, unknown>> = { ...common, ...OWN[area] }
  return Object.entries(all)
    .filter(([name]) => name.startsWith('ATTR_') && !name.endsWith('_PREFIX'))
    .map(([, key]) => String(key))
    .filter(key => !NEVER_ON_SPANS[area].test(key))
}
