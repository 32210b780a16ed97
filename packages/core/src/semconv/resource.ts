// Keys of the resource a process describes itself by. All values: semantic conventions 1.45.0.

export const ATTR_SERVICE_NAME = 'service.name'
export const ATTR_SERVICE_VERSION = 'service.version'
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id'
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name'
export const ATTR_CONTAINER_ID = 'container.id'

/** Why the tail decision kept a local trace: `error`, `slow`, `rule` or `random`. */
export const ATTR_KEEP_REASON = 'spanwright.keep.reason'
