import { validateHeaderName, validateHeaderValue } from 'node:http'

import type { Environment } from '../../start/environment.ts'
import type { SignalName } from './target.ts'

/** Whether a header can be sent. */
export function isUsableHeader(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

/** The headers from variables; those of the signal take precedence. */
export function headersIn(environment: Environment, signal: SignalName): Readonly<Record<string, string>> {
  return {
    ...read(environment, 'OTEL_EXPORTER_OTLP_HEADERS'),
    ...read(environment, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`),
  }
}

/** An invalid header is omitted and reported by its position only, since it may be a secret. */
function read(environment: Environment, variable: string): Record<string, string> {
  const headers: Record<string, string> = {}
  const members = environment.text(variable)?.split(',') ?? []
  const unusable = members.flatMap((member, index) => {
    if (member.trim() === '') return []
    const header = headerOf(member)
    if (!header) return [index + 1]
    headers[header.name] = header.value
    return []
  })
  if (unusable.length > 0) {
    environment.warn(
      variable,
      `must be name=value,… with percent-encoding; member ${unusable.join(', ')} of it cannot be sent as a header and is left out`,
    )
  }
  return headers
}

function headerOf(member: string): { readonly name: string; readonly value: string } | undefined {
  const middle = member.indexOf('=')
  if (middle < 0) return undefined
  const name = decode(member.slice(0, middle).trim())?.toLowerCase()
  const value = decode(member.slice(middle + 1).trim())
  if (name === undefined || value === undefined) return undefined
  return isUsableHeader(name, value) ? { name, value } : undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
