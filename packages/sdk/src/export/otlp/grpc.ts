import { createRequire } from 'node:module'

import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@spanwright/core/plugin'

import { loadOptional } from '../../start/optional-package.ts'
import { VERSION } from '../../version.ts'
import { adviceOn, adviceOnCode, OTHER_PROTOCOL } from './advice.ts'
import { partialSuccessOf, retryDelayOf } from './response.ts'
import type { OtlpTarget, SignalName } from './target.ts'
import { type Answer, later, reasonOf, refused, type Transport, unreachable } from './transport.ts'

interface Metadata {
  get(name: string): readonly (string | Buffer)[]
}

interface ServiceError extends Error {
  readonly code: number
  readonly details?: string
  readonly metadata?: Metadata
}

interface GrpcClient {
  makeUnaryRequest(
    path: string,
    serialize: (message: Buffer) => Buffer,
    deserialize: (bytes: Buffer) => Buffer,
    message: Buffer,
    metadata: Metadata,
    options: object,
    callback: (error: ServiceError | null, answer?: Buffer) => void,
  ): { cancel(): void }
  close(): void
}

/** The part of `@grpc/grpc-js` used here. */
interface GrpcModule {
  readonly Client: new (address: string, credentials: unknown, options: object) => GrpcClient
  readonly Metadata: { fromHttp2Headers(headers: Readonly<Record<string, string>>): Metadata }
  readonly credentials: {
    createInsecure(): unknown
    createSsl(ca?: Buffer | null, key?: Buffer | null, cert?: Buffer | null): unknown
  }
}

/** The packages that provide gRPC; they aren't our dependencies, because gRPC is large and few need it. */
const PACKAGES: Readonly<Record<SignalName, string>> = {
  traces: '@opentelemetry/exporter-trace-otlp-grpc',
  metrics: '@opentelemetry/exporter-metrics-otlp-grpc',
}

const PATHS: Readonly<Record<SignalName, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}

/**
 * Codes that OTLP defines as retryable: cancelled, deadline exceeded, aborted, out of range, unavailable, data loss.
 */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15])
const RESOURCE_EXHAUSTED = 8
const UNAVAILABLE = 14
/** How gRPC libraries report a message that is too large, as RESOURCE_EXHAUSTED or OUT_OF_RANGE. */
const TOO_LARGE = /larger than|too large|too big|exceeds|\bsize\b/i
const SIZE_CODES: ReadonlySet<number> = new Set([RESOURCE_EXHAUSTED, 11])
const GZIP = 2

function same<Message>(message: Message): Message {
  return message
}

/** Sends OTLP over gRPC. */
export class GrpcTransport implements Transport {
  private readonly target: OtlpTarget
  private readonly client: GrpcClient
  private readonly metadata: Metadata

  /** @throws TypeError when the package with gRPC is not installed */
  constructor(target: OtlpTarget) {
    this.target = target
    const { path } = loadOptional(PACKAGES[target.signal], "protocol 'grpc'")
    const grpc = createRequire(path)('@grpc/grpc-js') as GrpcModule
    this.metadata = grpc.Metadata.fromHttp2Headers(target.headers)
    this.client = new grpc.Client(addressOf(target.url), credentialsOf(target, grpc), {
      'grpc.primary_user_agent': `Spanwright-OTLP-Exporter-JavaScript/${VERSION}`,
      ...(target.compression === 'gzip' && { 'grpc.default_compression_algorithm': GZIP }),
    })
  }

  send(parts: readonly Uint8Array[], signal: AbortSignal): Promise<Answer> {
    return new Promise(resolve => {
      try {
        const call = context.with(suppressTracing(ROOT_CONTEXT), () =>
          this.client.makeUnaryRequest(
            PATHS[this.target.signal],
            same,
            same,
            Buffer.concat(parts),
            this.metadata,
            {},
            (error, answer) => {
              signal.removeEventListener('abort', cancel)
              resolve(
                error
                  ? this.answerTo(error)
                  : { kind: 'accepted', ...partialSuccessOf(answer ?? Buffer.alloc(0), false) },
              )
            },
          ),
        )
        const cancel = (): void => call.cancel()
        signal.addEventListener('abort', cancel, { once: true })
      } catch (error) {
        resolve(refused(reasonOf(error)))
      }
    })
  }

  close(): void {
    this.client.close()
  }

  private answerTo(error: ServiceError): Answer {
    const message = reasonOf(error).replace(/\.? Resolution note:\s*$/, '')
    const said = [message, adviceOnCode(error.code, message, this.target)]
    const reason = said.filter(part => part !== undefined).join(': ')
    const [status] = error.metadata?.get('grpc-status-details-bin') ?? []
    const after = Buffer.isBuffer(status) ? retryDelayOf(status) : undefined
    if (SIZE_CODES.has(error.code) && TOO_LARGE.test(error.message)) {
      return { kind: 'too large', reason: `${reason}: ${adviceOn(413, '', this.target)}` }
    }
    // Only a retry delay distinguishes a quota that is replenished from one that is not.
    const isRetryable = error.code === RESOURCE_EXHAUSTED ? after !== undefined : RETRYABLE.has(error.code)
    if (!isRetryable || OTHER_PROTOCOL.test(message)) return refused(reason)
    // The channel itself reports a missing connection.
    return error.code === UNAVAILABLE && /No connection established|Name resolution failed/.test(reason)
      ? unreachable(reason)
      : later(reason, after)
  }
}

/** The host of an HTTP URL; other forms are gRPC's own. */
function addressOf(url: string): string {
  return /^https?:\/\//i.test(url) ? new URL(url).host : url
}

/** TLS depends on the scheme; without one, TLS is used unless `…_INSECURE` is set. */
function credentialsOf({ url, tls, isInsecure }: OtlpTarget, { credentials }: GrpcModule): unknown {
  const isPlain = /^http:\/\//i.test(url) || (isInsecure && !/^https:\/\//i.test(url))
  if (isPlain) return credentials.createInsecure()
  const { ca = null, cert, key } = tls
  return cert && key ? credentials.createSsl(ca, key, cert) : credentials.createSsl(ca)
}
