import type { JSX } from 'preact'

import type { Finding } from '../../src/findings/finding.ts'
import { count } from '../../src/findings/words.ts'
import { Icon } from '../parts/icons.tsx'
import { type OpenTrace, useApp } from '../state/app.ts'
import { selectSpan } from '../state/selection.ts'

/** The findings of the trace: their evidence, and what to do about them. */
export function Findings({ open }: { readonly open: OpenTrace }): JSX.Element {
  const { findings } = open
  if (findings.length === 0) {
    return (
      <p class="hint good">
        <Icon name="check" /> Nothing stands out in this trace.
      </p>
    )
  }
  return (
    <ol class="findings" aria-label="Findings">
      {findings.map(finding => (
        <FindingCard finding={finding} open={open} />
      ))}
    </ol>
  )
}

function FindingCard({
  finding,
  open,
}: {
  readonly finding: Finding
  readonly open: OpenTrace
}): JSX.Element {
  const selectedId = useApp(state => (state.route.view === 'trace' ? state.route.spanId : ''))
  const { title, evidence, advice, spanIds } = finding
  const at = spanIds.indexOf(selectedId)
  const step = (by: number): void => {
    const next = spanIds[(at + by + spanIds.length) % spanIds.length]
    const span = next === undefined ? undefined : open.byId.get(next)
    if (span) selectSpan(span, 'findings')
  }
  return (
    <li class="finding">
      <h3>
        <Icon name="finding" />
        {title}
      </h3>
      <p>{evidence}</p>
      <p class="advice">{advice}</p>
      <p class="finding-spans">
        <button type="button" class="plain link" onClick={() => step(1)}>
          {spanIds.length === 1
            ? 'Show the span'
            : at < 0
              ? `Show the ${count(spanIds.length, 'span')}`
              : 'Show the next span'}
        </button>
        {at >= 0 && spanIds.length > 1 && (
          <span class="muted">
            {at + 1} of {spanIds.length}
          </span>
        )}
      </p>
    </li>
  )
}
