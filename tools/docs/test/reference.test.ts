import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from '@jest/globals'

import { wrongMessages } from '../src/reference/messages.ts'
import { readSources } from '../src/reference/sources.ts'
import { wrongVariables } from '../src/reference/variables.ts'
import { ROOT } from '../src/root.ts'

const sources = readSources()
const pageOf = (name: string): string => readFileSync(join(ROOT, 'docs', 'reference', name), 'utf8')
const sourceOf = (text: string): (typeof sources)[number] => ({ path: 'a.ts', package: 'pg', text })

describe('docs/reference/variables.md', () => {
  const page = pageOf('variables.md')

  it('has every variable that the packages read, and no other', () => {
    expect(wrongVariables(page, sources)).toEqual([])
  })

  it.each([
    ["environment.count('OTEL_BSP_NEW_LIMIT', 1)", 'OTEL_BSP_NEW_LIMIT'],
    ["process.env['SPANWRIGHT_LOUD']", 'SPANWRIGHT_LOUD'],
    ["process.env['HOSTNAME']", 'HOSTNAME'],
    ['const { TERM } = process.env', 'TERM'],
  ])('would lack the variable in %s', (text, name) => {
    expect(wrongVariables(page, [...sources, sourceOf(text)])).toEqual([`variables.md lacks ${name}`])
  })

  it('may not name a variable that nothing reads', () => {
    const longer = `${page}| \`OTEL_GONE\` | nothing | none |\n`
    expect(wrongVariables(longer, sources)).toEqual(['no source reads OTEL_GONE'])
  })
})

describe('docs/reference/messages.md', () => {
  const page = pageOf('messages.md')

  it('has no message that the packages do not say', () => {
    expect(wrongMessages(page, [], sources)).toEqual([])
    const longer = `${page}| \`this … is never said\` | nothing | nothing |\n`
    expect(wrongMessages(longer, [], sources)).toEqual(['no source says: this … is never said'])
  })

  it('would lack a new message', () => {
    const said = [
      { text: 'spanwright: … is new', file: 'a.ts' },
      { text: 'spanwright: … failed', file: 'a.ts' },
      { text: 'spanwright: …', file: 'a.ts' },
    ]
    expect(wrongMessages(page, said, sources)).toEqual([
      'messages.md lacks what a.ts says: spanwright: … is new',
    ])
  })
})
