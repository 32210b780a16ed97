interface Event {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly file?: string
    readonly nesting?: number
    readonly skip?: unknown
  }
}

/** A line of JSON for each test that `node --test` has run: its name, and whether it passed. */
export default async function* report(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.skip !== undefined) continue
    const name = [data.file?.replace(`${process.cwd()}/`, ''), '  '.repeat(data.nesting ?? 0) + data.name]
    yield `${JSON.stringify([name.filter(Boolean).join(' › '), type === 'test:pass'])}\n`
  }
}
