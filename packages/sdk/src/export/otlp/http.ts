import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@spanwright/core/plugin'

import { VERSION } from '../../version.ts'
import { adviceOn, adviceOnError } from './advice.ts'
import { jsonOf } from './json.ts'
import { REQUESTS } from './messages.ts'
import { partialSuccessOf, statusMessageOf } from './response.ts'
import type { OtlpTarget } from './target.ts'
import { type Answer, later, reasonOf, refused, type Transport, unreachable } from './transport.ts'

const compress = promisify(gzip)

/** The statuses that OTLP defines as retryable. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
const TOO_LARGE = 413
/** How a collector reports a body that is too large with a 400. */
const BODY_TOO_LARGE = /body too large/
/** Maximum number of bytes read of a response. */
const MAX_ANSWER = 64 * 1024
/** Errors of a host that cannot be reached. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
])
/** Errors of a broken connection. TLS and HTTP syntax errors would recur. */
const BROKEN: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'])

/** Sends OTLP over HTTP with keep-alive connections. */
export class HttpTransport implements Transport {
  private readonly target: OtlpTarget
  private readonly url: URL
  private readonly isJson: boolean
  private readonly agent: HttpAgent
  private readonly headers: Readonly<Record<string, string>>

  constructor(target: OtlpTarget) {
    this.target = target
    this.url = new URL(target.url)
    this.isJson = target.protocol === 'http/json'
    const { ca, cert, key } = target.tls
    this.agent =
      this.url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, ...(ca && { ca }), ...(cert && key && { cert, key }) })
        : new HttpAgent({ keepAlive: true })
    this.headers = {
      'user-agent': `Spanwright-OTLP-Exporter-JavaScript/${VERSION}`,
      ...target.headers,
      'content-type': this.isJson ? 'application/json' : 'application/x-protobuf',
      ...(target.compression === 'gzip' && { 'content-encoding': 'gzip' }),
    }
  }

  async send(parts: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    try {
      const body = await this.bodyOf(parts)
      signal.throwIfAborted()
      // Our own requests are not traced, and their socket must retain nothing of an application request.
      return await context.with(suppressTracing(ROOT_CONTEXT), () => this.post(body, signal))
    } catch (error) {
      return refused(reasonOf(error))
    }
  }

  close(): void {
    this.agent.destroy()
  }

  /** The parts unchanged; JSON and gzip combine them into one. */
  private async bodyOf(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const plain = this.isJson
      ? [Buffer.from(JSON.stringify(jsonOf(Buffer.concat(parts), REQUESTS[this.target.signal])))]
      : parts
    // In the thread pool, so that the app is not blocked.
    return this.target.compression === 'gzip' ? [await compress(Buffer.concat(plain))] : plain
  }

  private post(body: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    return new Promise(resolve => {
      const length = body.reduce((sum, part) => sum + part.length, 0)
      const request = (this.url.protocol === 'https:' ? requestHttps : requestHttp)(this.url, {
        method: 'POST',
        agent: this.agent,
        headers: { ...this.headers, 'content-length': length },
        signal,
      })
      // An otherwise finished program ends, and sends waiting data for the last time.
      request.on('socket', socket => socket.unref())
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A keep-alive connection that was closed in the meantime says nothing about the endpoint.
        if (request.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted) {
          resolve(this.post(body, signal))
        } else resolve(this.answerToError(error))
      })
      request.on('response', response => {
        void this.read(response, request).then(resolve)
      })
      for (const part of body) request.write(part)
      request.end()
    })
  }

  private answerToError(error: NodeJS.ErrnoException): Answer {
    const advice = adviceOnError(error, this.target)
    const reason = advice ? `${reasonOf(error)}: ${advice}` : reasonOf(error)
    const codes = [error.code, ...((error as Partial<AggregateError>).errors ?? []).map(codeOf)]
    if (codes.some(code => UNREACHABLE.has(code))) return unreachable(reason)
    return codes.some(code => BROKEN.has(code)) ? later(reason) : refused(reason)
  }

  /** Reads a response; a truncated one counts by its status. */
  private async read(response: IncomingMessage, request: ClientRequest): Promise<Answer> {
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_ANSWER) {
          request.destroy()
          break
        }
      }
    } catch {
      // Use what has arrived.
    }
    return this.answerTo(response, Buffer.concat(chunks))
  }

  private answerTo({ statusCode = 0, statusMessage, headers }: IncomingMessage, body: Buffer): Answer {
    const type = headers['content-type'] ?? ''
    if (statusCode >= 200 && statusCode < 300) {
      return { kind: 'accepted', ...partialSuccessOf(body, type.startsWith('application/json')) }
    }
    const text = body.toString('latin1')
    const isTooLarge = statusCode === TOO_LARGE || (statusCode === 400 && BODY_TOO_LARGE.test(text))
    const said = [
      statusMessage || `status ${statusCode}`,
      statusMessageOf(body, type),
      adviceOn(isTooLarge ? TOO_LARGE : statusCode, text, this.target),
    ]
    const reason = said.filter(part => part !== undefined).join(': ')
    if (RETRYABLE.has(statusCode)) return later(reason, retryAfterOf(headers['retry-after']))
    return isTooLarge ? { kind: 'too large', reason } : refused(reason)
  }
}

/** Milliseconds to wait: `Retry-After` contains seconds or a date. */
function retryAfterOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  const milliseconds = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
