import type { EventEmitter } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'

import { traceHttp, traceServer } from '@spanwright/http'

import { record } from './record.ts'

type Create = (...args: unknown[]) => EventEmitter

// Traces every server that the tests create, and every request that they send.
record()
traceHttp()
for (const [module, name] of [
  [http, 'createServer'],
  [https, 'createServer'],
  [http2, 'createServer'],
  [http2, 'createSecureServer'],
] as const) {
  const methods = module as unknown as Record<typeof name, Create>
  const create = methods[name]
  methods[name] = Object.assign((...args: unknown[]) => traceServer(create(...args)), create)
}
