import type { Metadata } from '@grpc/grpc-js'
import type { Attributes } from '@opentelemetry/api'
import { attempt, type Ending, guardMethods, type Operation } from '@spanwright/core/plugin'
import { ATTR_RPC_STATUS_CODE } from '@spanwright/core/semconv'

import type { SentStatus } from './library.ts'
import { recordedValues } from './metadata.ts'
import { Messages, type Sizes } from './messages.ts'
import type { GrpcOperation } from './options.ts'
import { statusName } from './status.ts'
import type { GrpcTracing } from './tracing.ts'

const UNREADABLE: Ending = { failed: true }

/** Records the events of a call on its span, for clients and servers. */
export abstract class Call<Tracing extends GrpcTracing> {
  protected readonly tracing: Tracing
  /** Absent for a call that isn't traced. */
  protected operation: Operation<GrpcOperation> | undefined
  private late: Attributes | undefined
  /** Absent when messages are not recorded. */
  private messages: Messages | undefined

  constructor(tracing: Tracing) {
    this.tracing = tracing
  }

  /** The span has started. */
  protected follow(operation: Operation<GrpcOperation>): void {
    this.operation = operation
    const { messageEvents, messageSizes } = this.tracing.settings.options
    if (!(messageEvents || messageSizes) || !operation.isRecording) return
    this.messages = new Messages(messageEvents === true)
    if (messageSizes) this.messages.sizes = this.measure()
  }

  /** The sizes of the messages so far; undefined when they cannot be known. */
  protected abstract measure(): Sizes | undefined

  protected noteMessage(type: 'sent' | 'received'): void {
    const { messages, operation } = this
    if (messages && operation) messages.note(operation, type)
  }

  /** Metadata came before the response messages. */
  protected noteHeaders(metadata: Metadata): void {
    const { responseHeaders } = this.tracing
    if (responseHeaders.isEmpty || !this.operation?.isRecording) return
    responseHeaders.write((this.late ??= {}), name => recordedValues(metadata, name))
  }

  /** The call has ended. An unreadable status ends the span as well. */
  protected end(status: SentStatus, peer?: Attributes): void {
    this.finish(status, peer)
    this.operation?.end(UNREADABLE)
  }

  /** How the span ends with a status. */
  protected abstract endingOf(code: number): Ending

  private finish({ code, metadata }: SentStatus, peer: Attributes | undefined): void {
    const { operation, tracing } = this
    if (!operation || operation.ended) return
    const late: Attributes = { ...this.late, ...peer, [ATTR_RPC_STATUS_CODE]: statusName(code) }
    if (metadata && !tracing.trailers.isEmpty && operation.isRecording) {
      attempt('reading the trailers of a call', writeTrailers, tracing, late, metadata)
    }
    if (tracing.settings.options.messageSizes) this.messages?.write(late, tracing.isClient)
    operation.end(this.endingOf(code), late)
  }
}

guardMethods('following a call', Call, 'follow', 'noteHeaders', 'finish')

function writeTrailers(tracing: GrpcTracing, attributes: Attributes, trailers: Metadata): void {
  tracing.trailers.write(attributes, name => recordedValues(trailers, name))
}

const known = new WeakSet<object>()

/**
 * Gives one of our classes every method that a call of the library has and the class lacks. Each calls the method of the
 * next call, so that methods added by a later version of the library work.
 */
export function passOthers(ours: object, next: object): void {
  let from = Object.getPrototypeOf(next) as object | null
  if (!from || known.has(from)) return
  known.add(from)
  for (; from && from !== Object.prototype; from = Object.getPrototypeOf(from) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (name in ours || typeof value !== 'function') continue
      Object.defineProperty(ours, name, { value: passTo(name), configurable: true, writable: true })
    }
  }
}

interface Passing {
  readonly next: Readonly<Record<string, (...args: unknown[]) => unknown>>
}

function passTo(name: string): (this: Passing, ...args: unknown[]) => unknown {
  return function pass(...args) {
    return this.next[name]?.(...args)
  }
}
