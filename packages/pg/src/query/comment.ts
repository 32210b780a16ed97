import { type Context, TraceFlags } from '@opentelemetry/api'
import { callHook, injectContext, type Settings } from '@spanwright/core/plugin'

import type { CommentOptions, DatabaseOperation } from '../options.ts'
import { statementOf } from '../sql/statement.ts'

/** The fields of the W3C trace context, which are the ones the format knows. */
const FIELDS = ['traceparent', 'tracestate'] as const

type Tags = Readonly<Record<string, string | undefined>>

/**
 * A text with a comment that tells the trace it belongs to; as it was when it has a comment already or cannot have
 * one.
 *
 * Source: sqlcommenter specification, "Algorithm". `traceparent` is written for sampled traces only: of another one
 * there is nothing to be found.
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

/** Percent-encoding of all that could end the value or the comment. */
function encode(text: string): string {
  // A lone surrogate would make encodeURIComponent() throw; the way through UTF-8 replaces it.
  return encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
