import type { MetricDefinition } from './attributes.ts'

// Keys of resource attributes. All values: semantic conventions 1.45.0.

export const ATTR_SERVICE_NAME = 'service.name'
export const ATTR_SERVICE_VERSION = 'service.version'
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id'
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name'
export const ATTR_CONTAINER_ID = 'container.id'
export const ATTR_HOST_NAME = 'host.name'
export const ATTR_HOST_ARCH = 'host.arch'
export const ATTR_HOST_ID = 'host.id'
export const ATTR_OS_TYPE = 'os.type'
export const ATTR_OS_VERSION = 'os.version'
export const ATTR_PROCESS_PID = 'process.pid'
export const ATTR_PROCESS_OWNER = 'process.owner'
export const ATTR_PROCESS_COMMAND = 'process.command'
export const ATTR_PROCESS_COMMAND_ARGS = 'process.command_args'
export const ATTR_PROCESS_EXECUTABLE_NAME = 'process.executable.name'
export const ATTR_PROCESS_EXECUTABLE_PATH = 'process.executable.path'
export const ATTR_PROCESS_RUNTIME_NAME = 'process.runtime.name'
export const ATTR_PROCESS_RUNTIME_VERSION = 'process.runtime.version'
export const ATTR_PROCESS_RUNTIME_DESCRIPTION = 'process.runtime.description'
export const ATTR_TELEMETRY_SDK_NAME = 'telemetry.sdk.name'
export const ATTR_TELEMETRY_SDK_LANGUAGE = 'telemetry.sdk.language'
export const ATTR_TELEMETRY_SDK_VERSION = 'telemetry.sdk.version'

/** Why the tail decision kept a local trace: `error`, `slow`, `rule` or `random`. */
export const ATTR_KEEP_REASON = 'spanwright.keep.reason'

/** Number of spans by outcome. */
export const METRIC_SPANS: MetricDefinition = {
  name: 'spanwright.spans',
  unit: '{span}',
  description: 'Number of spans by outcome.',
}
/** `exported`, `queue_full`, `not_encoded`, `failed`, `rejected`, `shut_down`, `sampled_out` or `unsampled`. */
export const ATTR_SPAN_OUTCOME = 'spanwright.span.outcome'
/** Which exporter a count is about. */
export const ATTR_EXPORTER = 'spanwright.exporter'

/** Number of local traces by tail decision. */
export const METRIC_LOCAL_TRACES: MetricDefinition = {
  name: 'spanwright.local_traces',
  unit: '{trace}',
  description: 'Local traces by the decision at their end.',
}
/** `kept` or `dropped`; {@link ATTR_KEEP_REASON} gives the reason a trace was kept. */
export const ATTR_KEEP_DECISION = 'spanwright.keep.decision'
