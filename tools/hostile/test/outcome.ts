import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, expect, it } from '@jest/globals'

import { everyFault, type HostileOptions } from './faults.ts'

/** What the application sees of some work: what it returns, or what it throws. */
async function outcomeOf(work: () => unknown): Promise<unknown> {
  try {
    return { returned: await work() }
  } catch (error) {
    const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown }
    return { thrown: { name, message, code } }
  }
}

/**
 * Runs work of an application with every fault of telemetry there is, and compares what the application sees with what
 * it sees without tracing.
 * @param work is given the options for the entry point; without them it is to run untraced
 */
export function testEveryFault(name: string, work: (options: HostileOptions | undefined) => unknown): void {
  const manager = new AsyncLocalStorageContextManager().enable()
  let untraced: unknown
  beforeAll(async () => {
    context.setGlobalContextManager(manager)
    untraced = await context.with(ROOT_CONTEXT, outcomeOf, undefined, () => work(undefined))
  }, 60_000)
  afterAll(() => context.disable())

  it.each(everyFault())(`${name} has the untraced outcome with $name`, async ({ options, active }) => {
    expect(await context.with(active, outcomeOf, undefined, () => work(options))).toEqual(untraced)
  })
}
