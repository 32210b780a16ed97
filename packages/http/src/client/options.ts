import { HttpClient, type HttpClientOptions } from '@spanwright/core/plugin'

import { followGot } from './got.ts'
import { VERSION } from '../version.ts'

/** Options of {@link traceAgent} and {@link traceHttp}. */
export interface ClientTracingOptions extends HttpClientOptions {}

/** @throws TypeError when an option is unknown or of the wrong type */
export function httpClientFor(caller: string, options: ClientTracingOptions | undefined): HttpClient {
  followGot()
  return new HttpClient({ scope: { name: '@spanwright/http', version: VERSION }, caller }, options)
}
