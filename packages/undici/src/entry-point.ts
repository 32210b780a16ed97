import { type EntryPoint, HttpClient, type HttpClientOptions } from '@spanwright/core/plugin'

import { learnStages } from './process/stages.ts'
import { VERSION } from './version.ts'

/** Options of {@link tracing}, {@link traceFetch} and {@link traceUndici}. */
export interface UndiciTracingOptions extends HttpClientOptions {}

/** @throws TypeError when an option is unknown or of the wrong type */
export function httpClientFor(caller: string, options: UndiciTracingOptions | undefined): HttpClient {
  const entry: EntryPoint = { scope: { name: '@spanwright/undici', version: VERSION }, caller }
  const client = new HttpClient(entry, options)
  if (options?.stages) learnStages()
  return client
}
