import type { Finding, Rule } from './finding.ts'
import { repeatedBeneath } from './repeated-queries.ts'
import { idsOf, isQuery, methodOf, sumOf, summaryOf } from './spans.ts'
import { duration, percent } from './words.ts'
import { textOf } from '../model/attributes.ts'
import type { Span } from '../model/trace.ts'

/** Of two reads in a row, the second often needs the first. */
const MIN_CALLS = 3
/** The share of the duration of the parent that concurrency must save for the calls to be reported. */
const MIN_GAIN = 0.15

/** Reads that wait for each other beneath one parent. Writes are not reported: their order may matter. */
export const oneAfterTheOther: Rule = trace =>
  trace.spans.flatMap(parent => {
    const repeated = new Set([...repeatedBeneath(parent).values()].flat())
    const reads = parent.children.filter(child => isRead(child) && !repeated.has(child))
    return chainsOf(reads).flatMap((chain): Finding[] => {
      const longest = chain.reduce((max, call) => Math.max(max, call.duration), 0)
      const gain = sumOf(chain) - longest
      if (chain.length < MIN_CALLS || gain < MIN_GAIN * parent.duration) return []
      return [
        {
          kind: 'one-after-the-other',
          title: `${chain.length} calls run one after the other`,
          evidence: `${parent.name} makes ${chain.length} reading calls that wait for one another. Together they would save up to ${duration(gain)} of ${duration(parent.duration)} (${percent(gain, parent.duration)}).`,
          advice:
            'If none needs the result of an earlier one, start them together and wait once: await Promise.all([…]).',
          spanIds: idsOf(chain),
        },
      ]
    })
  })

function isRead(span: Span): boolean {
  if (span.kind !== 'CLIENT' || span.failed) return false
  if (isQuery(span)) return /^(?:select|get|find|query|scan|mget|hget)/i.test(summaryOf(span))
  const method = methodOf(span)
  if (method !== '') return method === 'GET' || method === 'HEAD'
  // `shop.Prices/GetPrice`, or the method alone.
  const called =
    textOf(span.attributes['rpc.method'] ?? '')
      .split('/')
      .at(-1) ?? ''
  return /^(?:get|list|find|read|search|fetch)/i.test(called)
}

/** Consecutive calls, each of which began after the one before it had ended. */
function chainsOf(calls: readonly Span[]): Span[][] {
  const chains: Span[][] = []
  for (const call of calls) {
    const chain = chains.at(-1)
    const last = chain?.at(-1)
    if (chain && last && call.start >= last.end) chain.push(call)
    else chains.push([call])
  }
  return chains
}
