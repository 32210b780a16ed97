import { type Attributes, type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api'
import {
  ATTR_EXPORTER,
  ATTR_KEEP_DECISION,
  ATTR_KEEP_REASON,
  ATTR_SPAN_OUTCOME,
  METRIC_LOCAL_TRACES,
  METRIC_SPANS,
} from '@spanwright/core/semconv'

import type { SpanCounts } from '../record/pipeline.ts'
import { VERSION } from '../version.ts'

type Point = readonly [count: number, attributes: Attributes]

/**
 * Lets a provider read how many spans came to what, and how local traces were decided.
 * @returns ends that
 */
export function observeSpans(
  counts: () => SpanCounts,
  provider: MeterProvider = metrics.getMeterProvider(),
): () => void {
  const meter = provider.getMeter('@spanwright/sdk', VERSION)
  const observed = [
    { metric: METRIC_SPANS, points: spanPoints },
    { metric: METRIC_LOCAL_TRACES, points: tracePoints },
  ].map(({ metric: { name, unit, description }, points }) => {
    const counter = meter.createObservableCounter(name, { unit, description })
    const observe = (result: ObservableResult): void => {
      for (const [count, attributes] of points(counts())) result.observe(count, attributes)
    }
    counter.addCallback(observe)
    return { counter, observe }
  })
  return () => {
    for (const { counter, observe } of observed) counter.removeCallback(observe)
  }
}

function spanPoints({ unsampled, sampledOut, exporters }: SpanCounts): Point[] {
  return [
    [unsampled, { [ATTR_SPAN_OUTCOME]: 'unsampled' }],
    [sampledOut, { [ATTR_SPAN_OUTCOME]: 'sampled_out' }],
    ...exporters.flatMap(({ name, exported, dropped: { queueFull, failed, rejected, shutDown } }) =>
      Object.entries({
        exported,
        queue_full: queueFull,
        failed,
        // Few endpoints ever do that.
        ...(rejected > 0 && { rejected }),
        shut_down: shutDown,
      }).map(([outcome, count]): Point => [count, { [ATTR_SPAN_OUTCOME]: outcome, [ATTR_EXPORTER]: name }]),
    ),
  ]
}

/** Nothing where no decision is made at the end. */
function tracePoints({ localTraces }: SpanCounts): Point[] {
  if (!localTraces) return []
  return [
    [localTraces.dropped, { [ATTR_KEEP_DECISION]: 'dropped' }],
    ...Object.entries(localTraces.kept).map(([reason, count]): Point => [
      count,
      { [ATTR_KEEP_DECISION]: 'kept', [ATTR_KEEP_REASON]: reason },
    ]),
  ]
}
