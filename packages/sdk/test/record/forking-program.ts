import cluster from 'node:cluster'
import { once } from 'node:events'

import { trace } from '@opentelemetry/api'

import { startTracing } from '../../src/index.ts'

// A program that traces and forks workers that trace, with spans waiting in both.
const WORKERS = 2

const tracing = startTracing({ serviceName: 'forking', metrics: false })

function traceSome(who: string): void {
  for (const name of ['first', 'second']) trace.getTracer('test').startSpan(`${who} ${name}`).end()
}

async function fork(): Promise<void> {
  traceSome('primary')
  const workers = Array.from({ length: WORKERS }, () => cluster.fork())
  traceSome('primary later')
  await Promise.all(workers.map(worker => once(worker, 'exit')))
}

async function run(): Promise<void> {
  if (cluster.isPrimary) await fork()
  else traceSome('worker')
  await tracing.shutdown()
  cluster.worker?.disconnect()
}

void run()
