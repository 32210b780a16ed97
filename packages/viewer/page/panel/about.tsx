import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'

import { duration, percent } from '../../src/findings/words.ts'
import { skewsOf } from '../../src/model/skew.ts'
import type { Trace } from '../../src/model/trace.ts'
import { serviceStyle } from '../parts/colors.ts'
import { Service } from '../parts/service.tsx'
import { lengthOf, ownTimeOf } from '../trace/layout.ts'

/** Services of a trace with the time in which they worked themselves, and what makes its times unreliable. */
export function About({ trace }: { readonly trace: Trace }): JSX.Element {
  const shares = useMemo(() => sharesOf(trace), [trace])
  const skews = useMemo(() => skewsOf(trace), [trace])
  const total = shares.reduce((sum, [, time]) => sum + time, 0) || 1
  return (
    <section class="about" aria-label="Services">
      <h3>Own time by service</h3>
      <ul class="shares">
        {shares.map(([service, time]) => (
          <li>
            <Service name={service} />
            <span class="share-bar">
              <i style={{ ...serviceStyle(service), width: `${(100 * time) / total}%` }} />
            </span>
            <span class="number">{duration(time)}</span>
            <span class="number muted">{percent(time, total)}</span>
          </li>
        ))}
      </ul>
      {skews.map(({ service, caller, behind }) => (
        <p class="doubt">
          <b>Clocks disagree.</b> The clock of {service} is at least {duration(behind)} behind that of{' '}
          {caller}: its spans begin before they were called. Times of the two cannot be compared.
        </p>
      ))}
      {trace.orphans.length > 0 && (
        <p class="doubt">
          <b>The trace is not whole.</b> Spans whose parent is missing stand at the left edge.
        </p>
      )}
    </section>
  )
}

function sharesOf(trace: Trace): (readonly [service: string, milliseconds: number])[] {
  const shares = new Map<string, number>()
  for (const span of trace.spans) {
    shares.set(span.service, (shares.get(span.service) ?? 0) + lengthOf(ownTimeOf(span)))
  }
  return [...shares].toSorted(([, one], [, other]) => other - one)
}
