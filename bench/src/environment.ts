import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem, type } from 'node:os'
import { dirname, join } from 'node:path'

import type { Machine } from './results.ts'

const PACKAGES = [
  'express',
  'koa',
  '@koa/router',
  'undici',
  'pg',
  'kafkajs',
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-express',
  '@opentelemetry/instrumentation-koa',
  '@opentelemetry/instrumentation-undici',
  '@opentelemetry/instrumentation-pg',
  '@opentelemetry/instrumentation-kafkajs',
  'dd-trace',
  '@sentry/node',
]

/** The day of a run. */
export function today(): string {
  return new Date().toISOString().slice(0, 10)
}

/** The machine this runs on. */
export function machine(): Machine {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  }
}

/** Versions of Node and of everything measured. */
export function versions(node: string): Record<string, string> {
  return { node, ...Object.fromEntries(PACKAGES.map(name => [name, versionOf(name)])) }
}

/** Not every package lets its package.json be resolved. */
function versionOf(name: string): string {
  let folder = dirname(createRequire(__filename).resolve(name))
  for (;;) {
    const found = readPackage(join(folder, 'package.json'))
    if (found?.name === name && found.version !== undefined) return found.version
    const above = dirname(folder)
    if (above === folder) return 'unknown'
    folder = above
  }
}

function readPackage(path: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
  } catch {
    return undefined
  }
}
