import { beforeAll, describe, expect, it } from '@jest/globals'

import { createShareFile } from '../src/index.ts'
import { buildPage } from './page.ts'
import { documentFrom, traceIdOf } from './traces.ts'

beforeAll(() => buildPage())

/** The data that a share file contains for its script. */
function contentsOf(html: string): {
  readonly findings: Readonly<Record<string, unknown>>
  readonly document: unknown
} {
  const [, json = ''] = /<script type="application\/json" id="shared">(.*)<\/script>/.exec(html) ?? []
  return JSON.parse(json) as ReturnType<typeof contentsOf>
}

describe('createShareFile', () => {
  it('keeps the document unchanged, and adds the findings of each trace', () => {
    const document = documentFrom([
      { id: '1', trace: 'a1', name: 'GET /users', kind: 'SERVER' },
      { id: '2', trace: 'a2', name: 'GET', kind: 'CLIENT', at: [10, 20], attributes: { text: '</script>' } },
    ])
    const before = structuredClone(document)
    const html = createShareFile(document)
    expect(document).toEqual(before)
    expect(contentsOf(html)).toEqual({
      document: before,
      findings: {
        [traceIdOf('a1')]: [],
        [traceIdOf('a2')]: [expect.objectContaining({ kind: 'lost-context' })],
      },
    })
  })

  it('ends no element early, loads nothing, and runs only its own script', () => {
    const html = createShareFile(documentFrom([{ id: '1', name: '</script><script>hacked=1</script><!--' }]))
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<\/script>/g)).toHaveLength(2)
    expect(html).not.toMatch(/<!--|(?:src|href)="(?!data:)/)
    expect(html).toMatch(
      /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:;/,
    )
  })

  it.each([
    [{ resourceSpans: [] }, 'createShareFile: the document has no valid span'],
    [
      documentFrom([{ id: '0' }]),
      'createShareFile: the document has no valid span: a span id must be 8 bytes, not all zero',
    ],
    [{ resourceSpans: 1 } as never, 'the document.resourceSpans must be an array'],
  ])('refuses %j', (document, message) => {
    expect(() => createShareFile(document)).toThrow(message)
  })
})
