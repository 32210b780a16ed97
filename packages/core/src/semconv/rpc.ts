import type { MetricDefinition } from './attributes.ts'
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from './attributes.ts'

export const ATTR_RPC_SYSTEM_NAME = 'rpc.system.name'
export const RPC_SYSTEM_GRPC = 'grpc'
/** Service and method, fully qualified: `shop.Cart/Add`. */
export const ATTR_RPC_METHOD = 'rpc.method'
export const ATTR_RPC_STATUS_CODE = 'rpc.status_code'
/** Prefix of captured request metadata, followed by the lower-case name. */
export const ATTR_RPC_REQUEST_HEADER_PREFIX = 'rpc.request.header.'
/** Prefix of captured metadata that came before the response messages. */
export const ATTR_RPC_RESPONSE_HEADER_PREFIX = 'rpc.response.header.'
/** Prefix of captured metadata that came with the status. */
export const ATTR_RPC_RESPONSE_TRAILER_PREFIX = 'rpc.response.trailer.'

/** Numbers and sizes in bytes of the messages of one call. */
export const ATTR_SPANWRIGHT_RPC_REQUEST_MESSAGES = 'spanwright.rpc.request.messages'
export const ATTR_SPANWRIGHT_RPC_REQUEST_SIZE = 'spanwright.rpc.request.size'
export const ATTR_SPANWRIGHT_RPC_RESPONSE_MESSAGES = 'spanwright.rpc.response.messages'
export const ATTR_SPANWRIGHT_RPC_RESPONSE_SIZE = 'spanwright.rpc.response.size'

/** A message was sent or received. The conventions have deprecated `rpc.message` without a successor. */
export const EVENT_RPC_MESSAGE = 'spanwright.rpc.message'
/** `sent` or `received`. */
export const ATTR_SPANWRIGHT_RPC_MESSAGE_TYPE = 'spanwright.rpc.message.type'
/** The how many-th message of its type in the call, from 1. */
export const ATTR_SPANWRIGHT_RPC_MESSAGE_ID = 'spanwright.rpc.message.id'

/** Names of the status codes of gRPC, by number. */
export const GRPC_STATUS_CODES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/** Status codes that make the span of a gRPC server an error; on a client, all but `OK` do. */
export const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
])

const DURATION_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export const METRIC_RPC_CLIENT_CALL_DURATION: MetricDefinition = {
  name: 'rpc.client.call.duration',
  unit: 's',
  description: 'Duration of outgoing remote procedure calls.',
  boundaries: DURATION_BOUNDARIES,
}

export const METRIC_RPC_SERVER_CALL_DURATION: MetricDefinition = {
  name: 'rpc.server.call.duration',
  unit: 's',
  description: 'Duration of incoming remote procedure calls.',
  boundaries: DURATION_BOUNDARIES,
}

/** The address is opt-in for servers, which may be reached by many names. */
export const RPC_SERVER_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_RPC_SYSTEM_NAME,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_ERROR_TYPE,
]

export const RPC_CLIENT_METRIC_ATTRIBUTES: readonly string[] = [
  ...RPC_SERVER_METRIC_ATTRIBUTES,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
]
