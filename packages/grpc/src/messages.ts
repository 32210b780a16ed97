import type { Attributes } from '@opentelemetry/api'
import { type Operation, writeTo } from '@spanwright/core/plugin'
import {
  ATTR_SPANWRIGHT_RPC_MESSAGE_ID,
  ATTR_SPANWRIGHT_RPC_MESSAGE_TYPE,
  ATTR_SPANWRIGHT_RPC_REQUEST_MESSAGES,
  ATTR_SPANWRIGHT_RPC_REQUEST_SIZE,
  ATTR_SPANWRIGHT_RPC_RESPONSE_MESSAGES,
  ATTR_SPANWRIGHT_RPC_RESPONSE_SIZE,
  EVENT_RPC_MESSAGE,
} from '@spanwright/core/semconv'

import type { GrpcOperation } from './options.ts'

/** Sizes of the messages of a call in bytes, before compression. */
export interface Sizes {
  request: number
  response: number
}

/** The messages of one call. */
export class Messages {
  /** Absent when sizes are not recorded, or cannot be known. */
  sizes: Sizes | undefined
  private readonly asEvents: boolean
  private sent = 0
  private received = 0

  constructor(asEvents: boolean) {
    this.asEvents = asEvents
  }

  note(operation: Operation<GrpcOperation>, type: 'sent' | 'received'): void {
    const id = ++this[type]
    if (!this.asEvents) return
    writeTo(operation.span, 'addEvent', EVENT_RPC_MESSAGE, {
      [ATTR_SPANWRIGHT_RPC_MESSAGE_TYPE]: type,
      [ATTR_SPANWRIGHT_RPC_MESSAGE_ID]: id,
    })
  }

  /** Writes numbers and sizes. */
  write(attributes: Attributes, isClient: boolean): void {
    const { sent, received, sizes } = this
    attributes[ATTR_SPANWRIGHT_RPC_REQUEST_MESSAGES] = isClient ? sent : received
    attributes[ATTR_SPANWRIGHT_RPC_RESPONSE_MESSAGES] = isClient ? received : sent
    if (!sizes) return
    attributes[ATTR_SPANWRIGHT_RPC_REQUEST_SIZE] = sizes.request
    attributes[ATTR_SPANWRIGHT_RPC_RESPONSE_SIZE] = sizes.response
  }
}

type Conversion = (this: unknown, value: never) => unknown

/** A serializer that adds the size of its result. */
export function measuringResult<Convert extends Conversion>(
  convert: Convert,
  sizes: Sizes,
  direction: keyof Sizes,
): Convert {
  function measure(this: unknown, value: never): unknown {
    const bytes = convert.call(this, value)
    sizes[direction] += lengthOf(bytes)
    return bytes
  }
  return measure as Convert
}

/** A deserializer that adds the size of its argument. */
export function measuringArgument<Convert extends Conversion>(
  convert: Convert,
  sizes: Sizes,
  direction: keyof Sizes,
): Convert {
  function measure(this: unknown, value: never): unknown {
    sizes[direction] += lengthOf(value)
    return convert.call(this, value)
  }
  return measure as Convert
}

function lengthOf(bytes: unknown): number {
  return bytes instanceof Uint8Array ? bytes.byteLength : 0
}
