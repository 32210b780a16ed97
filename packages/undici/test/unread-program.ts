// Sends requests whose responses are never read, and prints the outcome of their spans.
//   node --expose-gc --import tsx --conditions=@spanwright/source packages/undici/test/unread-program.ts 100000
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { BasicTracerProvider, type Span, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { traceFetch, tracing } from '@spanwright/undici'
import { Agent, fetch as fetchOfUndici, request } from 'undici'

/** Outcome of the spans. */
export interface Tally {
  readonly requests: number
  readonly started: number
  readonly ended: number
  /** Of the last spans, those that are still in memory. */
  readonly survivors: number
  /** Bytes of the heap after a tenth of the requests, and after all. */
  readonly heap: readonly [early: number, late: number]
}

const BATCH = 400
/** Turns of the event loop between two collections, which take longer than anything else here. */
const TURNS = 50
/** More than a stream buffers before it stops reading. */
const LARGE = Buffer.alloc(300_000)
const collectGarbage = globalThis.gc as () => void

class Counter implements SpanProcessor {
  started = 0
  ended = 0
  private readonly last: WeakRef<object>[] = []

  onStart(span: Span): void {
    this.last[this.started++ % 1000] = new WeakRef(span)
  }

  onEnd(): void {
    this.ended++
  }

  get survivors(): number {
    return this.last.filter(span => span.deref() !== undefined).length
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

/** Sends a batch of requests in all ways in turn, and retains nothing of the responses. */
async function sendBatch(
  ways: readonly ((url: string) => Promise<unknown>)[],
  origin: string,
): Promise<void> {
  await Promise.all(
    Array.from({ length: BATCH }, async (_, i) => {
      await ways[i % ways.length]?.(`${origin}/${i % 8 < 4 ? 'small' : 'large'}`)
    }),
  )
}

/** Lets everything happen that is ready to, and then collects garbage. */
async function collected(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate()
  collectGarbage()
}

async function main(requests: number): Promise<void> {
  const server = createServer((asked, response) => response.end(asked.url === '/large' ? LARGE : 'small'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const counter = new Counter()
  const options = { tracerProvider: new BasicTracerProvider({ spanProcessors: [counter] }) }
  const fetches = [traceFetch(globalThis.fetch, options), traceFetch(fetchOfUndici, options)]
  const interceptor = tracing(options)
  let early = 0

  for (let sent = 0; sent < requests; sent += BATCH) {
    // Undici keeps the connection of a body that is not read: it is closed with its dispatcher.
    const agent = new Agent()
    const dispatcher = agent.compose(interceptor)
    const send = (url: string): Promise<unknown> => request(url, { dispatcher })
    await sendBatch([...fetches, send, send], origin)
    while (counter.ended < counter.started) await collected()
    await agent.destroy()
    if (sent + BATCH >= requests / 10 && early === 0) early = process.memoryUsage().heapUsed
  }

  for (let i = 0; i < 3; i++) await collected()
  const { started, ended, survivors } = counter
  const tally: Tally = {
    requests,
    started,
    ended,
    survivors,
    heap: [early, process.memoryUsage().heapUsed],
  }
  process.stdout.write(JSON.stringify(tally))
  server.closeAllConnections()
  server.close()
}

void main(Number(process.argv[2]))
