import type { InterceptingListener, Metadata, StatusObject } from '@grpc/grpc-js'
import { type Attributes, type Context, context as contextApi, SpanKind } from '@opentelemetry/api'
import {
  decide,
  type Ending,
  failure,
  guardMethods,
  isObserved,
  isSentByActiveSpan,
  Operation,
} from '@spanwright/core/plugin'
import { ATTR_NETWORK_PEER_ADDRESS, ATTR_NETWORK_PEER_PORT } from '@spanwright/core/semconv'

import { type ClientMethod, sizesOf } from './sizes.ts'
import { writeAddress } from '../address.ts'
import { Call } from '../call.ts'
import type { Sizes } from '../messages.ts'
import type { NextCall, WriteContext } from '../library.ts'
import { recordedValues, withContext } from '../metadata.ts'
import type { GrpcOperation } from '../options.ts'
import { clientEnding } from '../status.ts'
import { attributesOf } from '../tracing.ts'
import type { ClientTracing } from './tracing.ts'

/** A call of a client: passes everything to the next call, and is its listener. */
export class ClientCall extends Call<ClientTracing> {
  readonly next: NextCall | undefined
  private readonly method: ClientMethod
  /** The caller's. */
  private readonly context: Context = contextApi.active()
  private listener: Partial<InterceptingListener> | undefined
  private target: string | undefined

  /** @param next undefined for a call that the library has refused to make */
  constructor(
    tracing: ClientTracing,
    method: ClientMethod,
    target: string | undefined,
    next: NextCall | undefined,
  ) {
    super(tracing)
    this.method = method
    this.target = target
    this.next = next
  }

  /** @throws what the application's own interceptors throw */
  start(metadata: Metadata, listener?: Partial<InterceptingListener>): void {
    this.listener = listener
    const sent = this.begin(metadata) ?? metadata
    try {
      // Not in the context of the span: a connection opened now would retain it for as long as it lives.
      this.next?.start(sent, this.operation ? this : listener)
    } catch (error) {
      this.failed(error)
      throw error
    }
  }

  sendMessage(message: unknown): void {
    this.noteMessage('sent')
    this.next?.sendMessage(message)
  }

  sendMessageWithContext(given: WriteContext, message: unknown): void {
    this.noteMessage('sent')
    this.next?.sendMessageWithContext(this.operation ? inThisContext(given) : given, message)
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.noteHeaders(metadata)
    this.tell('onReceiveMetadata', metadata)
  }

  onReceiveMessage(message: unknown): void {
    // For a response without a message grpc-js passes null.
    if (message !== null) this.noteMessage('received')
    this.tell('onReceiveMessage', message)
  }

  onReceiveStatus(status: StatusObject): void {
    this.end(status, this.peer())
    this.tell('onReceiveStatus', status)
  }

  /** The library, or an interceptor of the application, threw before the call was started. */
  failed(error: unknown): void {
    this.operation?.end(failure(error))
  }

  /**
   * Starts the span.
   * @param metadata undefined when it isn't known
   * @returns the metadata to send; undefined for that of the caller
   */
  begin(metadata: Metadata | undefined): Metadata | undefined {
    const { tracing, context } = this
    const { settings } = tracing
    if (isSentByActiveSpan(metadata?.get('traceparent')[0])) return undefined
    // When only the interceptor is used. Before the call has started, its peer is the target.
    this.target ??= this.next?.getPeer()
    const address = tracing.targets.addressIn(this.target)
    const method = tracing.methodOf(this.method.path, address)
    const record: GrpcOperation | undefined =
      settings.hasHooks && metadata ? { system: 'grpc', method: method.name, metadata } : undefined
    if (decide(settings, context, record) !== 'trace') return undefined
    const attributes = attributesOf(method.name, address)
    if (metadata && !tracing.requestHeaders.isEmpty && isObserved(settings, false)) {
      tracing.requestHeaders.write(attributes, name => recordedValues(metadata, name))
    }
    const operation = new Operation<GrpcOperation>(settings, {
      kind: SpanKind.CLIENT,
      name: method.name,
      attributes,
      parent: context,
      record,
      duration: method.duration,
    })
    this.follow(operation)
    return metadata && tracing.injects ? withContext(tracing, operation.context, metadata) : undefined
  }

  protected override endingOf(code: number): Ending {
    return clientEnding(code)
  }

  protected override measure(): Sizes | undefined {
    return sizesOf(this.method)
  }

  /** The server that the last attempt was sent to. Before the first one, grpc-js reports the target. */
  private peer(): Attributes | undefined {
    if (!this.operation?.isRecording) return undefined
    const peer = this.next?.getPeer()
    const address = peer === this.target ? undefined : this.tracing.peers.addressIn(peer)
    if (!address) return undefined
    const attributes: Attributes = {}
    writeAddress(attributes, address, ATTR_NETWORK_PEER_ADDRESS, ATTR_NETWORK_PEER_PORT)
    return attributes
  }

  /** Calls the listener in the caller's context: events arrive in the one in which the connection was opened. */
  private tell(event: keyof InterceptingListener, value: unknown): void {
    const { listener, context } = this
    const hear = listener?.[event] as ((this: unknown, value: unknown) => void) | undefined
    if (!hear) return
    if (contextApi.active() === context) hear.call(listener, value)
    else contextApi.with(context, hear, listener, value)
  }
}

guardMethods('starting the span of a call', ClientCall, 'begin')
guardMethods('reading the server of a call', ClientCall, 'peer')

/** The callback of a write would run in the context of the connection. */
function inThisContext(given: WriteContext): WriteContext {
  const { callback } = given
  return callback ? { ...given, callback: contextApi.bind(contextApi.active(), callback) } : given
}
