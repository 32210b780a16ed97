import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { Attributes } from '@opentelemetry/api'
import {
  hostDetector,
  osDetector,
  processDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { attempt } from '@spanwright/core/plugin'
import {
  ATTR_CONTAINER_ID,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_TELEMETRY_SDK_LANGUAGE,
  ATTR_TELEMETRY_SDK_NAME,
  ATTR_TELEMETRY_SDK_VERSION,
} from '@spanwright/core/semconv'

import type { Environment } from '../environment.ts'
import { VERSION } from '../../version.ts'
import { nearestManifest } from './manifest.ts'

/** Names of resource detectors. */
export type DetectorName = 'host' | 'os' | 'process' | 'container'

/** Options for the resource. */
export interface ResourceOptions {
  readonly serviceName?: string | undefined
  readonly serviceVersion?: string | undefined
  readonly serviceInstanceId?: string | undefined
  readonly environment?: string | undefined
  readonly resource?: Attributes | undefined
  readonly detectors?: readonly DetectorName[] | undefined
}

const CONTAINER_ID = /[\da-f]{64}/

const DETECTORS: Readonly<Record<DetectorName, ResourceDetector>> = {
  host: hostDetector,
  os: osDetector,
  process: processDetector,
  container: { detect: () => ({ attributes: containerAttributes() }) },
}

export const DETECTOR_NAMES: readonly DetectorName[] = Object.keys(DETECTORS) as DetectorName[]

/** Defaults; `opentelemetry` is reserved for the official SDK. */
const OWN: Attributes = {
  [ATTR_SERVICE_NAME]: `unknown_service:${process.argv0}`,
  [ATTR_TELEMETRY_SDK_NAME]: 'spanwright',
  [ATTR_TELEMETRY_SDK_LANGUAGE]: 'nodejs',
  [ATTR_TELEMETRY_SDK_VERSION]: VERSION,
}

/**
 * The resource of this process. Later sources take precedence: the nearest package.json, detectors,
 * `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`, options.
 */
export function makeResource(options: ResourceOptions, environment: Environment): Resource {
  const { name, version } = nearestManifest()
  const names = options.detectors ?? detectorsIn(environment)
  return resourceFromAttributes(OWN)
    .merge(
      resourceFromAttributes(
        present({
          [ATTR_SERVICE_NAME]: name,
          [ATTR_SERVICE_VERSION]: version,
          [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
        }),
      ),
    )
    .merge(detect(names))
    .merge(resourceFromAttributes(environmentAttributes(environment)))
    .merge(
      resourceFromAttributes({
        ...options.resource,
        ...present({
          [ATTR_SERVICE_NAME]: options.serviceName,
          [ATTR_SERVICE_VERSION]: options.serviceVersion,
          [ATTR_SERVICE_INSTANCE_ID]: options.serviceInstanceId,
          [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: options.environment,
        }),
      }),
    )
}

/**
 * Not OpenTelemetry's `detectResources()`, which logs everything it finds to `diag`, including the process arguments.
 */
function detect(names: readonly DetectorName[]): Resource {
  return names
    .map(name => attempt('detecting a resource', () => DETECTORS[name].detect().attributes))
    .map(attributes => resourceFromAttributes(attributes ?? {}))
    .reduce((all, each) => all.merge(each), resourceFromAttributes({}))
}

/** Names of detectors that always run, and collective names. */
const FURTHER_NAMES = ['env', 'serviceinstance', 'all', 'none'] as const

function detectorsIn(environment: Environment): readonly DetectorName[] {
  const names = environment.listOf('OTEL_NODE_RESOURCE_DETECTORS', [...DETECTOR_NAMES, ...FURTHER_NAMES], [])
  return names.includes('all') ? DETECTOR_NAMES : DETECTOR_NAMES.filter(name => names.includes(name))
}

/** As specified: a list with any invalid entry is not used at all. */
function environmentAttributes(environment: Environment): Attributes {
  const service = present({ [ATTR_SERVICE_NAME]: environment.text('OTEL_SERVICE_NAME') })
  const list = environment.text('OTEL_RESOURCE_ATTRIBUTES')
  if (list === undefined) return service
  try {
    const members = list.split(',').filter(member => member.trim() !== '')
    return { ...Object.fromEntries(members.map(readMember)), ...service }
  } catch {
    environment.refuse('OTEL_RESOURCE_ATTRIBUTES', 'key=value,… with percent-encoding', 'nothing of it')
    return service
  }
}

function readMember(member: string): [key: string, value: string] {
  const [key = '', value, ...rest] = member.split('=').map(part => decodeURIComponent(part.trim()))
  if (key === '' || value === undefined || rest.length > 0) throw new TypeError('not key=value')
  return [key, value]
}

function present(attributes: Readonly<Record<string, string | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** With cgroups version 1 the container id is in the cgroup; with version 2 it is in the mounts. */
function containerAttributes(): Attributes {
  for (const file of ['/proc/self/cgroup', '/proc/self/mountinfo']) {
    const lines = linesOf(file).filter(line => file.endsWith('cgroup') || line.includes('/containers/'))
    const id = lines.map(line => CONTAINER_ID.exec(line)?.[0]).find(found => found !== undefined)
    if (id !== undefined) return { [ATTR_CONTAINER_ID]: id }
  }
  return {}
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
