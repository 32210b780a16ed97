import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

import type { TraceSummary } from '../../src/model/summary.ts'
import { Icon } from '../parts/icons.tsx'
import { useKeys } from '../parts/keys.ts'
import { app, useApp } from '../state/app.ts'
import { follow } from '../state/live.ts'
import { linkToList, type ListFilter, NO_FILTER } from '../state/route.ts'

/** Milliseconds between the last keystroke and the request to the server. */
const ASK_AFTER = 200

let timer: ReturnType<typeof setTimeout> | undefined

/** Changes the filter: the address immediately, the list after a delay. */
export function changeFilter(change: Partial<ListFilter>): void {
  const { route } = app.get()
  if (route.view !== 'list') return
  const filter = { ...route.filter, ...change }
  const changed = { view: 'list', filter } as const
  history.replaceState(null, '', linkToList(filter))
  app.set({ route: changed })
  clearTimeout(timer)
  timer = setTimeout(() => app.get().isLive && app.get().route.view === 'list' && follow(changed), ASK_AFTER)
}

/** The filters of the list. */
export function Filters({ traces }: { readonly traces: readonly TraceSummary[] }): JSX.Element | null {
  const filter = useApp(state => (state.route.view === 'list' ? state.route.filter : NO_FILTER))
  const isLive = useApp(state => state.isLive)
  const search = useRef<HTMLInputElement>(null)
  useKeys(['/'], () => search.current?.focus())
  if (!isLive) return null
  const services = distinct([filter.service, ...traces.flatMap(trace => trace.services)])
  const routes = distinct([filter.route, ...traces.map(trace => trace.name)])
  return (
    <form class="filters" role="search" aria-label="Filter traces" onSubmit={event => event.preventDefault()}>
      <label class="search">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          aria-label="Text"
          placeholder="Name, service, value or trace id"
          value={filter.text}
          onInput={event => changeFilter({ text: event.currentTarget.value })}
          onKeyDown={event => {
            if (event.key === 'Escape' || event.key === 'Enter')
              document.querySelector<HTMLElement>('.traces')?.focus()
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <Choice label="Service" all="All services" values={services} value={filter.service} name="service" />
      <Choice label="Route" all="All routes" values={routes} value={filter.route} name="route" />
      <input
        class="field"
        type="text"
        aria-label="Attribute"
        placeholder="attribute=value"
        value={filter.attribute}
        onInput={event => changeFilter({ attribute: event.currentTarget.value })}
      />
      <label class="field with-unit">
        <input
          type="number"
          min="0"
          aria-label="Minimal duration in milliseconds"
          placeholder="at least"
          value={filter.minDuration}
          onInput={event => changeFilter({ minDuration: event.currentTarget.value })}
        />
        ms
      </label>
      <Switch label="Errors only" name="errors" value={filter.errors} />
      <Switch label="Findings only" name="findings" value={filter.findings} />
    </form>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly all: string
  readonly values: readonly string[]
  readonly value: string
  readonly name: keyof ListFilter
}

function Choice({ label, all, values, value, name }: ChoiceProps): JSX.Element {
  return (
    <select
      class="field"
      aria-label={label}
      value={value}
      onChange={event => changeFilter({ [name]: event.currentTarget.value })}
    >
      <option value="">{all}</option>
      {values.map(each => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  )
}

interface SwitchProps {
  readonly label: string
  readonly name: keyof ListFilter
  readonly value: string
}

function Switch({ label, name, value }: SwitchProps): JSX.Element {
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={value !== ''}
        onChange={event => changeFilter({ [name]: event.currentTarget.checked ? '1' : '' })}
      />
      {label}
    </label>
  )
}

/** Maximum of entries of a choice: more than a user can choose from. */
const MAX_CHOICES = 500

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)]
    .filter(value => value !== '')
    .toSorted()
    .slice(0, MAX_CHOICES)
}
