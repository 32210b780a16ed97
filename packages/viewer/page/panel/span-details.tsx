import type { JSX } from 'preact'

import { duration, percent } from '../../src/findings/words.ts'
import { errorOf } from '../../src/findings/spans.ts'
import { textOf } from '../../src/model/attributes.ts'
import type { Span, SpanLink } from '../../src/model/trace.ts'
import { Icon } from '../parts/icons.tsx'
import { Service } from '../parts/service.tsx'
import type { OpenTrace } from '../state/app.ts'
import { linkToTrace } from '../state/route.ts'
import { selectSpan } from '../state/selection.ts'
import { lengthOf, ownTimeOf } from '../trace/layout.ts'
import { AttributeList } from './attributes.tsx'

/** Everything that is known about a span. */
export function SpanDetails({ span, open }: { readonly span: Span; readonly open: OpenTrace }): JSX.Element {
  const { trace } = open
  const onPath = lengthOf(open.criticalPath.get(span) ?? [])
  return (
    <article class="details" aria-label={span.name}>
      <header>
        <h2>{span.name}</h2>
        <p class="facts">
          <Service name={span.service} />
          <span class="kind">{span.kind.toLowerCase()}</span>
        </p>
      </header>
      {span.failed && (
        <p class="failure">
          <Icon name="error" />
          <span>
            <b>{errorOf(span)}</b>
            {span.message && span.message !== errorOf(span) && (
              <span class="failure-message">{span.message}</span>
            )}
          </span>
        </p>
      )}
      <dl class="numbers">
        <Fact
          name="Duration"
          value={duration(span.duration)}
          note={`${percent(span.duration, trace.duration)} of the trace`}
        />
        <Fact name="Own time" value={duration(lengthOf(ownTimeOf(span)))} note="without its children" />
        <Fact name="Starts at" value={duration(span.start)} note="after the trace began" />
        <Fact
          name="Critical path"
          value={onPath > 0 ? duration(onPath) : '–'}
          note={onPath > 0 ? 'held up the end' : 'did not hold up the end'}
        />
      </dl>
      <AttributeList title="Attributes" attributes={span.attributes} />
      {span.events.length > 0 && <Events span={span} />}
      {span.links.length > 0 && (
        <section>
          <h3>Links</h3>
          <ul class="links">
            {span.links.map(link => (
              <Link link={link} open={open} />
            ))}
          </ul>
        </section>
      )}
      <AttributeList title="Resource" attributes={span.resource} isClosed />
      <p class="ids muted">
        span <span class="mono">{span.id}</span>
        {span.scope && <> · recorded by {span.scope}</>}
        {span.dropped > 0 && <> · {span.dropped} attributes, events or links were dropped</>}
      </p>
    </article>
  )
}

function Fact({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string
  readonly note: string
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b> <span class="muted">{note}</span>
      </dd>
    </div>
  )
}

function Events({ span }: { readonly span: Span }): JSX.Element {
  return (
    <section>
      <h3>Events</h3>
      <ol class="events">
        {span.events.map(({ name, time, attributes }) => {
          const { 'exception.stacktrace': stack, ...others } = attributes
          return (
            <li class={name === 'exception' ? 'exception' : ''}>
              <p class="event-head">
                <b>{name}</b> <span class="muted">{duration(time - span.start)} in</span>
              </p>
              <AttributeList attributes={others} />
              {stack !== undefined && <pre tabIndex={0}>{textOf(stack)}</pre>}
            </li>
          )
        })}
      </ol>
    </section>
  )
}

/** A link to the linked span, in this trace or another one. */
function Link({ link, open }: { readonly link: SpanLink; readonly open: OpenTrace }): JSX.Element {
  const { traceId, spanId, attributes } = link
  const target = traceId === open.trace.traceId ? open.byId.get(spanId) : undefined
  return (
    <li>
      <a
        href={linkToTrace(traceId, spanId)}
        onClick={event => {
          if (!target) return
          event.preventDefault()
          selectSpan(target)
        }}
      >
        <Icon name="link" />
        {target
          ? `${target.service} ${target.name}`
          : `trace ${traceId.slice(0, 8)}…, span ${spanId.slice(0, 8)}…`}
      </a>
      <AttributeList attributes={attributes} />
    </li>
  )
}
