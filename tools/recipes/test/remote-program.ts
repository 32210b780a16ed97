import cluster from 'node:cluster'
import { parentPort } from 'node:worker_threads'

import { traceFields, withRemoteContext, withSpan } from '@spanwright/core'
import { startTracing } from '@spanwright/sdk'

startTracing({ serviceName: 'child', exporter: 'none' })

/** The trace fields of the sent context, and those of a span within it. */
function tracesOf(carrier: object): object {
  return withRemoteContext(carrier, () => ({ sent: traceFields(), own: withSpan('work', traceFields) }))
}

function send(answer: object): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  if (parentPort) parentPort.postMessage(answer)
  else if (process.send) process.send(answer)
  else console.log(JSON.stringify(answer))
}

if (parentPort) {
  parentPort.once('message', ({ carrier }: { carrier: object }) => send(tracesOf(carrier)))
} else if (cluster.isWorker) {
  process.once('message', ({ carrier }: { carrier: object }) => send(tracesOf(carrier)))
  // A worker of a cluster loses messages that arrive before there is a listener.
  send({ isReady: true })
} else send(tracesOf(process.env))
