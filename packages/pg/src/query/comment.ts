import { type Context, TraceFlags } from '@opentelemetry/api'
import { callHook, injectContext, type Settings } from '@spanwright/core/plugin'

import type { CommentOptions, DatabaseOperation } from '../options.ts'
import { statementOf } from '../sql/statement.ts'

/** The W3C trace context fields, the only ones the format defines. */
const FIELDS = ['traceparent', 'tracestate'] as const

type Tags = Readonly<Record<string, string | undefined>>

/**
 * A text with a comment that names its trace; unchanged when it already contains a comment or cannot have one.
 *
 * Source: sqlcommenter specification, "Algorithm". `traceparent` is written for sampled traces only, because others
 * cannot be found in a backend.
 */
export function commented(
  settings: Settings<DatabaseOperation>,
  comment: boolean | CommentOptions,
  record: DatabaseOperation,
  context: Context,
  flags: number,
  isStandard: boolean,
): string {
  const { text } = record
  const { open, comments, count } = statementOf(text, isStandard)
  if (open || comments || count === 0) return text
  const own = typeof comment === 'object' ? callHook('comment.tags', comment.tags, record) : undefined
  const tags: Record<string, string | undefined> = { ...own }
  if (flags & TraceFlags.SAMPLED) Object.assign(tags, traceOf(settings, context))
  const written = writeTags(tags)
  return written === '' ? text : `${text} /*${written}*/`
}

function traceOf(settings: Settings<DatabaseOperation>, context: Context): Tags {
  const carrier: Record<string, string> = {}
  injectContext(settings, context, carrier, {
    set(fields, name, value) {
      fields[name] = value
    },
  })
  return Object.fromEntries(FIELDS.map(field => [field, carrier[field]]))
}

function writeTags(tags: Tags): string {
  return Object.entries(tags)
    .filter(([, value]) => typeof value === 'string' && value !== '')
    .map(([key, value]) => `${encode(key)}='${encode(String(value))}'`)
    .toSorted()
    .join(',')
}

/** Percent-encodes everything that could end the value or the comment. */
function encode(text: string): string {
  // An unpaired surrogate would make encodeURIComponent() throw; converting through UTF-8 replaces it.
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
