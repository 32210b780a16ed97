import { afterAll, beforeAll } from '@jest/globals'

import { type Host, PATIENCE, startHost } from './host.ts'

/** A process for all tests of a file. */
export function useHost(): Pick<Host, 'run'> {
  let host: Host
  beforeAll(async () => {
    host = await startHost()
  }, PATIENCE)
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
  })
  return { run: (order, meanwhile) => host.run(order, meanwhile) }
}
