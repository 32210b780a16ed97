import type { JSX } from 'preact'

import type { Interval } from '../../src/model/critical-path.ts'
import type { Span } from '../../src/model/trace.ts'
import { serviceStyle } from '../parts/colors.ts'
import { gradientOf, ownTimeOf, positionIn } from './layout.ts'

/** Maximum of events marked on one bar. */
const MAX_EVENTS = 30

interface BarProps {
  readonly span: Span
  readonly window: Interval
  readonly path: readonly Interval[] | undefined
}

/** A span on the time line: strong while it worked, pale while its children did, underlined on the critical path. */
export function Bar({ span, window, path }: BarProps): JSX.Element | null {
  if (span.end < window.start || span.start > window.end) return null
  const left = positionIn(window, span.start)
  const right = positionIn(window, span.end)
  const shown = { left: Math.max(-0.5, left), right: Math.min(100.5, right) }
  const visible = {
    start: Math.max(span.start, window.start),
    end: Math.max(span.start, Math.min(span.end, window.end)),
  }
  const inView = (parts: readonly Interval[]): Interval[] =>
    parts
      .filter(part => part.end > visible.start && part.start < visible.end)
      .map(part => ({ start: Math.max(part.start, visible.start), end: Math.min(part.end, visible.end) }))
      .toSorted((one, other) => one.start - other.start)
  const own = span.children.length > 0 ? inView(ownTimeOf(span)) : [visible]
  const onPath = path && inView(path)
  return (
    <div
      class={span.failed ? 'bar failed' : 'bar'}
      style={{
        ...serviceStyle(span.service),
        left: `min(${shown.left}%, 100% - 2px)`,
        width: `${Math.max(0, shown.right - shown.left)}%`,
        backgroundImage: gradientOf(own, visible, 'var(--solid)', 'var(--tint)'),
      }}
    >
      {onPath && onPath.length > 0 && (
        <i
          class="on-path"
          style={{ backgroundImage: gradientOf(onPath, visible, 'var(--path)', 'transparent') }}
        />
      )}
      {span.events
        .slice(0, MAX_EVENTS)
        .map(({ name, time }) =>
          time >= visible.start && time <= visible.end ? (
            <i
              class={name === 'exception' ? 'event exception' : 'event'}
              style={{ left: `${positionIn({ start: visible.start, end: visible.end || 1 }, time) || 0}%` }}
            />
          ) : null,
        )}
    </div>
  )
}
