import type { ConventionOptions } from '../conventions/check.ts'
import type { ExpectedSpan } from './expected-trace.ts'
import type { SpanShape } from './query.ts'
import { judgeCompleteness, judgeConventions, judgeSpan, judgeTrace, type Verdict } from './verdicts.ts'

/** The matchers of `expect(recorder)` in Jest and Vitest. */
export interface SpanMatchers<R = unknown> {
  /** A span with that shape exists. */
  toHaveSpan(shape: SpanShape): R
  /** The spans form exactly that trace: indented text, or nested objects. */
  toMatchTrace(trace: string | ExpectedSpan | readonly ExpectedSpan[]): R
  /** Each trace has one root, every parent is known, and no span is open. */
  toBeComplete(): R
  /** Names, types, values, kinds, units and boundaries follow the semantic conventions 1.45.0. */
  toFollowSemanticConventions(options?: ConventionOptions): R
}

/** For `expect.extend`. The entry points `/jest` and `/vitest` do that. */
export const spanMatchers: {
  toHaveSpan(received: unknown, shape: SpanShape): Verdict
  toMatchTrace(received: unknown, trace: string | ExpectedSpan | readonly ExpectedSpan[]): Verdict
  toBeComplete(received: unknown): Verdict
  toFollowSemanticConventions(received: unknown, options?: ConventionOptions): Verdict
} = {
  toHaveSpan: judgeSpan,
  toMatchTrace: judgeTrace,
  toBeComplete: judgeCompleteness,
  toFollowSemanticConventions: judgeConventions,
}
