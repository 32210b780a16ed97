import {
  type Attributes,
  type AttributeValue,
  diag,
  type Exception,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'
import { EVENT_EXCEPTION } from '@spanwright/core/semconv'

import { printable } from '../../export/console/printable.ts'
import { limitAttributes, SpanAttributes } from './attributes.ts'
import { exceptionAttributes } from './exception.ts'
import { anchorAt, between, hrTimeAt, isTime, toHrTime } from './time.ts'
import type { InstrumentationScope, RecordedSpan, SpanLimits, SpanResource, TimedEvent } from '../types.ts'

/** What a span asks of the one who made it. */
export interface SpanOwner {
  readonly limits: Required<SpanLimits>
  readonly resource: SpanResource
  readonly instrumentationScope: InstrumentationScope
  /** Takes a span whose end is set: processors first, then what exports it. */
  finish(span: RecordingSpan): void
}

/** What a span starts with. */
export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  /** The span beneath which it lies, when that was recorded here. */
  readonly local: RecordingSpan | undefined
  readonly startTime: TimeInput | undefined
  /** Whether the trace id is known to be random. */
  readonly isTraceIdRandom: boolean
}

const UNSET: SpanStatus = Object.freeze({ code: SpanStatusCode.UNSET })

type State = 'recording' | 'ending' | 'ended'

/** A span that is recorded: an object until it ends, then bytes. */
export class RecordingSpan implements RecordedSpan {
  name: string
  readonly kind: SpanKind
  readonly parentSpanContext?: SpanContext
  status: SpanStatus = UNSET
  /** Whether the trace id is known to be random, which the exported flags say. */
  readonly isTraceIdRandom: boolean
  /** Attributes in the form that is encoded. */
  readonly recorded: SpanAttributes
  /** What is added to `performance.now()` for the time since 1970. */
  readonly anchor: number
  private readonly owner: SpanOwner
  private readonly context: SpanContext
  private readonly started: number
  private readonly givenStart: HrTime | undefined
  private finished = 0
  private givenEnd: HrTime | undefined
  private eventList: TimedEvent[] | undefined = undefined
  private linkList: Link[] | undefined = undefined
  droppedEventsCount = 0
  droppedLinksCount = 0
  private state: State = 'recording'

  constructor(
    owner: SpanOwner,
    { name, kind, context, parent, local, startTime, isTraceIdRandom }: SpanStart,
  ) {
    this.owner = owner
    this.name = name
    this.kind = kind
    this.context = context
    this.parentSpanContext = parent as SpanContext
    this.isTraceIdRandom = isTraceIdRandom
    this.started = performance.now()
    this.anchor = local === undefined ? anchorAt(this.started) : local.anchor
    this.givenStart = startTime === undefined ? undefined : toHrTime(startTime, this.anchor)
    const { attributeCountLimit, attributeValueLengthLimit } = owner.limits
    this.recorded = new SpanAttributes(attributeCountLimit, attributeValueLengthLimit)
  }

  spanContext(): SpanContext {
    return this.context
  }

  isRecording(): boolean {
    return this.state !== 'ended'
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.hasEnded()) this.recorded.set(key, value)
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (this.hasEnded()) return this
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.recorded.set(key, attributes[key])
    }
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.hasEnded()) return this
    const { eventCountLimit, attributePerEventCountLimit, attributeValueLengthLimit } = this.owner.limits
    const events = (this.eventList ??= [])
    if (!makeRoom(events, eventCountLimit)) this.droppedEventsCount += 1
    if (eventCountLimit === 0) return this
    const isTimeSecond = isTime(attributesOrTime)
    const { attributes, dropped } = limitAttributes(
      isTimeSecond ? undefined : attributesOrTime,
      attributePerEventCountLimit,
      attributeValueLengthLimit,
    )
    const at = isTime(time) ? time : isTimeSecond ? attributesOrTime : undefined
    events.push({ name, attributes, time: toHrTime(at, this.anchor), droppedAttributesCount: dropped })
    return this
  }

  addLink({ context, attributes: given }: Link): this {
    if (this.hasEnded()) return this
    const { linkCountLimit, attributePerLinkCountLimit, attributeValueLengthLimit } = this.owner.limits
    const links = (this.linkList ??= [])
    if (!makeRoom(links, linkCountLimit)) this.droppedLinksCount += 1
    if (linkCountLimit === 0) return this
    const { attributes, dropped } = limitAttributes(
      given,
      attributePerLinkCountLimit,
      attributeValueLengthLimit,
    )
    links.push({ context, attributes, ...(dropped > 0 && { droppedAttributesCount: dropped }) })
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
    if (!this.hasEnded()) this.name = name
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception)
    if (attributes) this.addEvent(EVENT_EXCEPTION, attributes, time)
  }

  end(endTime?: TimeInput): void {
    if (this.state !== 'recording') {
      this.sayEnded('end()')
      return
    }
    this.state = 'ending'
    try {
      this.finished = performance.now()
      if (endTime !== undefined) this.givenEnd = toHrTime(endTime, this.anchor)
      this.owner.finish(this)
    } catch (error) {
      this.seal()
      reportFailure('ending a span', error)
    }
  }

  /** From here on nothing changes any more. */
  seal(): void {
    this.state = 'ended'
  }

  /** Lets go of everything but the span context, for those who still hold the span. */
  letGo(): void {
    this.recorded.clear()
    this.eventList = undefined
    this.linkList = undefined
    this.status = UNSET
  }

  get attributes(): Attributes {
    return this.recorded.toObject()
  }

  /** Some processors replace the attributes. */
  set attributes(attributes: Attributes) {
    this.recorded.replace(attributes)
  }

  get events(): TimedEvent[] {
    return (this.eventList ??= [])
  }

  get links(): Link[] {
    return (this.linkList ??= [])
  }

  /** Whether there are events or links, without making lists of them. */
  get hasParts(): boolean {
    return this.eventList !== undefined || this.linkList !== undefined
  }

  get startTime(): HrTime {
    return this.givenStart ?? hrTimeAt(this.anchor, this.started)
  }

  /** Never before the start. */
  get endTime(): HrTime {
    if (this.state === 'recording') return [0, 0]
    const end = this.givenEnd ?? hrTimeAt(this.anchor, this.finished)
    const { startTime } = this
    return end[0] < startTime[0] || (end[0] === startTime[0] && end[1] < startTime[1]) ? startTime : end
  }

  get duration(): HrTime {
    return this.state === 'recording' ? [-1, -1] : between(this.startTime, this.endTime)
  }

  get ended(): boolean {
    return this.state === 'ended'
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
    if (this.state !== 'ended') return false
    this.sayEnded('it is changed')
    return true
  }

  private sayEnded(what: string): void {
    const { traceId, spanId } = this.context
    diag.warn(
      `spanwright: span ${printable(this.name)} (${traceId}-${spanId}) has ended already, and ${what} once more`,
    )
  }
}

/** The oldest one gives way when there are too many. @returns false when one had to */
function makeRoom(list: unknown[], limit: number): boolean {
  if (list.length < limit) return true
  list.shift()
  return false
}
