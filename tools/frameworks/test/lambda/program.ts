// Does what Lambda does with a function: calls the handler, and freezes the process when its promise has settled.
import { withRemoteContext, withSpan } from '@spanwright/core'
import type { Context } from 'aws-lambda'

import * as adapters from '../../recipes/adapters.ts'
import * as lambda from '../../recipes/lambda.ts'

type Handler = (event: never, context: Context) => Promise<unknown>

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...(lambda as unknown as Record<string, Handler>),
  withoutFlush: ({ headers }: { readonly headers: object }) =>
    withRemoteContext(headers, () => withSpan('unsent', () => Promise.resolve({}))),
  ...(adapters as unknown as Record<string, Handler>),
}

/** One call of a handler. */
export interface Invocation {
  readonly handler: string
  readonly event: object
}

const CONTEXT = { awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef' } as Context

process.on('message', ({ handler, event }: Invocation) => {
  const answer = HANDLERS[handler]?.(event as never, CONTEXT).catch((error: Error) => ({ error: error.name }))
  const freeze = (): void => void process.kill(process.pid, 'SIGSTOP')
  void answer?.then(result => process.send?.(result as object, freeze))
})
