import type { IncomingHttpHeaders } from 'node:http'

import { type Context, type Link, ROOT_CONTEXT, type TextMapGetter, trace } from '@opentelemetry/api'

import { callHook } from '../../host/guard.ts'
import { anyOf, aFunction, oneOf, type OptionRule } from '../../host/options.ts'
import { extractContext, isInTrace } from '../../operation/propagation.ts'
import type { Settings } from '../../operation/settings.ts'

/**
 * How to treat the caller's context: `trust` continues its trace, `link` starts a new trace linked to it, `ignore`
 * starts a new trace. `link` and `ignore` also discard its sampled flag and baggage.
 */
export type ParentPolicy = 'trust' | 'link' | 'ignore'

export const parentRule: OptionRule = anyOf(oneOf('trust', 'link', 'ignore'), aFunction)

/** The parent and links of a request. */
export interface Belonging {
  /** Context of the parent span, or of none. */
  readonly parent: Context
  readonly links?: Link[]
}

/** Determines the parent and links of a request from its headers and how far they are trusted. */
export class IncomingContext<Described, Request> {
  private readonly settings: Settings<Described>
  private readonly policy: ParentPolicy | ((request: Request) => ParentPolicy)

  constructor(
    settings: Settings<Described>,
    policy: ParentPolicy | ((request: Request) => ParentPolicy) = 'trust',
  ) {
    this.settings = settings
    this.policy = policy
  }

  /** @param active the context in which the request arrived */
  belongingOf(headers: IncomingHttpHeaders, request: Request, active: Context): Belonging {
    const base = withoutEndedSpan(active)
    const policy = this.policyFor(request)
    if (policy === 'trust') return { parent: extractContext(this.settings, base, headers, HEADERS) }
    if (policy === 'ignore') return { parent: base }
    const sent = extractContext(this.settings, ROOT_CONTEXT, headers, HEADERS)
    const context = isInTrace(sent) ? trace.getSpanContext(sent) : undefined
    return context ? { parent: base, links: [{ context }] } : { parent: base }
  }

  /** A function that throws, or returns any other value, means `ignore`. */
  private policyFor(request: Request): ParentPolicy {
    const { policy } = this
    if (typeof policy !== 'function') return policy
    const answer = callHook('parent', policy, request)
    return answer === 'trust' || answer === 'link' ? answer : 'ignore'
  }
}

/**
 * A server started inside a span passes that span's context to every request; a span that has ended since isn't used as
 * parent.
 */
function withoutEndedSpan(context: Context): Context {
  const span = trace.getSpan(context) as { readonly ended?: unknown } | undefined
  return span?.ended === true ? trace.deleteSpan(context) : context
}

const HEADERS: TextMapGetter<IncomingHttpHeaders> = {
  get: (headers, name) => headers[name.toLowerCase()],
  keys: headers => Object.keys(headers),
}
