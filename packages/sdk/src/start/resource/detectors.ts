import { readFileSync } from 'node:fs'
import { arch, hostname, platform, release, userInfo } from 'node:os'

import { attempt } from '@spanwright/core/plugin'
import {
  ATTR_CONTAINER_ID,
  ATTR_HOST_ARCH,
  ATTR_HOST_ID,
  ATTR_HOST_NAME,
  ATTR_OS_TYPE,
  ATTR_OS_VERSION,
  ATTR_PROCESS_COMMAND,
  ATTR_PROCESS_COMMAND_ARGS,
  ATTR_PROCESS_EXECUTABLE_NAME,
  ATTR_PROCESS_EXECUTABLE_PATH,
  ATTR_PROCESS_OWNER,
  ATTR_PROCESS_PID,
  ATTR_PROCESS_RUNTIME_DESCRIPTION,
  ATTR_PROCESS_RUNTIME_NAME,
  ATTR_PROCESS_RUNTIME_VERSION,
} from '@spanwright/core/semconv'

import { machineId } from './machine-id.ts'
import type { ResourceAttributes } from './process-resource.ts'

/** Names of resource detectors. */
export type DetectorName = 'host' | 'os' | 'process' | 'container'

/** What differs between Node and the conventions. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  arm: 'arm32',
  ia32: 'x86',
  ppc: 'ppc32',
  x64: 'amd64',
}
const SYSTEMS: Readonly<Record<string, string>> = { sunos: 'solaris', win32: 'windows' }

const DETECTORS: Readonly<Record<DetectorName, () => ResourceAttributes>> = {
  host: () => ({
    [ATTR_HOST_NAME]: hostname(),
    [ATTR_HOST_ARCH]: ARCHITECTURES[arch()] ?? arch(),
    [ATTR_HOST_ID]: machineId(),
  }),
  os: () => ({ [ATTR_OS_TYPE]: SYSTEMS[platform()] ?? platform(), [ATTR_OS_VERSION]: release() }),
  process: () => ({
    [ATTR_PROCESS_PID]: process.pid,
    [ATTR_PROCESS_EXECUTABLE_NAME]: process.title,
    [ATTR_PROCESS_EXECUTABLE_PATH]: process.execPath,
    [ATTR_PROCESS_COMMAND]: process.argv[1],
    [ATTR_PROCESS_COMMAND_ARGS]: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    [ATTR_PROCESS_RUNTIME_NAME]: 'nodejs',
    [ATTR_PROCESS_RUNTIME_VERSION]: process.versions.node,
    [ATTR_PROCESS_RUNTIME_DESCRIPTION]: 'Node.js',
    [ATTR_PROCESS_OWNER]: owner(),
  }),
  container: containerAttributes,
}

export const DETECTOR_NAMES: readonly DetectorName[] = Object.keys(DETECTORS) as DetectorName[]

/** What detectors find; one that fails finds nothing, which is reported. */
export function detect(names: readonly DetectorName[]): ResourceAttributes[] {
  return names.map(name => attempt('detecting a resource', DETECTORS[name]) ?? {})
}

/** In a container the user may have no entry. */
function owner(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

const CONTAINER_ID = /[\da-f]{64}/

/** With cgroups version 1 the container id is in the cgroup; with version 2 it is in the mounts. */
function containerAttributes(): ResourceAttributes {
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
