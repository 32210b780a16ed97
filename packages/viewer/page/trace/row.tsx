import type { JSX } from 'preact'
import { memo } from 'preact/compat'

import { duration } from '../../src/findings/words.ts'
import { errorOf } from '../../src/findings/spans.ts'
import type { Interval } from '../../src/model/critical-path.ts'
import type { Span } from '../../src/model/trace.ts'
import { serviceStyle } from '../parts/colors.ts'
import { Icon } from '../parts/icons.tsx'
import { selectSpan, toggleCollapsed } from '../state/selection.ts'
import { Bar } from './bar.tsx'

/** Height of a row, in pixels. */
export const ROW_HEIGHT = 28

/** Number of indented levels; beyond them a number shows the depth. */
const MAX_INDENT = 16

interface RowProps {
  readonly span: Span
  readonly index: number
  readonly isSelected: boolean
  readonly isCollapsed: boolean
  readonly isFound: boolean
  readonly isShownByFinding: boolean
  readonly window: Interval
  readonly path: readonly Interval[] | undefined
}

/** The id of the row of a span, for `aria-activedescendant`. */
export function rowId(spanId: string): string {
  return `span-${spanId}`
}

function RowOfSpan(props: RowProps): JSX.Element {
  const { span, index, isSelected, isCollapsed, isFound, isShownByFinding, window, path } = props
  const { depth, children, parent, service } = span
  const isNewService = parent === undefined || parent.service !== service
  const classes = [
    'row',
    isSelected && 'selected',
    isFound && 'found',
    isShownByFinding && 'marked',
    span.failed && 'failed',
  ]
  return (
    <div
      id={rowId(span.id)}
      class={classes.filter(Boolean).join(' ')}
      role="row"
      aria-level={depth + 1}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      {...(children.length > 0 && { 'aria-expanded': !isCollapsed })}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)`, ...serviceStyle(service) }}
      onClick={() => selectSpan(span)}
    >
      <div class="name-cell" role="gridcell">
        <span class="indent" style={{ width: `${12 * Math.min(depth, MAX_INDENT)}px` }} />
        {children.length > 0 ? (
          <span
            class={isCollapsed ? 'twisty' : 'twisty open'}
            onClick={event => {
              event.stopPropagation()
              toggleCollapsed(span)
            }}
          >
            <Icon name="chevron" />
          </span>
        ) : (
          <span class="twisty" />
        )}
        <span class="swatch" />
        {isNewService && <span class="service-name">{service}</span>}
        <span class="span-name">{span.name}</span>
        {span.kind !== 'INTERNAL' && span.kind !== 'UNSPECIFIED' && (
          <span class="kind">{span.kind.toLowerCase()}</span>
        )}
        {depth > MAX_INDENT && <span class="depth">level {depth + 1}</span>}
        {isCollapsed && <span class="hidden-count">+{countBeneath(span)}</span>}
        {span.failed && (
          <span class="row-error" title={span.message || errorOf(span)}>
            <Icon name="error" />
            <span class="row-error-text">{errorOf(span)}</span>
          </span>
        )}
      </div>
      <div class="duration-cell" role="gridcell">
        {duration(span.duration)}
      </div>
      <div class="time-cell" role="gridcell" aria-label={`starts at ${duration(span.start)}`}>
        <Bar span={span} window={window} path={path} />
      </div>
    </div>
  )
}

function countBeneath(span: Span): number {
  let count = 0
  const waiting = [...span.children]
  for (let each = waiting.pop(); each; each = waiting.pop()) {
    count++
    waiting.push(...each.children)
  }
  return count
}

/** A span in the waterfall: its place in the tree, its duration, its time. */
export const Row = memo(RowOfSpan)
