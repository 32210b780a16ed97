import type { Metadata } from '@grpc/grpc-js'
import { type Attributes, type Context, context as contextApi, type Span, SpanKind } from '@opentelemetry/api'
import {
  decide,
  type Ending,
  guardMethods,
  inNewRequest,
  isObserved,
  Operation,
  suppressTracing,
} from '@spanwright/core/plugin'
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@spanwright/core/semconv'

import { type Address, addressOfPeer, writeAddress } from '../address.ts'
import { Call } from '../call.ts'
import type { Sizes } from '../messages.ts'
import type { NextServerCall, SentStatus, ServerListener } from '../library.ts'
import { recordedValues } from '../metadata.ts'
import type { GrpcOperation } from '../options.ts'
import { CANCELLED, serverEnding } from '../status.ts'
import { attributesOf } from '../tracing.ts'
import type { ServerTracing } from './tracing.ts'
import { innermostOf, measureHandler, watchStatus } from './innermost.ts'

/** A call of a server: passes everything to the next call, and is its listener. */
export class ServerCall extends Call<ServerTracing> implements ServerListener {
  readonly next: NextServerCall
  private readonly path: string
  private listener: ServerListener | undefined
  /** The context that handlers run in; undefined for the one in which the call arrives. */
  private context: Context | undefined
  private readonly token: { current: ServerCall | undefined } = { current: undefined }
  private thrown: Ending['thrown']

  constructor(tracing: ServerTracing, path: string, next: NextServerCall) {
    super(tracing)
    this.path = path
    this.next = next
  }

  start(listener: ServerListener): void {
    this.listener = listener
    this.next.start(this)
  }

  sendMetadata(metadata: Metadata): void {
    this.noteHeaders(metadata)
    this.next.sendMetadata(metadata)
  }

  sendMessage(message: unknown, callback: () => void): void {
    this.noteMessage('sent')
    this.next.sendMessage(message, callback)
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.begin(metadata)
    this.tell('onReceiveMetadata', metadata)
  }

  onReceiveMessage(message: unknown): void {
    this.noteMessage('received')
    this.tell('onReceiveMessage', message)
  }

  onReceiveHalfClose(): void {
    this.tell('onReceiveHalfClose')
  }

  /** Called last, even after a status was sent, which has ended the span. */
  onCancel(): void {
    this.over({ code: CANCELLED })
    this.tell('onCancel')
    this.context = undefined
  }

  /** A status was sent, or the client has disconnected. */
  over(status: SentStatus): void {
    this.token.current = undefined
    this.end(status)
  }

  protected override endingOf(code: number): Ending {
    const ending = serverEnding(code)
    return this.thrown ? { ...ending, thrown: this.thrown } : ending
  }

  /** The span of a traced call: only traced calls are the current request of their work. */
  get span(): Span {
    return (this.operation as Operation<GrpcOperation>).span
  }

  /** An error of the application that led to the status; grpc-js shows interceptors only the status. */
  recordError(error: unknown): void {
    this.thrown = { value: error }
  }

  private begin(metadata: Metadata): void {
    const { tracing, path, next } = this
    const { settings } = tracing
    const active = contextApi.active()
    const method = tracing.methodOf(path)
    const record: GrpcOperation | undefined = tracing.needsRecord
      ? { system: 'grpc', method: method.name, metadata }
      : undefined
    const { parent, links } = tracing.incoming.belongingOf(metadata, record as GrpcOperation, active)
    const decision = decide(settings, parent, record)
    if (decision === 'ignore') this.context = suppressTracing(active)
    if (decision !== 'trace') return
    if (!isObserved(settings, tracing.isMeasured)) {
      this.context = parent
      return
    }
    const operation = new Operation<GrpcOperation>(settings, {
      kind: SpanKind.SERVER,
      name: method.name,
      attributes: this.describe(method.name, metadata),
      parent: inNewRequest(parent, this.token),
      links,
      record,
      duration: method.duration,
    })
    this.context = operation.context
    this.token.current = this
    this.follow(operation)
    watchStatus(innermostOf(next), this)
  }

  protected override measure(): Sizes | undefined {
    return measureHandler(innermostOf(this.next))
  }

  private describe(method: string, metadata: Metadata): Attributes {
    const { tracing, next } = this
    const attributes = attributesOf(method, undefined)
    if (!isObserved(tracing.settings, false)) return attributes
    const host = tracing.hosts.addressIn(next.getHost?.())
    if (host) writeAddress(attributes, host, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT)
    const peer = peerOf(next)
    if (peer) writeAddress(attributes, peer, ATTR_NETWORK_PEER_ADDRESS, ATTR_NETWORK_PEER_PORT)
    if (!tracing.requestHeaders.isEmpty) {
      tracing.requestHeaders.write(attributes, name => recordedValues(metadata, name))
    }
    return attributes
  }

  private tell(event: keyof ServerListener, value?: unknown): void {
    const { listener, context } = this
    const hear = listener?.[event] as ((this: unknown, value: unknown) => void) | undefined
    if (!hear) return
    if (!context || contextApi.active() === context) hear.call(listener, value)
    else contextApi.with(context, hear, listener, value)
  }
}

guardMethods('starting the span of a call', ServerCall, 'begin')

function peerOf(call: NextServerCall): Address | undefined {
  const connection = call.getConnectionInfo?.()
  if (!connection) return addressOfPeer(call.getPeer())
  const { remoteAddress, remotePort } = connection
  return remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort }
}
