import type { Attributes, Link, TimeInput } from '@opentelemetry/api'

import { say } from '@spanwright/core/plugin'

import type { SpanLimits, TimedEvent } from '../types.ts'
import { limitAttributes } from './attributes.ts'
import { isTime, toHrTime } from './time.ts'
import { textOf } from './values.ts'

/** Removes the oldest item when there are too many. @returns false when one was removed */
export function makeRoom(list: unknown[], limit: number): boolean {
  if (list.length < limit) return true
  list.shift()
  return false
}

/** An event within its limits; the API allows the time in place of the attributes. */
export function makeEvent(
  name: string,
  attributesOrTime: Attributes | TimeInput | undefined,
  time: TimeInput | undefined,
  anchor: number,
  limits: Required<SpanLimits>,
): TimedEvent {
  const isTimeSecond = isTime(attributesOrTime)
  const { attributes, dropped } = limitAttributes(
    isTimeSecond ? undefined : attributesOrTime,
    limits.attributePerEventCountLimit,
    limits.attributeValueLengthLimit,
  )
  const at = isTime(time) ? time : isTimeSecond ? attributesOrTime : undefined
  return { name: textOf(name), attributes, time: toHrTime(at, anchor), droppedAttributesCount: dropped }
}

/** A link to a span context that is missing would make the span impossible to encode. */
export function hasContext(link: Link): boolean {
  if (typeof link?.context?.traceId === 'string' && typeof link.context.spanId === 'string') return true
  say('warn', 'spanwright: a link is not recorded', 'it has no span context')
  return false
}

/** A link within its limits. */
export function makeLink({ context, attributes: given }: Link, limits: Required<SpanLimits>): Link {
  const { attributes, dropped } = limitAttributes(
    given,
    limits.attributePerLinkCountLimit,
    limits.attributeValueLengthLimit,
  )
  return { context, attributes, ...(dropped > 0 && { droppedAttributesCount: dropped }) }
}
