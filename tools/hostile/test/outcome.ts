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

/** Except in `npm run test:sweeps`, each work of a file gets every third fault, and the next work gets other ones. */
const STRIDE = process.env['SWEEPS'] === 'all' ? 1 : 3
let works = 0

/**
 * Runs work of an application with every fault of telemetry, and compares the outcome that the application sees with
 * the outcome without tracing.
 * @param work receives the options for the entry point; without them it runs untraced
 */
export function testEveryFault(name: string, work: (options: HostileOptions | undefined) => unknown): void {
  const manager = new AsyncLocalStorageContextManager().enable()
  let untraced: unknown
  beforeAll(async () => {
    context.setGlobalContextManager(manager)
    untraced = await context.with(ROOT_CONTEXT, outcomeOf, undefined, () => work(undefined))
  }, 60_000)
  afterAll(() => context.disable())

  const offset = works++
  const faults = everyFault().filter((_fault, index) => (index + offset) % STRIDE === 0)
  it.each(faults)(`${name} has the untraced outcome with $name`, async ({ options, active }) => {
    expect(await context.with(active, outcomeOf, undefined, () => work(options))).toEqual(untraced)
  })
}
