import { once } from 'node:events'
import Module from 'node:module'

import type { Ask, runApplication } from './application.ts'
import type { tracing } from './set-ups/spanwright.ts'

/** What the process says to the test at its end. */
export interface Said {
  readonly problems: readonly string[]
}

interface SetUp {
  readonly tracing?: typeof tracing
  /** Is called within a request. */
  inRequest?(): unknown
}

// An application has one copy of the API. Here, its packages lie in two folders, each with a copy.
const RESOLVE = '_resolveFilename'
const loader = Module as unknown as { [RESOLVE]: (name: string, ...rest: unknown[]) => string }
const resolve = loader[RESOLVE]
loader[RESOLVE] = function (name, ...rest) {
  return resolve.call(this, name, ...(name === '@opentelemetry/api' ? [module] : rest))
}

/** Only the process of the test, in which nothing is traced, calls from outside. */
const ask: Ask = async url => {
  process.send?.({ url })
  const [body] = (await once(process, 'message')) as [string]
  return body
}

/** Loads set-ups in the given order, and then the application. */
async function main(...setUps: readonly string[]): Promise<void> {
  let started: typeof tracing | undefined
  let inRequest: () => unknown = () => undefined
  for (const name of setUps) {
    const loaded = (await import(`./set-ups/${name}.ts`)) as SetUp
    started ??= loaded.tracing
    inRequest = loaded.inRequest ?? inRequest
  }
  const { PEER: peer = '', DATABASE: database = '', BROKER: broker = '', TOPIC: topic = '' } = process.env
  const application = (await import('./application.ts')) as { runApplication: typeof runApplication }
  await application.runApplication(
    { peer, database, broker, topic, isTraced: setUps.length > 0, inRequest },
    ask,
  )
  process.send?.({ problems: started?.report().problems ?? [] } satisfies Said)
  await started?.shutdown()
}

void main(...process.argv.slice(2))
