import { describe, expect, it, jest } from '@jest/globals'

import { checkPages } from '../src/code/check.ts'

// Compilers take a while on a busy machine.
jest.setTimeout(120_000)

const fence = (language: string, ...lines: string[]): string => ['```' + language, ...lines, '```'].join('\n')
const check = (...parts: string[]): Promise<string[]> => checkPages({ 'docs/page.md': parts.join('\n') })

const IMPORT = "import { startTracing } from '@spanwright/sdk'"

describe('a block of code', () => {
  it('is compiled: an option or export that does not exist is found, with its line on the page', async () => {
    const problems = await check(
      '# Page\n',
      fence('ts', IMPORT, "startTracing({ serviceName: 'shop', sampeler: 0.1 })"),
      fence('js', "import { tracePol } from '@spanwright/pg'"),
      '<!-- code: continues -->',
      fence('ts', 'export const pool = tracePol(new Pool())'),
      fence('ts', IMPORT, "startTracing({ serviceName: 'shop' })"),
      fence('js', "const { tracing } = require('@spanwright/koa')", 'tracing({ stage: true })'),
    )
    expect(problems.toSorted()).toEqual([
      expect.stringMatching(/^docs\/page\.md:20:11: .*'stage' does not exist/),
      expect.stringMatching(/^docs\/page\.md:5:37: .*'sampeler' does not exist/),
      expect.stringMatching(/^docs\/page\.md:8:10: .* no exported member named 'tracePol'/),
      expect.stringMatching(/^docs\/page\.md:8:10: .* no exported member named 'tracePol'/),
    ])
  })

  it('is run where it says so', async () => {
    const problems = await check(
      '<!-- code: runs -->',
      fence('ts', IMPORT, "startTracing({ serviceName: '' })"),
      '<!-- code: given\nconst answer = 42\n-->\n<!-- code: runs -->',
      fence('ts', 'if (answer !== 42) throw new Error()'),
    )
    expect(problems).toEqual([
      expect.stringMatching(
        /^docs\/page\.md:3: does not run: TypeError: startTracing\(\): option serviceName/,
      ),
    ])
  })

  it('is in the file that it quotes, line by line', async () => {
    const quote = '<!-- code: from tools/docs/src/root.ts -->'
    const problems = await check(
      quote,
      fence('ts', "  import { resolve } from 'node:path' // of Node"),
      quote,
      fence('ts', 'export const ROOT = undefined'),
    )
    expect(problems).toEqual([
      'docs/page.md:7: is not in tools/docs/src/root.ts or not in this order: export const ROOT = undefined',
    ])
  })

  it('names scripts, packages and files that exist', async () => {
    const problems = await check(
      fence('sh', 'npm run demo && npm run demmo -- packages/pg', 'npm install @spanwright/pq tools/none.ts'),
      fence('sh', 'npx @spanwright/viewer -- node app.js', 'npx @spanwright/pg'),
      'Then `npm run chek` and `npm run build -w packages/pg`.',
    )
    expect(problems.toSorted()).toEqual([
      'docs/page.md:2: there is no file tools/none.ts',
      'docs/page.md:2: there is no package @spanwright/pq',
      'docs/page.md:2: there is no script demmo',
      'docs/page.md:6: @spanwright/pg has no command',
      'docs/page.md:9: there is no script chek',
    ])
    const example = fence('sh', 'otelcol --config=single.yaml', 'otelcol --config=none.yaml')
    expect(await checkPages({ 'examples/collector/README.md': example })).toEqual([
      'examples/collector/README.md:2: there is no file none.yaml',
    ])
  })

  it('is correct JSON or YAML, or text', async () => {
    const problems = await check(
      fence('json', '{ "a": 1, }'),
      fence('yaml', 'a: 1\n b: 2'),
      fence('text', 'a: 1\n b: 2'),
      fence('yml', 'a: 1'),
    )
    expect(problems).toEqual([
      expect.stringMatching(/^docs\/page\.md:2: .*JSON/),
      expect.stringMatching(/^docs\/page\.md:5: Nested mappings/),
      'docs/page.md:13: expected a language that is checked; got "yml"',
    ])
  })

  it('is not checked only for a reason', async () => {
    expect(
      await check('<!-- code: not checked: the wrong way -->', fence('ts', 'this is no program')),
    ).toEqual([])
    await expect(check('<!-- code: not checked -->', fence('ts', ''))).rejects.toThrow(
      'docs/page.md:1: expected',
    )
    await expect(check('<!-- code: runs -->', 'Words.', fence('ts', ''))).rejects.toThrow(
      'has no block below it',
    )
  })
})
