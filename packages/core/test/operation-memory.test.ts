import { setImmediate } from 'node:timers/promises'

import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'

import { type Operation, runToEnd, SUCCESS } from '@spanwright/core/plugin'
import { withSpan } from '@spanwright/core'

import { areCollected } from '@spanwright/test-kit'
import { type Job, startJob } from './job.ts'

// A collection takes a while on a busy machine.
jest.setTimeout(60_000)

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => context.disable())

function traced(): Operation<Job> {
  const parent = ROOT_CONTEXT.setValue(Symbol('request'), { body: 'large' })
  return startJob({ tracerProvider: new BasicTracerProvider() }, { parent, record: { title: 'sweep' } })
}

describe('an operation that is retained', () => {
  it('retains its span and context while it runs', async () => {
    const operation = traced()
    const references = [new WeakRef(operation.span), new WeakRef(operation.context)]
    expect(await areCollected(references, 3)).toBe(false)
    operation.end(SUCCESS)
  })

  it('retains neither span nor context once it has ended', async () => {
    const operation = traced()
    const references = [new WeakRef(operation.span), new WeakRef(operation.context)]
    operation.end(SUCCESS)

    expect(await areCollected(references)).toBe(true)
    expect(operation.ended).toBe(true)
  })
})

describe('a promise that is retained', () => {
  it('retains neither span nor context of the operation that created it', async () => {
    const references: WeakRef<object>[] = []
    const kept = start()
    await kept
    expect(await areCollected(references)).toBe(true)
    expect(kept).toBeInstanceOf(Promise)

    function start(): Promise<string> {
      const operation = traced()
      references.push(new WeakRef(operation.span), new WeakRef(operation.context))
      return runToEnd(operation, async () => {
        await setImmediate()
        return 'ready'
      })
    }
  })

  it('retains no span of withSpan either', async () => {
    const tracerProvider = new BasicTracerProvider()
    const references: WeakRef<object>[] = []
    const ready = withSpan(
      'connect',
      async span => {
        references.push(new WeakRef(span))
        await setImmediate()
      },
      { tracerProvider },
    )
    await ready
    expect(await areCollected(references)).toBe(true)
    expect(ready).toBeInstanceOf(Promise)
  })
})
