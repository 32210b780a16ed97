/**
 * The attributes of the vocabulary that `semconv: 'legacy'` writes, with their types: conventions 1.7.0, and for
 * attributes these lack, the next version that defined them.
 */
export const LEGACY_ATTRIBUTES: Readonly<Record<string, string>> = {
  'http.method': 'string',
  'http.url': 'string',
  'http.target': 'string',
  'http.scheme': 'string',
  'http.status_code': 'int',
  'http.flavor': 'string',
  'http.user_agent': 'string',
  'http.client_ip': 'string',
  'http.retry_count': 'int',
  'net.peer.ip': 'string',
  'net.peer.name': 'string',
  'net.peer.port': 'int',
  'net.host.name': 'string',
  'net.host.port': 'int',
  'db.system': 'string',
  'db.name': 'string',
  'db.user': 'string',
  'db.statement': 'string',
  'db.operation': 'string',
  'pool.name': 'string',
  state: 'string',
  'messaging.system': 'string',
  'messaging.destination': 'string',
  'messaging.destination_kind': 'string',
  'messaging.operation': 'string',
  'messaging.message.id': 'string',
  'messaging.message_payload_size_bytes': 'int',
  'messaging.kafka.partition': 'int',
  'messaging.kafka.consumer_group': 'string',
  'messaging.kafka.client_id': 'string',
  'messaging.kafka.message_key': 'string',
  'messaging.kafka.message.offset': 'int',
  'messaging.kafka.tombstone': 'boolean',
  'rpc.system': 'string',
  'rpc.service': 'string',
  'rpc.method': 'string',
  'rpc.grpc.status_code': 'int',
}

/** A type of span in the legacy vocabulary. */
export interface LegacySpanEntry {
  /** The attribute that identifies it. */
  readonly marker: string
  readonly kinds: readonly string[]
  readonly required: readonly string[]
}

export const LEGACY_SPANS: readonly LegacySpanEntry[] = [
  { marker: 'http.target', kinds: ['SERVER'], required: ['http.method', 'http.scheme'] },
  { marker: 'http.url', kinds: ['CLIENT'], required: ['http.method', 'net.peer.name', 'net.peer.port'] },
  { marker: 'db.system', kinds: ['CLIENT'], required: [] },
  {
    marker: 'messaging.system',
    kinds: ['PRODUCER', 'CONSUMER', 'CLIENT'],
    required: ['messaging.operation'],
  },
  { marker: 'rpc.system', kinds: ['CLIENT', 'SERVER'], required: ['rpc.service', 'rpc.method'] },
]

/** Legacy metrics whose name or unit differs from the latest one. */
export const LEGACY_METRICS: Readonly<Record<string, string>> = {
  'http.server.duration': 'ms',
  'http.client.duration': 'ms',
  'rpc.server.duration': 'ms',
  'rpc.client.duration': 'ms',
  'db.client.connections.usage': '{connection}',
  'db.client.connections.max': '{connection}',
  'db.client.connections.idle.max': '{connection}',
  'db.client.connections.idle.min': '{connection}',
  'db.client.connections.pending_requests': '{request}',
  'db.client.connections.timeouts': '{timeout}',
  'db.client.connections.create_time': 'ms',
  'db.client.connections.wait_time': 'ms',
  'db.client.connections.use_time': 'ms',
}
