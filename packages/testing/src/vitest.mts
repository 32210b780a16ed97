import { expect } from 'vitest'

import { type SpanMatchers, spanMatchers } from './match/matchers.ts'
import { spanSerializer } from './print/serializer.ts'

expect.extend(spanMatchers)
expect.addSnapshotSerializer(spanSerializer)

declare module 'vitest' {
  // eslint-disable-next-line typescript/no-explicit-any -- the parameter must be that of the interface it adds to
  interface Matchers<T = any> extends SpanMatchers<T> {}
}
