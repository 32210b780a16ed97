import type { MetricDefinition } from './attributes.ts'
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from './attributes.ts'

export const ATTR_DB_SYSTEM_NAME = 'db.system.name'
export const DB_SYSTEM_POSTGRESQL = 'postgresql'
export const ATTR_DB_NAMESPACE = 'db.namespace'
export const ATTR_DB_QUERY_TEXT = 'db.query.text'
export const ATTR_DB_QUERY_SUMMARY = 'db.query.summary'
export const ATTR_DB_STORED_PROCEDURE_NAME = 'db.stored_procedure.name'
export const ATTR_DB_OPERATION_BATCH_SIZE = 'db.operation.batch.size'
export const ATTR_DB_RESPONSE_STATUS_CODE = 'db.response.status_code'
export const ATTR_DB_RESPONSE_RETURNED_ROWS = 'db.response.returned_rows'
/** Legacy vocabulary only: the latest one has no attribute for the user. */
export const ATTR_DB_USER = 'db.user'
export const ATTR_DB_CLIENT_CONNECTION_POOL_NAME = 'db.client.connection.pool.name'
export const ATTR_DB_CLIENT_CONNECTION_STATE = 'db.client.connection.state'
export const CONNECTION_STATE_IDLE = 'idle'
export const CONNECTION_STATE_USED = 'used'

export const ATTR_SPANWRIGHT_DB_TRANSACTION_OUTCOME = 'spanwright.db.transaction.outcome'
export const ATTR_SPANWRIGHT_DB_TRANSACTION_STATEMENTS = 'spanwright.db.transaction.statements'
export const ATTR_SPANWRIGHT_DB_TRANSACTION_IDLE_TIME = 'spanwright.db.transaction.idle_time'
/** Time a query waited for a connection of its pool, in seconds. */
export const ATTR_SPANWRIGHT_DB_WAIT_TIME = 'spanwright.db.wait_time'
/** The database object an error refers to, as named by the server. */
export const ATTR_SPANWRIGHT_DB_ERROR_SCHEMA = 'spanwright.db.error.schema'
export const ATTR_SPANWRIGHT_DB_ERROR_TABLE = 'spanwright.db.error.table'
export const ATTR_SPANWRIGHT_DB_ERROR_COLUMN = 'spanwright.db.error.column'
export const ATTR_SPANWRIGHT_DB_ERROR_CONSTRAINT = 'spanwright.db.error.constraint'

/** Key of the attribute for one query parameter. */
export function dbQueryParameterKey(name: string): string {
  return `db.query.parameter.${name}`
}

export const METRIC_DB_CLIENT_OPERATION_DURATION: MetricDefinition = {
  name: 'db.client.operation.duration',
  unit: 's',
  description: 'Duration of database client operations.',
  boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
}

export const DB_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_DB_SYSTEM_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
]

export const METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS: MetricDefinition = {
  name: 'db.client.response.returned_rows',
  unit: '{row}',
  description: 'Number of rows a database operation returned.',
  boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000],
}

export const METRIC_DB_CLIENT_CONNECTION_COUNT: MetricDefinition = {
  name: 'db.client.connection.count',
  unit: '{connection}',
  description: 'Number of connections of a pool in each state.',
}

export const METRIC_DB_CLIENT_CONNECTION_LIMIT: MetricDefinition = {
  name: 'db.client.connection.limit',
  unit: '{connection}',
  description: 'Most connections a pool may open.',
}

export const METRIC_DB_CLIENT_CONNECTION_IDLE_MAX: MetricDefinition = {
  name: 'db.client.connection.idle.max',
  unit: '{connection}',
  description: 'Most idle connections a pool keeps.',
}

export const METRIC_DB_CLIENT_CONNECTION_IDLE_MIN: MetricDefinition = {
  name: 'db.client.connection.idle.min',
  unit: '{connection}',
  description: 'Fewest idle connections a pool keeps.',
}

export const METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS: MetricDefinition = {
  name: 'db.client.connection.pending_requests',
  unit: '{request}',
  description: 'Number of callers that wait for a connection of a pool.',
}

export const METRIC_DB_CLIENT_CONNECTION_TIMEOUTS: MetricDefinition = {
  name: 'db.client.connection.timeouts',
  unit: '{timeout}',
  description: 'Number of timeouts while waiting for a connection of a pool.',
}

export const METRIC_DB_CLIENT_CONNECTION_CREATE_TIME: MetricDefinition = {
  name: 'db.client.connection.create_time',
  unit: 's',
  description: 'Time it took to open a connection.',
}

export const METRIC_DB_CLIENT_CONNECTION_WAIT_TIME: MetricDefinition = {
  name: 'db.client.connection.wait_time',
  unit: 's',
  description: 'Time it took to get a connection from a pool.',
}

export const METRIC_DB_CLIENT_CONNECTION_USE_TIME: MetricDefinition = {
  name: 'db.client.connection.use_time',
  unit: 's',
  description: 'Time between borrowing a connection from a pool and returning it.',
}
