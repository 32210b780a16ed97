import { join } from 'node:path'

import { traceKafka } from '@spanwright/kafkajs'

import { record } from './record.ts'

type Create = (options: object) => object

/** Jest gives it to each module. */
declare const jest: {
  mock(path: string, make: () => unknown): void
  requireActual(path: string): unknown
}

// Traces every producer and consumer that the tests create, with a client or without one. Jest ends its workers without
// the event that writes the numbers of spans.
record()
for (const kind of ['producer', 'consumer'] as const) {
  const path = join(process.cwd(), 'src', kind, 'index.js')
  jest.mock(path, () => {
    const create = jest.requireActual(path) as Create
    return (options: object) =>
      traceKafka({ producer: create, consumer: create, admin: create })[kind](options)
  })
}
