/** A span that an exporter has sent. */
export interface Recorded {
  readonly id: string
  readonly parentId: string
  /** Of Datadog's spans, only the lower half. */
  readonly traceId: string
  readonly kind: string
  readonly name: string
  /** Name of its instrumentation scope, or `dd-trace`. */
  readonly maker: string
}

/** Spans that are no operations of the application: steps within one, and those that set up connections. */
const isStep = ({ kind, name }: Recorded): boolean =>
  kind === 'INTERNAL' || /^(tcp|dns|pg-pool|pg)\.(connect|lookup)/.test(name)

/** The spans of one run, of all tracers together. */
export class Traces {
  readonly spans: readonly Recorded[]
  private readonly byId: ReadonlyMap<string, Recorded>

  constructor(spans: readonly Recorded[]) {
    this.spans = spans
    this.byId = new Map(spans.map(span => [span.id, span]))
  }

  /** The operations beneath each request that the application has answered, indented; those of one parent by name. */
  get requests(): readonly string[] {
    const operations = this.spans.filter(span => !isStep(span))
    const draw = (parent: Recorded | undefined, depth: number): string[] =>
      operations
        .filter(span => this.operationAbove(span) === parent)
        .filter(({ kind }) => depth > 0 || kind === 'SERVER')
        .map(span => [`${'  '.repeat(depth)}${labelOf(span)}`, ...draw(span, depth + 1)])
        .toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1))
        .flat()
    return draw(undefined, 0)
  }

  /** The span that a `traceparent` names. */
  carriedIn(traceparent: string): string {
    const [, traceId = '', spanId = '', , ...more] = traceparent.split(/[-,]/)
    const span = this.byId.get(spanId)
    const isOne = more.length === 0 && span && traceId.endsWith(span.traceId)
    return isOne ? labelOf(span) : traceparent
  }

  private operationAbove(span: Recorded): Recorded | undefined {
    const above = this.byId.get(span.parentId)
    return above && isStep(above) ? this.operationAbove(above) : above
  }
}

function labelOf({ kind, name, maker }: Recorded): string {
  return `${kind} ${name.replace(/orders-\d+/, 'orders')} (${maker})`
}
