import { type Context, type Link, ROOT_CONTEXT, type TextMapGetter, trace } from '@opentelemetry/api'

import { callHook } from '../host/guard.ts'
import { anyOf, aFunction, oneOf, type OptionRule } from '../host/options.ts'
import { extractContext, isInTrace } from './propagation.ts'
import type { Settings } from './settings.ts'

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

/** Determines the parent and links of a request from what it carries and how far that is trusted. */
export class IncomingContext<Described, Request, Carrier> {
  private readonly settings: Settings<Described>
  private readonly getter: TextMapGetter<Carrier>
  private readonly policy: ParentPolicy | ((request: Request) => ParentPolicy)

  /** @param policy the option `parent`. Default: `trust` */
  constructor(
    settings: Settings<Described>,
    getter: TextMapGetter<Carrier>,
    policy: ParentPolicy | ((request: Request) => ParentPolicy) = 'trust',
  ) {
    this.settings = settings
    this.getter = getter
    this.policy = policy
  }

  /** @param active the context in which the request arrived */
  belongingOf(carrier: Carrier, request: Request, active: Context): Belonging {
    const base = withoutEndedSpan(active)
    const policy = this.policyFor(request)
    if (policy === 'trust') return { parent: extractContext(this.settings, base, carrier, this.getter) }
    if (policy === 'ignore') return { parent: base }
    const sent = extractContext(this.settings, ROOT_CONTEXT, carrier, this.getter)
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
