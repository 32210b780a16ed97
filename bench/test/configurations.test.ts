import { describe, expect, it } from '@jest/globals'

import { groupsOf, VARIANTS } from '../src/configurations.ts'
import { LIBRARIES } from '../src/libraries.ts'

describe('groupsOf', () => {
  it('lets at most seven take turns, each group with a bare process of its own', () => {
    for (const { name } of LIBRARIES) {
      for (const group of groupsOf(name, VARIANTS)) {
        expect(group.length).toBeLessThanOrEqual(7)
        expect(group.filter(({ variant }) => variant === 'bare')).toEqual([group[0]])
      }
    }
  })

  it('leaves out what was not asked for, and groups of which nothing is left', () => {
    expect(groupsOf('express', ['bare', 'sentry'])).toEqual([
      [{ variant: 'bare', state: 'none' }],
      [
        { variant: 'bare', state: 'none' },
        { variant: 'sentry', state: 'exported' },
      ],
    ])
  })

  it('measures a hook that does nothing only where its users pay for it', () => {
    const variants = (library: 'undici' | 'express'): string[] =>
      groupsOf(library, VARIANTS).flatMap(group => group.map(({ variant }) => variant))
    expect(variants('undici')).toContain('pass-through')
    expect(variants('express')).not.toContain('pass-through')
  })
})
