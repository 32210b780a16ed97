import type { OtlpDocument, ResourceSpans, ScopeSpans } from '../decode/otlp.ts'
import type { SpanRecord } from '../decode/spans.ts'

/** Records as a document of OTLP JSON, grouped by resource and scope. */
export function documentOf(records: readonly SpanRecord[]): OtlpDocument {
  const resources = new Map<string, ResourceSpans & { scopeSpans: ScopeSpans[] }>()
  const scopes = new Map<string, ScopeSpans>()
  const keys = new Map<object, string>()
  const keyOf = (part: object): string => {
    const key = keys.get(part) ?? JSON.stringify(part)
    keys.set(part, key)
    return key
  }
  for (const { span, origin } of records) {
    const { resource, scope } = origin
    const resourceKey = keyOf(resource)
    const scopeKey = `${resourceKey} ${keyOf(scope)}`
    let group = resources.get(resourceKey)
    if (group === undefined) resources.set(resourceKey, (group = { resource, scopeSpans: [] }))
    let scoped = scopes.get(scopeKey)
    if (scoped === undefined) {
      scopes.set(scopeKey, (scoped = { scope, spans: [] }))
      group.scopeSpans.push(scoped)
    }
    scoped.spans?.push(span)
  }
  return { resourceSpans: [...resources.values()] }
}
