import type { SpanProcessor } from '@opentelemetry/sdk-trace'

import type { Survivors } from '../protocol.ts'

/** How many of the last objects of a kind are watched. */
const WATCHED = 1000

/** Keeps weak references to the last objects of a kind. */
class LastOnes {
  private readonly references: WeakRef<object>[] = []
  private next = 0

  add(object: object): void {
    this.references[this.next] = new WeakRef(object)
    this.next = (this.next + 1) % WATCHED
  }

  get survivors(): number {
    return this.references.filter(reference => reference.deref() !== undefined).length
  }
}

/** Watches what is done with, to see whether it can be collected. */
export class Watched implements SpanProcessor {
  private readonly spans = new LastOnes()
  private readonly requests = new LastOnes()
  private readonly responses = new LastOnes()

  addExchange(request: object, response: object): void {
    this.requests.add(request)
    this.responses.add(response)
  }

  onStart(): void {}

  onEnd(span: object): void {
    this.spans.add(span)
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  get survivors(): Survivors {
    const { spans, requests, responses } = this
    return {
      watched: WATCHED,
      spans: spans.survivors,
      requests: requests.survivors,
      responses: responses.survivors,
    }
  }
}
