import { randomUUID } from 'node:crypto'

import type { Attributes } from '@opentelemetry/api'
import {
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
import { detect, DETECTOR_NAMES, type DetectorName } from './detectors.ts'
import { nearestManifest } from './manifest.ts'
import { ProcessResource, type ResourceAttributes } from './process-resource.ts'

/** Options for the resource. */
export interface ResourceOptions {
  readonly serviceName?: string | undefined
  readonly serviceVersion?: string | undefined
  readonly serviceInstanceId?: string | undefined
  readonly environment?: string | undefined
  readonly resource?: Attributes | undefined
  readonly detectors?: readonly DetectorName[] | undefined
}

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
export function makeResource(options: ResourceOptions, environment: Environment): ProcessResource {
  const { name, version } = nearestManifest()
  return new ProcessResource(
    OWN,
    {
      [ATTR_SERVICE_NAME]: name,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: randomUUID(),
    },
    ...detect(options.detectors ?? detectorsIn(environment)),
    environmentAttributes(environment),
    { [ATTR_SERVICE_NAME]: environment.text('OTEL_SERVICE_NAME') },
    { ...options.resource },
    {
      [ATTR_SERVICE_NAME]: options.serviceName,
      [ATTR_SERVICE_VERSION]: options.serviceVersion,
      [ATTR_SERVICE_INSTANCE_ID]: options.serviceInstanceId,
      [ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: options.environment,
    },
  )
}

/** Names of detectors that always run, and collective names. */
const FURTHER_NAMES = ['env', 'serviceinstance', 'all', 'none'] as const

function detectorsIn(environment: Environment): readonly DetectorName[] {
  const names = environment.listOf('OTEL_NODE_RESOURCE_DETECTORS', [...DETECTOR_NAMES, ...FURTHER_NAMES], [])
  return names.includes('all') ? DETECTOR_NAMES : DETECTOR_NAMES.filter(name => names.includes(name))
}

/** As specified: a list with any invalid entry is not used at all. */
function environmentAttributes(environment: Environment): ResourceAttributes {
  const list = environment.text('OTEL_RESOURCE_ATTRIBUTES')
  if (list === undefined) return {}
  try {
    const members = list.split(',').filter(member => member.trim() !== '')
    return Object.fromEntries(members.map(readMember))
  } catch {
    environment.refuse('OTEL_RESOURCE_ATTRIBUTES', 'key=value,… with percent-encoding', 'nothing of it')
    return {}
  }
}

function readMember(member: string): [key: string, value: string] {
  const [key = '', value, ...rest] = member.split('=').map(part => decodeURIComponent(part.trim()))
  if (key === '' || value === undefined || rest.length > 0) throw new TypeError('not key=value')
  return [key, value]
}
