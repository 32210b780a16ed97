import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'
import { reportFailure, say } from '@spanwright/core/plugin'
import { EVENT_EXCEPTION } from '@spanwright/core/semconv'

import { printable } from '../../export/console/printable.ts'
import { SpanAttributes } from './attributes.ts'
import { exceptionAttributes } from './exception.ts'
import type { SpanIdentity } from './identity.ts'
import { hasContext, makeEvent, makeLink, makeRoom } from './parts.ts'
import { between, hrTimeAt, toHrTime } from './time.ts'
import { textOf } from './values.ts'
import type { InstrumentationScope, RecordedSpan, SpanLimits, SpanResource, TimedEvent } from '../types.ts'

/** The part of its tracer that a span uses. */
export interface SpanOwner {
  readonly limits: Required<SpanLimits>
  readonly resource: SpanResource
  readonly instrumentationScope: InstrumentationScope
  /** Receives a span whose end is set: first for processors, then for export. */
  finish(span: RecordingSpan): void
}

const UNSET: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET })

/** A span that is recorded: an object until it ends, then bytes. */
export class RecordingSpan implements RecordedSpan {
  name: string
  readonly kind: SpanKind
  status: SpanStatus = UNSET
  readonly identity: SpanIdentity
  readonly parent: SpanIdentity | undefined
  /** Attributes in the form that is encoded. */
  readonly recorded: SpanAttributes
  /** Of `performance.now()`. */
  readonly started: number
  finished = 0
  private readonly owner: SpanOwner
  private givenStart: HrTime | undefined = undefined
  private givenEnd: HrTime | undefined = undefined
  /** Created with the first of them. */
  eventList: TimedEvent[] | undefined = undefined
  linkList: Link[] | undefined = undefined
  droppedEventsCount = 0
  droppedLinksCount = 0
  private hasEnd = false
  ended = false

  /** @param now of `performance.now()` */
  constructor(
    owner: SpanOwner,
    name: string,
    kind: SpanKind,
    identity: SpanIdentity,
    parent: SpanIdentity | undefined,
    now: number,
  ) {
    this.owner = owner
    this.name = textOf(name)
    this.kind = kind
    this.identity = identity
    this.parent = parent
    this.started = now
    const { attributeCountLimit, attributeValueLengthLimit } = owner.limits
    this.recorded = new SpanAttributes(attributeCountLimit, attributeValueLengthLimit)
  }

  /** Sets a start time other than now. */
  startAt(time: TimeInput): void {
    this.givenStart = toHrTime(time, this.anchor)
  }

  spanContext(): SpanContext {
    return this.identity.spanContext
  }

  isRecording(): boolean {
    return !this.ended
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.hasEnded()) this.recorded.set(key, value)
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (this.hasEnded()) return this
    for (const key in attributes) {
      if (Object.prototype.hasOwnProperty.call(attributes, key)) this.recorded.set(key, attributes[key])
    }
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.hasEnded()) return this
    const { limits } = this.owner
    const events = this.eventList ?? []
    if (!makeRoom(events, limits.eventCountLimit)) this.droppedEventsCount += 1
    if (limits.eventCountLimit > 0) {
      const event = makeEvent(name, attributesOrTime, time, this.anchor, limits)
      // A list made of its first event has no room for more, which few spans need (benchmark row: undici.request).
      if (this.eventList) events.push(event)
      else this.eventList = [event]
    }
    return this
  }

  addLink(link: Link): this {
    if (this.hasEnded() || !hasContext(link)) return this
    const { limits } = this.owner
    const links = (this.linkList ??= [])
    if (!makeRoom(links, limits.linkCountLimit)) this.droppedLinksCount += 1
    if (limits.linkCountLimit > 0) links.push(makeLink(link, limits))
    return this
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  setStatus({ code, message }: SpanStatus): this {
    if (this.hasEnded() || code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK)
      return this
    this.status = code === SpanStatusCode.ERROR && typeof message === 'string' ? { code, message } : { code }
    return this
  }

  updateName(name: string): this {
    if (!this.hasEnded()) this.name = textOf(name)
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception)
    if (attributes) this.addEvent(EVENT_EXCEPTION, attributes, time)
  }

  end(endTime?: TimeInput): void {
    if (this.hasEnd) {
      this.sayEnded('ended')
      return
    }
    this.hasEnd = true
    try {
      this.finished = performance.now()
      if (endTime !== undefined) this.givenEnd = toHrTime(endTime, this.anchor)
      this.owner.finish(this)
    } catch (error) {
      this.seal()
      reportFailure('ending a span', error)
    }
  }

  /** Makes the span immutable. */
  seal(): void {
    this.ended = true
  }

  /** Releases everything except the span context, since the span may still be referenced. */
  letGo(): void {
    this.recorded.clear()
    this.eventList = undefined
    this.linkList = undefined
    this.status = UNSET
  }

  get attributes(): Attributes {
    return this.recorded.toObject()
  }

  set attributes(attributes: Attributes) {
    this.recorded.replace(attributes)
  }

  get events(): TimedEvent[] {
    return (this.eventList ??= [])
  }

  get links(): Link[] {
    return (this.linkList ??= [])
  }

  /** Present on all spans, as on those of the SDK, and undefined where there is none. */
  get parentSpanContext(): SpanContext {
    return this.parent?.spanContext as SpanContext
  }

  get isTraceIdRandom(): boolean {
    return this.identity.trace.isRandom
  }

  private get anchor(): number {
    return this.identity.trace.anchor
  }

  /** Whether both start and end were read from the clock. */
  get isTimedHere(): boolean {
    return this.givenStart === undefined && this.givenEnd === undefined
  }

  get startTime(): HrTime {
    return this.givenStart ?? hrTimeAt(this.anchor, this.started)
  }

  /** Never before the start. */
  get endTime(): HrTime {
    if (!this.hasEnd) return [0, 0]
    const end = this.givenEnd ?? hrTimeAt(this.anchor, this.finished)
    const { startTime } = this
    return end[0] < startTime[0] || (end[0] === startTime[0] && end[1] < startTime[1]) ? startTime : end
  }

  get duration(): HrTime {
    return !this.hasEnd ? [-1, -1] : between(this.startTime, this.endTime)
  }

  get resource(): SpanResource {
    return this.owner.resource
  }

  get instrumentationScope(): InstrumentationScope {
    return this.owner.instrumentationScope
  }

  get droppedAttributesCount(): number {
    return this.recorded.dropped
  }

  private hasEnded(): boolean {
    if (this.ended) this.sayEnded('changed')
    return this.ended
  }

  private sayEnded(what: string): void {
    const { traceId, spanId } = this.spanContext()
    const which = `first by ${printable(this.name)} (${traceId}-${spanId})`
    say('warn', `spanwright: a span has already ended and was ${what} again`, which)
  }
}
