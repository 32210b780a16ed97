import type { MetricDefinition } from './attributes.ts'
import {
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from './attributes.ts'

export const ATTR_HTTP_REQUEST_METHOD = 'http.request.method'
export const ATTR_HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original'
export const ATTR_HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count'
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code'
export const ATTR_HTTP_ROUTE = 'http.route'
export const ATTR_URL_FULL = 'url.full'
export const ATTR_URL_PATH = 'url.path'
export const ATTR_URL_QUERY = 'url.query'
export const ATTR_URL_SCHEME = 'url.scheme'
export const ATTR_URL_TEMPLATE = 'url.template'
export const ATTR_USER_AGENT_ORIGINAL = 'user_agent.original'
/** Prefix of the keys of captured headers; followed by the lower-case header name. */
export const ATTR_HTTP_REQUEST_HEADER_PREFIX = 'http.request.header.'
export const ATTR_HTTP_RESPONSE_HEADER_PREFIX = 'http.response.header.'

/** The response headers have arrived; the body follows. */
export const EVENT_RESPONSE_HEADERS = 'spanwright.response.headers'
/** The caller cancelled the request. */
export const EVENT_ABORTED = 'spanwright.aborted'

/** The rest of the response body can no longer be read. */
export const EVENT_BODY_ABANDONED = 'spanwright.body.abandoned'

/** A middleware or handler called `next` a second time. */
export const EVENT_NEXT_TWICE = 'spanwright.next_called_twice'
/** `next` was called after the response had started. */
export const EVENT_NEXT_AFTER_RESPONSE = 'spanwright.next_after_response'

/** The own time of a middleware or handler exceeded the threshold. */
export const EVENT_SLOW_LAYER = 'spanwright.layer.slow'
/** `middleware`, `handler` or `error handler`. */
export const ATTR_SPANWRIGHT_LAYER_KIND = 'spanwright.layer.kind'
export const ATTR_SPANWRIGHT_LAYER_NAME = 'spanwright.layer.name'
/** Own time in milliseconds. */
export const ATTR_SPANWRIGHT_LAYER_DURATION = 'spanwright.layer.duration'

const DURATION_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export const METRIC_HTTP_SERVER_REQUEST_DURATION: MetricDefinition = {
  name: 'http.server.request.duration',
  unit: 's',
  description: 'Duration of HTTP server requests.',
  boundaries: DURATION_BOUNDARIES,
}

export const METRIC_HTTP_CLIENT_REQUEST_DURATION: MetricDefinition = {
  name: 'http.client.request.duration',
  unit: 's',
  description: 'Duration of HTTP client requests.',
  boundaries: DURATION_BOUNDARIES,
}

export const METRIC_HTTP_SERVER_ACTIVE_REQUESTS: MetricDefinition = {
  name: 'http.server.active_requests',
  unit: '{request}',
  description: 'Number of active HTTP server requests.',
}

export const METRIC_HTTP_SERVER_REQUEST_BODY_SIZE: MetricDefinition = {
  name: 'http.server.request.body.size',
  unit: 'By',
  description: 'Size of HTTP server request bodies.',
}

export const METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE: MetricDefinition = {
  name: 'http.server.response.body.size',
  unit: 'By',
  description: 'Size of HTTP server response bodies.',
}

export const HTTP_SERVER_ACTIVE_REQUESTS_ATTRIBUTES: readonly string[] = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_URL_SCHEME,
]

/** Attributes of the server duration and the body sizes. `server.*` is left out: the caller chooses its value. */
export const HTTP_SERVER_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_URL_SCHEME,
  ATTR_HTTP_ROUTE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
]

export const HTTP_CLIENT_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_TEMPLATE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_NETWORK_PROTOCOL_VERSION,
]

/** The methods the convention knows; QUERY since 1.38. */
export const KNOWN_METHODS: readonly string[] = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]

/** Value for an unknown method. */
export const METHOD_OTHER = '_OTHER'

/** Query keys whose values are secrets. */
export const SENSITIVE_QUERY_KEYS: readonly string[] = [
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
]

export const METRIC_HTTP_CLIENT_ACTIVE_REQUESTS: MetricDefinition = {
  name: 'http.client.active_requests',
  unit: '{request}',
  description: 'Number of active HTTP requests.',
}

export const METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE: MetricDefinition = {
  name: 'http.client.request.body.size',
  unit: 'By',
  description: 'Size of HTTP client request bodies.',
}

export const METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE: MetricDefinition = {
  name: 'http.client.response.body.size',
  unit: 'By',
  description: 'Size of HTTP client response bodies.',
}

export const METRIC_HTTP_CLIENT_OPEN_CONNECTIONS: MetricDefinition = {
  name: 'http.client.open_connections',
  unit: '{connection}',
  description: 'Number of outbound HTTP connections that are open, at work or at rest.',
}

export const METRIC_HTTP_CLIENT_CONNECTION_DURATION: MetricDefinition = {
  name: 'http.client.connection.duration',
  unit: 's',
  description: 'Duration of outbound HTTP connections.',
  boundaries: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
}

export const ATTR_HTTP_CONNECTION_STATE = 'http.connection.state'
export const HTTP_CONNECTION_ACTIVE = 'active'
export const HTTP_CONNECTION_IDLE = 'idle'

/** Attributes of a client's active requests. */
export const HTTP_CLIENT_ACTIVE_REQUEST_ATTRIBUTES: readonly string[] = [
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_TEMPLATE,
]

/** The client starts to open the connection that the request will use. */
export const EVENT_CONNECT_START = 'spanwright.connect.start'
/** The host name has been resolved. */
export const EVENT_DNS_END = 'spanwright.dns.end'
/** The connection is open; over TLS, before the handshake. */
export const EVENT_CONNECT_END = 'spanwright.connect.end'
/** The TLS handshake is done. */
export const EVENT_TLS_END = 'spanwright.tls.end'
/** The request has left the queue and is written to a connection. */
export const EVENT_REQUEST_START = 'spanwright.request.start'
/** The last byte of the request was written to the connection. */
export const EVENT_REQUEST_END = 'spanwright.request.end'
/** The first byte of the response has arrived at the client, or left the server. */
export const EVENT_RESPONSE_START = 'spanwright.response.start'
