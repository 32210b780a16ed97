import { findingsOf } from '../src/findings/find.ts'
import { type SpanInWords, traceFrom } from './traces.ts'

/** A request that lasts 100 ms. */
export const REQUEST: SpanInWords = {
  id: '1',
  name: 'GET /users',
  kind: 'SERVER',
  attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
}

export function query(
  id: string,
  at: readonly [number, number],
  summary = 'SELECT users',
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent: '1',
    name: summary,
    kind: 'CLIENT',
    at,
    ...more,
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': summary, ...more.attributes },
  }
}

export function call(
  id: string,
  at: readonly [number, number],
  url: string,
  more: Partial<SpanInWords> = {},
): SpanInWords {
  return {
    id,
    parent: '1',
    name: 'GET',
    kind: 'CLIENT',
    at,
    ...more,
    attributes: {
      'http.request.method': 'GET',
      'url.full': url,
      'server.address': 'prices',
      ...more.attributes,
    },
  }
}

export function find(...spans: readonly SpanInWords[]): ReturnType<typeof findingsOf> {
  return findingsOf(traceFrom(spans))
}

export function kindsOf(...spans: readonly SpanInWords[]): string[] {
  return find(...spans).map(({ kind }) => kind)
}
