/** A request that is not OTLP, or is larger than the limits; the message says why. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest'
}

/** Depth of nested messages: a span's attribute is at 7, so this leaves room for lists within lists. */
const MAX_DEPTH = 48

/** Messages of one request. A batch of 512 spans with 30 attributes each has about 35,000. */
const MAX_MESSAGES = 1_000_000

/** Counts the objects that a request is decoded to: a message of two bytes becomes an object of a hundred. */
export class Budget {
  private messages = 0

  /** @throws MalformedRequest when there are too many messages, or they are nested too deeply */
  enter(depth: number): void {
    if (depth > MAX_DEPTH) throw new MalformedRequest(`messages are nested more than ${MAX_DEPTH} deep`)
    if (++this.messages > MAX_MESSAGES) {
      throw new MalformedRequest(`the request has more than ${MAX_MESSAGES} messages`)
    }
  }
}
