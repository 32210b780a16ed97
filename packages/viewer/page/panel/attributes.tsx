import type { JSX } from 'preact'

import { type Attributes, textOf, type Value } from '../../src/model/attributes.ts'
import { copyText } from '../parts/copy.ts'
import { Icon } from '../parts/icons.tsx'

interface AttributeListProps {
  readonly title?: string
  readonly attributes: Attributes
  /** Whether only the title is shown until it is opened. */
  readonly isClosed?: boolean
}

/** Attributes, grouped by area, each with a button that copies its value. */
export function AttributeList({
  title,
  attributes,
  isClosed = false,
}: AttributeListProps): JSX.Element | null {
  const groups = groupsOf(attributes)
  if (groups.length === 0) return null
  const list = groups.map(([area, entries]) => (
    <dl class="attributes" key={area}>
      {entries.map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            <span class={valueClass(value)}>{textOf(value)}</span>
            <button
              type="button"
              class="icon-button copy"
              aria-label={`Copy the value of ${key}`}
              title="Copy"
              onClick={() => void copyText(textOf(value), key)}
            >
              <Icon name="copy" />
            </button>
          </dd>
        </div>
      ))}
    </dl>
  ))
  if (isClosed) {
    return (
      <details>
        <summary>
          {title} <span class="muted">{Object.keys(attributes).length}</span>
        </summary>
        {list}
      </details>
    )
  }
  return (
    <section>
      {title && <h3>{title}</h3>}
      {list}
    </section>
  )
}

/** The attributes by the first part of their names, sorted; single ones together at the end. */
function groupsOf(attributes: Attributes): [area: string, entries: [string, Value][]][] {
  const groups = new Map<string, [string, Value][]>()
  const keys = Object.keys(attributes).toSorted()
  const sizes = new Map<string, number>()
  for (const key of keys) sizes.set(areaOf(key), (sizes.get(areaOf(key)) ?? 0) + 1)
  for (const key of keys) {
    const area = (sizes.get(areaOf(key)) ?? 0) > 1 ? areaOf(key) : '~'
    const entry: [string, Value] = [key, attributes[key] ?? null]
    const group = groups.get(area)
    if (group) group.push(entry)
    else groups.set(area, [entry])
  }
  return [...groups].toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function areaOf(key: string): string {
  return key.split('.', 1)[0] ?? key
}

function valueClass(value: Value): string {
  return typeof value === 'string' ? 'value' : 'value mono'
}
