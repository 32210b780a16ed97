import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { count, duration } from '../../src/findings/words.ts'
import { copyText, saveFile } from '../parts/copy.ts'
import { Service } from '../parts/service.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKeys } from '../parts/keys.ts'
import { dayAndTime, grouped } from '../parts/time.ts'
import { HelpButton, ThemeButton } from '../parts/tools.tsx'
import { app, type OpenTrace, useApp } from '../state/app.ts'
import { linkToList, NO_FILTER } from '../state/route.ts'
import { zoomOut } from '../state/selection.ts'
import { copyTree } from './text.ts'

/** The head of a trace: its name, its numbers, and its actions. */
export function TraceHead({ open }: { readonly open: OpenTrace }): JSX.Element {
  const { trace, document: otlp } = open
  const isLive = useApp(state => state.isLive)
  const isAlone = useApp(state => !state.isLive && state.summaries.size === 1)
  const window = useApp(state => state.window)
  const root = trace.roots.find(span => span.parentId === undefined) ?? trace.roots[0]
  const errors = trace.spans.filter(span => span.failed).length
  const short = trace.traceId.slice(0, 8)
  useEffect(() => {
    document.title = `${root?.name ?? 'Trace'} · ${duration(trace.duration)}`
  }, [root, trace])
  return (
    <header class="trace-head">
      {!isAlone && (
        <a class="icon-button" href={linkToList(NO_FILTER)} aria-label="All traces" title="All traces">
          <Icon name="back" />
        </a>
      )}
      <div class="trace-title">
        <h1>
          {root && <Service name={root.service} />}
          <span class="trace-name">{root?.name ?? trace.traceId}</span>
        </h1>
        <p class="facts">
          <b>{duration(trace.duration)}</b>
          <span>{count(trace.spans.length, 'span').replace(/^\d+/, grouped(trace.spans.length))}</span>
          <span>{count(trace.services.length, 'service')}</span>
          {errors > 0 && <span class="bad">{count(errors, 'error')}</span>}
          <time dateTime={new Date(trace.start).toISOString()}>{dayAndTime(trace.start)}</time>
          <button
            type="button"
            class="plain mono"
            title="Copy the trace id"
            aria-label={`${short}: copy the trace id`}
            onClick={() => void copyText(trace.traceId, 'Trace id')}
          >
            {short}
            <Icon name="copy" />
          </button>
          {window.end - window.start < trace.duration * 0.999 && (
            <button type="button" class="plain" onClick={zoomOut}>
              {duration(window.start)} – {duration(window.end)}
              <Icon name="close" />
            </button>
          )}
        </p>
      </div>
      <SearchWithin />
      <div class="tools">
        {isLive && (
          <a
            class="button strong"
            href={`api/traces/${trace.traceId}/share`}
            download={`trace-${short}.html`}
          >
            <Icon name="save" /> Share
          </a>
        )}
        <button type="button" class="button" onClick={() => void copyTree()} title="Copy as text (c)">
          <Icon name="text" /> Copy as text
        </button>
        <button
          type="button"
          class="button"
          title="Save as OTLP JSON"
          onClick={() => saveFile(`trace-${short}.json`, 'application/json', JSON.stringify(otlp))}
        >
          JSON
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Copy a link"
          title="Copy a link"
          onClick={() => void copyText(location.href, 'Link')}
        >
          <Icon name="link" />
        </button>
        <ThemeButton />
        <HelpButton />
      </div>
    </header>
  )
}

function SearchWithin(): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const search = useApp(state => state.search)
  useKeys(['/'], () => input.current?.focus())
  return (
    <label class="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label="Search in this trace"
        placeholder="Search in this trace"
        value={search}
        onInput={event => app.set({ search: event.currentTarget.value })}
        onKeyDown={event => {
          if (event.key === 'Escape') app.set({ search: '' })
          if (event.key !== 'Escape' && event.key !== 'Enter') return
          event.preventDefault()
          const rows = document.querySelector<HTMLElement>('.spans')
          rows?.focus()
          // The keys of the waterfall move from one hit to the next.
          if (event.key === 'Enter')
            rows?.dispatchEvent(new KeyboardEvent('keydown', { key: 'n', bubbles: true, cancelable: true }))
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  )
}
