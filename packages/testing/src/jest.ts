import type { Expect } from 'expect'

import { type SpanMatchers, spanMatchers } from './match/matchers.ts'
import { spanSerializer } from './print/serializer.ts'

type JestExpect = Pick<Expect, 'extend'> & { addSnapshotSerializer(serializer: object): void }

// The same object that @jest/globals exports; importing that package would not resolve under every package manager.
const { expect } = globalThis as { expect?: JestExpect }
if (!expect) {
  throw new Error(
    '@spanwright/testing/jest: import it in a Jest test or in a file of setupFilesAfterEnv; the global expect is missing',
  )
}
expect.extend({ ...spanMatchers })
expect.addSnapshotSerializer(spanSerializer)

declare module 'expect' {
  // eslint-disable-next-line typescript/no-unused-vars -- the parameters must be those of the interface it adds to
  interface Matchers<R extends void | Promise<void>, T = unknown> extends SpanMatchers<R> {}
}

declare global {
  // eslint-disable-next-line typescript/no-namespace -- how @types/jest declares its matchers
  namespace jest {
    // eslint-disable-next-line typescript/no-unused-vars
    interface Matchers<R, T = {}> extends SpanMatchers<R> {}
  }
}
