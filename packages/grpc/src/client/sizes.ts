import type { CallProperties } from '@grpc/grpc-js'
import { copyWith } from '@spanwright/core/plugin'

import { measuringArgument, measuringResult, type Sizes } from '../messages.ts'

/** The method of a call, as a generator defined it. */
export type ClientMethod = CallProperties<unknown, unknown>['methodDefinition']

const sizesByMethod = new WeakMap<ClientMethod, Sizes>()

/** A copy of a method for one call, whose messages are measured. */
export function measured(method: ClientMethod): ClientMethod {
  const sizes: Sizes = { request: 0, response: 0 }
  const copy = copyWith(method, {
    requestSerialize: measuringResult(method.requestSerialize, sizes, 'request'),
    responseDeserialize: measuringArgument(method.responseDeserialize, sizes, 'response'),
  })
  sizesByMethod.set(copy, sizes)
  return copy
}

/** The sizes of the messages of a call so far. */
export function sizesOf(method: ClientMethod): Sizes | undefined {
  return sizesByMethod.get(method)
}
