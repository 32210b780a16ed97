import type { Attributes, AttributeValue } from '@opentelemetry/api'

import * as common from './attributes.ts'
import * as db from './db.ts'
import * as http from './http.ts'
import * as messaging from './messaging.ts'
import * as rpc from './rpc.ts'

/** An area of the conventions with its own legacy vocabulary. */
export type SemconvArea =
  | 'http.server'
  | 'http.client'
  | 'database'
  | 'messaging'
  | 'rpc.server'
  | 'rpc.client'

/** A legacy key; a function that writes legacy attributes; or null for an attribute without a legacy name. */
type LegacyForm = string | null | ((value: AttributeValue, legacy: Attributes, latest: Attributes) => void)

const NO_ANCESTOR = {
  [common.ATTR_ERROR_TYPE]: null,
  [common.ATTR_NETWORK_PROTOCOL_NAME]: null,
  [common.ATTR_NETWORK_PROTOCOL_VERSION]: null,
  [common.ATTR_NETWORK_TRANSPORT]: null,
}

const HTTP = {
  ...NO_ANCESTOR,
  [common.ATTR_NETWORK_PEER_ADDRESS]: 'net.peer.ip',
  [common.ATTR_NETWORK_PROTOCOL_VERSION]: (version: AttributeValue, legacy: Attributes) => {
    legacy['http.flavor'] = version === '2' ? '2.0' : version === '3' ? '3.0' : version
  },
  [http.ATTR_HTTP_REQUEST_METHOD]: (method: AttributeValue, legacy: Attributes) => {
    legacy['http.method'] ??= method
  },
  // The old key had no closed set of values: it held the method as sent.
  [http.ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: 'http.method',
  [http.ATTR_HTTP_RESPONSE_STATUS_CODE]: 'http.status_code',
  [http.ATTR_HTTP_REQUEST_RESEND_COUNT]: 'http.retry_count',
  [http.ATTR_USER_AGENT_ORIGINAL]: 'http.user_agent',
  [http.ATTR_URL_SCHEME]: 'http.scheme',
  [http.ATTR_URL_TEMPLATE]: null,
}

const HTTP_SERVER = {
  ...HTTP,
  [http.ATTR_URL_PATH]: (path: AttributeValue, legacy: Attributes, latest: Attributes) => {
    const query = latest[http.ATTR_URL_QUERY]
    legacy['http.target'] = query === undefined ? path : `${String(path)}?${String(query)}`
  },
  [http.ATTR_URL_QUERY]: null,
  [common.ATTR_SERVER_ADDRESS]: 'net.host.name',
  [common.ATTR_SERVER_PORT]: 'net.host.port',
  [common.ATTR_CLIENT_ADDRESS]: 'http.client_ip',
  [common.ATTR_CLIENT_PORT]: null,
  [common.ATTR_NETWORK_PEER_PORT]: 'net.peer.port',
}

const HTTP_CLIENT = {
  ...HTTP,
  [http.ATTR_URL_FULL]: (url: AttributeValue, legacy: Attributes) => {
    // The old key dropped credentials; the new one replaces them by REDACTED.
    legacy['http.url'] = String(url).replace('://REDACTED:REDACTED@', '://').replace('://REDACTED@', '://')
  },
  [common.ATTR_SERVER_ADDRESS]: 'net.peer.name',
  [common.ATTR_SERVER_PORT]: 'net.peer.port',
  // The old set had only one port for the peer: the port of the name above.
  [common.ATTR_NETWORK_PEER_PORT]: null,
}

const DATABASE = {
  ...NO_ANCESTOR,
  [db.ATTR_DB_SYSTEM_NAME]: 'db.system',
  [db.ATTR_DB_NAMESPACE]: (namespace: AttributeValue, legacy: Attributes) => {
    legacy['db.name'] = String(namespace).split('|', 1)[0] ?? ''
  },
  [db.ATTR_DB_QUERY_TEXT]: 'db.statement',
  [db.ATTR_DB_QUERY_SUMMARY]: (summary: AttributeValue, legacy: Attributes) => {
    legacy['db.operation'] = String(summary).split(' ', 1)[0] ?? ''
  },
  [db.ATTR_DB_STORED_PROCEDURE_NAME]: null,
  [db.ATTR_DB_OPERATION_BATCH_SIZE]: null,
  [db.ATTR_DB_RESPONSE_STATUS_CODE]: null,
  [db.ATTR_DB_RESPONSE_RETURNED_ROWS]: null,
  [db.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: 'pool.name',
  [db.ATTR_DB_CLIENT_CONNECTION_STATE]: 'state',
  [common.ATTR_SERVER_ADDRESS]: 'net.peer.name',
  [common.ATTR_SERVER_PORT]: 'net.peer.port',
  [common.ATTR_NETWORK_PEER_ADDRESS]: 'net.peer.ip',
  // The old set had only one port for the peer: the port of the name above.
  [common.ATTR_NETWORK_PEER_PORT]: null,
}

const MESSAGING = {
  ...NO_ANCESTOR,
  [messaging.ATTR_MESSAGING_SYSTEM_NAME]: 'messaging.system',
  [messaging.ATTR_MESSAGING_OPERATION_NAME]: null,
  [messaging.ATTR_MESSAGING_OPERATION_TYPE]: (type: AttributeValue, legacy: Attributes) => {
    legacy['messaging.operation'] = type === messaging.OPERATION_TYPE_SEND ? 'publish' : type
  },
  [messaging.ATTR_MESSAGING_DESTINATION_NAME]: (topic: AttributeValue, legacy: Attributes) => {
    legacy['messaging.destination'] = topic
    legacy['messaging.destination_kind'] = 'topic'
  },
  [messaging.ATTR_MESSAGING_DESTINATION_PARTITION_ID]: (partition: AttributeValue, legacy: Attributes) => {
    legacy['messaging.kafka.partition'] = Number(partition)
  },
  [messaging.ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: null,
  [messaging.ATTR_MESSAGING_CONSUMER_GROUP_NAME]: 'messaging.kafka.consumer_group',
  [messaging.ATTR_MESSAGING_CLIENT_ID]: 'messaging.kafka.client_id',
  [messaging.ATTR_MESSAGING_MESSAGE_BODY_SIZE]: 'messaging.message_payload_size_bytes',
  [messaging.ATTR_KAFKA_CLUSTER_ID]: null,
  [messaging.ATTR_KAFKA_OFFSET]: 'messaging.kafka.message.offset',
  [messaging.ATTR_KAFKA_MESSAGE_KEY]: 'messaging.kafka.message_key',
  [messaging.ATTR_KAFKA_MESSAGE_TOMBSTONE]: 'messaging.kafka.tombstone',
  [common.ATTR_SERVER_ADDRESS]: 'net.peer.name',
  [common.ATTR_SERVER_PORT]: 'net.peer.port',
  [common.ATTR_NETWORK_PEER_ADDRESS]: 'net.peer.ip',
  [common.ATTR_NETWORK_PEER_PORT]: null,
}

const RPC = {
  ...NO_ANCESTOR,
  [rpc.ATTR_RPC_SYSTEM_NAME]: 'rpc.system',
  [rpc.ATTR_RPC_METHOD]: (method: AttributeValue, legacy: Attributes) => {
    const slash = String(method).lastIndexOf('/')
    if (slash > 0) legacy['rpc.service'] = String(method).slice(0, slash)
    legacy['rpc.method'] = String(method).slice(slash + 1)
  },
  [rpc.ATTR_RPC_STATUS_CODE]: (code: AttributeValue, legacy: Attributes) => {
    const number = rpc.GRPC_STATUS_CODES.indexOf(String(code))
    legacy['rpc.grpc.status_code'] = number < 0 ? Number(code) : number
  },
  [common.ATTR_NETWORK_PEER_ADDRESS]: 'net.peer.ip',
}

const RPC_SERVER = {
  ...RPC,
  [common.ATTR_SERVER_ADDRESS]: 'net.host.name',
  [common.ATTR_SERVER_PORT]: 'net.host.port',
  [common.ATTR_NETWORK_PEER_PORT]: 'net.peer.port',
}

const RPC_CLIENT = {
  ...RPC,
  [common.ATTR_SERVER_ADDRESS]: 'net.peer.name',
  [common.ATTR_SERVER_PORT]: 'net.peer.port',
  // The old set had only one port for the peer: the port of the name above.
  [common.ATTR_NETWORK_PEER_PORT]: null,
}

type LegacyTable = ReadonlyMap<string, LegacyForm>

const TABLES: Record<SemconvArea, LegacyTable> = {
  'http.server': tableOf(HTTP_SERVER),
  'http.client': tableOf(HTTP_CLIENT),
  database: tableOf(DATABASE),
  messaging: tableOf(MESSAGING),
  'rpc.server': tableOf(RPC_SERVER),
  'rpc.client': tableOf(RPC_CLIENT),
}

function tableOf(forms: Readonly<Record<string, LegacyForm>>): LegacyTable {
  return new Map(Object.entries(forms))
}

/** Translation of attributes to a vocabulary; undefined for the latest one, in which attributes are built. */
export function translatorOf(
  area: SemconvArea,
  semconv: 'latest' | 'legacy' | 'both',
): ((latest: Attributes) => Attributes) | undefined {
  if (semconv === 'latest') return undefined
  const translate = legacyTranslatorOf(area)
  return semconv === 'legacy' ? translate : latest => ({ ...translate(latest), ...latest })
}

/** Translation of attributes to legacy names only. */
export function legacyTranslatorOf(area: SemconvArea): (latest: Attributes) => Attributes {
  const table = TABLES[area]
  return latest => toLegacy(table, latest)
}

/**
 * Attributes in legacy names. A key missing in the table is the user's own, or has the same name in both: it is kept.
 */
function toLegacy(table: LegacyTable, latest: Attributes): Attributes {
  const legacy: Attributes = {}
  for (const key of Object.keys(latest)) {
    const value = latest[key]
    if (value === undefined) continue
    const form = table.get(key)
    if (form === undefined) legacy[legacyKeyOf(key)] = value
    else if (typeof form === 'string') legacy[form] = value
    else if (form !== null) form(value, legacy, latest)
  }
  return legacy
}

const HEADER_KEY = /^http\.(?:request|response)\.header\./
const METADATA_KEY = /^rpc\.(request|response)\.(?:header|trailer)\./

/** Captured headers had underscores instead of dashes; captured metadata had one prefix for headers and trailers. */
function legacyKeyOf(key: string): string {
  if (HEADER_KEY.test(key)) return key.replaceAll('-', '_')
  return key.replace(METADATA_KEY, 'rpc.grpc.$1.metadata.')
}

/** Metrics that had another legacy name, by their latest name. Other metrics keep name and unit. */
export const LEGACY_METRIC_NAMES: Readonly<Record<string, string>> = {
  'http.server.request.duration': 'http.server.duration',
  'http.client.request.duration': 'http.client.duration',
  'rpc.server.call.duration': 'rpc.server.duration',
  'rpc.client.call.duration': 'rpc.client.duration',
  'db.client.connection.count': 'db.client.connections.usage',
  'db.client.connection.limit': 'db.client.connections.max',
  'db.client.connection.idle.max': 'db.client.connections.idle.max',
  'db.client.connection.idle.min': 'db.client.connections.idle.min',
  'db.client.connection.pending_requests': 'db.client.connections.pending_requests',
  'db.client.connection.timeouts': 'db.client.connections.timeouts',
  'db.client.connection.create_time': 'db.client.connections.create_time',
  'db.client.connection.wait_time': 'db.client.connections.wait_time',
  'db.client.connection.use_time': 'db.client.connections.use_time',
}

/** A metric of the legacy vocabulary. */
interface LegacyMetric {
  readonly definition: common.MetricDefinition
  /** Factor to multiply a latest value by. */
  readonly factor: number
}

/** The legacy form of a metric; undefined for one that keeps name and unit. Durations were in milliseconds. */
export function legacyMetricOf({
  name,
  unit,
  description,
}: common.MetricDefinition): LegacyMetric | undefined {
  const legacyName = LEGACY_METRIC_NAMES[name]
  if (legacyName === undefined) return undefined
  const isDuration = unit === 's'
  return {
    definition: { name: legacyName, unit: isDuration ? 'ms' : unit, description },
    factor: isDuration ? 1000 : 1,
  }
}
