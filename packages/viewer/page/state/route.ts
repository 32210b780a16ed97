/** The filter of the list; its names are those of `GET /api/traces`. */
export interface ListFilter {
  readonly text: string
  readonly service: string
  readonly route: string
  readonly attribute: string
  readonly minDuration: string
  readonly errors: string
  readonly findings: string
}

/** The parsed part of the address after `#`. */
export type Route =
  | { readonly view: 'list'; readonly filter: ListFilter }
  | { readonly view: 'trace'; readonly traceId: string; readonly spanId: string }

export const NO_FILTER: ListFilter = {
  text: '',
  service: '',
  route: '',
  attribute: '',
  minDuration: '',
  errors: '',
  findings: '',
}

/** Parses the part of an address after `#`. */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const values = new URLSearchParams(query)
  const [, traceId] = /^\/trace\/([\da-f]{32})$/.exec(path) ?? []
  if (traceId !== undefined) return { view: 'trace', traceId, spanId: values.get('span') ?? '' }
  const filter = Object.keys(NO_FILTER).map(name => [name, values.get(name) ?? ''] as const)
  return { view: 'list', filter: Object.fromEntries(filter) as unknown as ListFilter }
}

/** The part of an address that refers to a trace, or to one of its spans. */
export function linkToTrace(traceId: string, spanId = ''): string {
  return `#/trace/${traceId}${spanId && `?span=${spanId}`}`
}

/** The part of an address that refers to the list. */
export function linkToList(filter: ListFilter): string {
  const query = queryOf(filter)
  return query ? `#/?${query}` : '#/'
}

/** A filter as the query of a request, without empty fields. */
export function queryOf(filter: ListFilter): string {
  const used = Object.entries(filter).filter(([, value]) => value !== '')
  return new URLSearchParams(used as [string, string][]).toString()
}
