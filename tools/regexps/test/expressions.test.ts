import { describe, expect, it } from '@jest/globals'

import { expressionsIn } from '../src/expressions.ts'

describe('the expressions of a source', () => {
  it('are found wherever they are used', () => {
    const source = String.raw`
      // /comment/
      const URL: RegExp = /^a\/b[/]c$/gi
      export class Word { static is = (text: string) => /\w+/.test(${'`${text.replace(/x/, "/y/")}`'}) }
      const half = 4 / 2 / 1
    `
    expect(expressionsIn(source)).toEqual({
      expressions: [
        { pattern: String.raw`^a\/b[/]c$`, flags: 'gi' },
        { pattern: String.raw`\w+`, flags: '' },
        { pattern: 'x', flags: '' },
      ],
      makesSome: false,
    })
  })

  it('include the strings that one is composed of', () => {
    const source = "export const both = new RegExp(['a+b', 'c'].map(one => `^${one}`).join('|'))"
    expect(expressionsIn(source)).toEqual({
      expressions: ['a+b', 'c', '|'].map(pattern => ({ pattern, flags: '' })),
      makesSome: true,
    })
  })

  it.each(['new RegExp(text)', 'RegExp(text, "g")'])('are seen to be made from a text by %s', call => {
    expect(expressionsIn(`export const made = (text: string) => ${call}`).makesSome).toBe(true)
  })
})
