import type { Attributes } from '@opentelemetry/api'

import { aListOfStrings, aRecordOf, type OptionRule } from '../host/options.ts'

/** Which headers are recorded as attributes. Names are case-insensitive. */
export interface CaptureHeaders {
  /** Request headers. Default: none. */
  readonly request?: readonly string[] | undefined
  /** Response headers. Default: none. */
  readonly response?: readonly string[] | undefined
  /** Headers whose values are recorded although they usually hold secrets. Default: none. */
  readonly unmasked?: readonly string[] | undefined
}

export const captureHeadersRule: OptionRule = aRecordOf({
  request: aListOfStrings,
  response: aListOfStrings,
  unmasked: aListOfStrings,
})

const SECRET = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'])
const MASK = 'REDACTED'

export type HeaderValue = string | number | readonly string[] | undefined

interface CapturedHeader {
  readonly name: string
  readonly key: string
  readonly masked: boolean
}

/** The headers of one direction to record: resolved once, written for every message. */
export class CapturedHeaders {
  private readonly headers: readonly CapturedHeader[]

  /** @param prefix of the attribute names, including the trailing dot */
  constructor(prefix: string, names: readonly string[] = [], unmasked: readonly string[] = []) {
    const shown = new Set(unmasked.map(name => name.toLowerCase()))
    this.headers = [...new Set(names.map(name => name.toLowerCase()))].map(name => ({
      name,
      key: prefix + name,
      masked: SECRET.has(name) && !shown.has(name),
    }))
  }

  get isEmpty(): boolean {
    return this.headers.length === 0
  }

  /** Writes the headers that are present, each as an array of strings. */
  write(attributes: Attributes, valueOf: (name: string) => HeaderValue): void {
    for (const { name, key, masked } of this.headers) {
      const value = valueOf(name)
      if (value === undefined) continue
      const values = typeof value === 'object' ? value.map(String) : [String(value)]
      attributes[key] = masked ? values.map(() => MASK) : values
    }
  }
}
