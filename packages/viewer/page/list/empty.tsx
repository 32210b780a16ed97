import type { JSX } from 'preact'

import { copyText } from '../parts/copy.ts'
import { Icon } from '../parts/icons.tsx'
import { useApp } from '../state/app.ts'
import { linkToList, NO_FILTER } from '../state/route.ts'

/** Shown when there is no trace: how to get one. */
export function Empty({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  const isLive = useApp(state => state.isLive)
  if (isFiltered || !isLive) {
    return (
      <div class="empty">
        <h2>No trace fits the filter</h2>
        <a class="button" href={linkToList(NO_FILTER)}>
          Show all traces
        </a>
      </div>
    )
  }
  return (
    <div class="empty">
      <h2>Waiting for the first trace</h2>
      <p>Run a program with its traces sent here:</p>
      <Command text={`OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} node app.js`} />
      <p>or let the viewer start it:</p>
      <Command text="npx @spanwright/viewer -- node app.js" />
      <p class="muted">Any OpenTelemetry SDK that speaks OTLP over HTTP works, in protobuf or JSON.</p>
    </div>
  )
}

function Command({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="command">
      <code>{text}</code>
      <button
        type="button"
        class="icon-button"
        aria-label="Copy the command"
        title="Copy"
        onClick={() => void copyText(text, 'Command')}
      >
        <Icon name="copy" />
      </button>
    </div>
  )
}
