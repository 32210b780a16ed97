import { attempt, copyWith } from '@spanwright/core/plugin'

import type { NextServerCall, SentStatus } from '../library.ts'
import { measuringArgument, measuringResult, type Sizes } from '../messages.ts'

/** Receives the status that a server sends. */
interface StatusWatcher {
  over(status: SentStatus): void
}

/** Private members of the innermost call, which grpc-js creates for a stream. */
interface Internals {
  readonly stream?: { readonly destroyed?: boolean; readonly closed?: boolean }
  handler?: Handler
}

type Convert = (value: never) => unknown

interface Handler {
  readonly serialize?: Convert
  readonly deserialize?: Convert
}

/** The call that the library created, beneath those of interceptors that come before this package's. */
export function innermostOf(call: NextServerCall): NextServerCall {
  let innermost = call
  while (innermost.nextCall) innermost = innermost.nextCall
  return innermost
}

/**
 * Observes the status that ends a call. grpc-js sends some of them without calling its interceptors: when the deadline
 * has expired, or a message is too large or cannot be read.
 */
export function watchStatus(innermost: NextServerCall, watcher: StatusWatcher): void {
  const { sendStatus } = innermost
  innermost.sendStatus = function send(this: NextServerCall, status) {
    const isLate = attempt('reading the state of a call', isOver, this)
    sendStatus.call(this, status)
    if (!isLate) watcher.over(status)
  }
}

/** True when the client has disconnected, so that grpc-js sends nothing more. */
function isOver(call: NextServerCall): boolean {
  const { stream } = call as Internals
  return stream?.destroyed === true || stream?.closed === true
}

/** Measures the messages of a call. @returns undefined when the library has changed and they cannot be measured */
export function measureHandler(innermost: NextServerCall): Sizes | undefined {
  const call = innermost as Internals
  const { serialize, deserialize } = call.handler ?? {}
  if (!serialize || !deserialize) return undefined
  const sizes: Sizes = { request: 0, response: 0 }
  call.handler = copyWith(call.handler as Handler, {
    serialize: measuringResult(serialize, sizes, 'response'),
    deserialize: measuringArgument(deserialize, sizes, 'request'),
  })
  return sizes
}
