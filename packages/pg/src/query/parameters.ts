import type { Attributes } from '@opentelemetry/api'
import { callHook } from '@spanwright/core/plugin'
import { dbQueryParameterKey } from '@spanwright/core/semconv'

import type { ClientTracingOptions } from '../options.ts'

/** Records the query values selected by the options, each under its index. */
export function writeParameters(
  attributes: Attributes,
  values: readonly unknown[],
  { parameters, maskParameter }: ClientTracingOptions,
): void {
  for (const [index, value] of values.entries()) {
    if (Array.isArray(parameters) && !parameters.includes(String(index))) continue
    const text = maskParameter ? callHook('maskParameter', maskParameter, value, index) : textOf(value)
    if (typeof text === 'string') attributes[dbQueryParameterKey(String(index))] = text
  }
}

/** A value approximately in the form node-postgres sends it. */
function textOf(value: unknown): string | undefined {
  try {
    if (value === null || value === undefined) return 'NULL'
    if (typeof value === 'string') return value
    if (value instanceof Date) return value.toISOString()
    if (ArrayBuffer.isView(value)) {
      return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
    }
    return typeof value === 'object' ? JSON.stringify(value) : `${value as number}`
  } catch {
    return undefined
  }
}
