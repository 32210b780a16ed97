// Keys shared by every area. All values: semantic conventions 1.45.0.

/** The schema of the conventions that define all names, unless legacy names are enabled. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0'

export const ATTR_ERROR_TYPE = 'error.type'
/** The well-known fallback value of `error.type`, for failures without a specific name. */
export const ERROR_TYPE_OTHER = '_OTHER'

export const EVENT_EXCEPTION = 'exception'
export const ATTR_EXCEPTION_TYPE = 'exception.type'
export const ATTR_EXCEPTION_MESSAGE = 'exception.message'
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace'

export const ATTR_CODE_FUNCTION_NAME = 'code.function.name'

export const ATTR_SERVER_ADDRESS = 'server.address'
export const ATTR_SERVER_PORT = 'server.port'
export const ATTR_CLIENT_ADDRESS = 'client.address'
export const ATTR_CLIENT_PORT = 'client.port'
export const ATTR_NETWORK_PEER_ADDRESS = 'network.peer.address'
export const ATTR_NETWORK_PEER_PORT = 'network.peer.port'
export const ATTR_NETWORK_PROTOCOL_NAME = 'network.protocol.name'
export const ATTR_NETWORK_PROTOCOL_VERSION = 'network.protocol.version'
export const ATTR_NETWORK_TRANSPORT = 'network.transport'

/** The definition of a metric: name, unit, and for a histogram its advised bucket boundaries. */
export interface MetricDefinition {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly boundaries?: readonly number[]
}
