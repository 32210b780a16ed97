import { context, ROOT_CONTEXT, type Span } from '@opentelemetry/api'
import { PrismaInstrumentation } from '@prisma/instrumentation'

import type { Scenario } from '../scenario.ts'

/** The helper that `@prisma/client` calls; its engine reports its spans after they have ended. */
interface Helper {
  isEnabled(): boolean
  getTraceParent(): string
  runInChildSpan<Result>(
    options: string | { readonly name: string; readonly attributes?: object; readonly active?: boolean },
    callback: (span?: Span) => Result,
  ): Result
  dispatchEngineSpans(spans: readonly object[], events: readonly object[], log: (event: object) => void): void
}

export const scenario: Scenario = {
  async run(tracerProvider) {
    const instrumentation = new PrismaInstrumentation()
    instrumentation.setTracerProvider(tracerProvider)
    instrumentation.enable()
    const { helper } = (globalThis as unknown as { PRISMA_INSTRUMENTATION: { helper: Helper } })
      .PRISMA_INSTRUMENTATION
    const attributes = { method: 'findMany', model: 'Item', name: 'Item.findMany' }
    await context.with(ROOT_CONTEXT, () =>
      helper.runInChildSpan({ name: 'operation', attributes }, async operation => {
        const parent = helper.getTraceParent()
        const { traceId, spanId } = operation?.spanContext() ?? {}
        if (parent !== `00-${traceId}-${spanId}-01`) throw new Error(`the parent is ${parent}`)
        helper.runInChildSpan({ name: 'serialize', active: false }, () => 'done')
        await helper.runInChildSpan('connect', async () => {}).catch(() => {})
        helper.dispatchEngineSpans(engineSpans(), [engineEvent()], () => {})
        await helper
          .runInChildSpan('broken', async () => {
            throw new Error('no connection')
          })
          .catch(() => {})
      }),
    )
  },
}

function engineSpans(): object[] {
  const query = { 'db.system': 'postgresql', 'db.query.text': 'SELECT 1', empty: undefined }
  return [
    { id: 'a', parentId: null, name: 'prisma:engine:query', kind: 'internal', startTime: [1_700_000_000, 5] },
    {
      id: 'b',
      parentId: 'a',
      name: 'prisma:engine:connection',
      kind: 'client',
      startTime: [1_700_000_000, 6],
    },
    { id: 'c', parentId: 'a', name: 'prisma:engine:db_query', kind: 'client', startTime: [1_700_000_000, 9] },
  ].map((span, index) => ({
    ...span,
    endTime: [1_700_000_001, index],
    attributes: span.id === 'c' ? query : {},
    links: span.id === 'c' ? ['b', 'unknown'] : undefined,
  }))
}

function engineEvent(): object {
  return {
    spanId: 'c',
    level: 'error',
    target: 'engine',
    timestamp: [1_700_000_000, 500],
    attributes: { message: 'deadlock', module_path: 'quaint' },
  }
}
