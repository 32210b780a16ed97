import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { app } from '../state/app.ts'
import { Icon } from './icons.tsx'

const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['/'], 'search'],
  [['Up', 'Down'], 'previous, next row (also k, j)'],
  [['Enter'], 'open the trace'],
  [['Left', 'Right'], 'close, open what is beneath a span'],
  [['n', 'p'], 'next, previous error; while searching: hit'],
  [['z'], 'zoom to the span'],
  [['+', '-', '0'], 'zoom in, out, to everything'],
  [['Shift Left', 'Shift Right'], 'earlier, later'],
  [['c'], 'copy the trace as text'],
  [['s'], 'stop the list, or go on'],
  [['Esc'], 'deselect'],
  [['?'], 'this help'],
]

const close = (): void => app.set({ isHelpOpen: false })

/** The keys, and what the waterfall means. */
export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close} onCancel={close}>
      <h2 id="help-title">Keys</h2>
      <button type="button" class="icon-button help-close" aria-label="Close" onClick={close}>
        <Icon name="close" />
      </button>
      <dl>
        {KEYS.map(([keys, does]) => (
          <div>
            <dt>
              {keys.map(key => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h2>The waterfall</h2>
      <ul class="legend">
        <li>
          <i class="legend-bar solid" /> the span worked itself
        </li>
        <li>
          <i class="legend-bar tint" /> spans beneath it worked
        </li>
        <li>
          <i class="legend-bar tint path" /> on the critical path: shortening it shortens the trace
        </li>
        <li>
          <i class="legend-bar hatch" /> no span at all: a queue, or code that is not traced
        </li>
      </ul>
    </dialog>
  )
}
