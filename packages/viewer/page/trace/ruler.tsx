import type { JSX } from 'preact'

import { duration } from '../../src/findings/words.ts'
import type { Interval } from '../../src/model/critical-path.ts'
import { positionIn, ticksOf } from './layout.ts'

/** The heads of the columns; that of the time line shows the times. */
export function Ruler({ window }: { readonly window: Interval }): JSX.Element {
  return (
    <div class="ruler" aria-hidden="true">
      <div class="name-cell">Span</div>
      <div class="duration-cell">Duration</div>
      <div class="time-cell">
        {ticksOf(window).map(tick => {
          const at = positionIn(window, tick)
          return (
            <span class="ruler-tick" style={{ left: `${at}%` }}>
              {at < 94 && labelOf(tick)}
            </span>
          )
        })}
      </div>
    </div>
  )
}

/** Times are round: `2 s`, not `2.00 s`. */
function labelOf(moment: number): string {
  return moment === 0 ? '0' : duration(moment).replace(/\.0+ /, ' ')
}
