import { describe, expect, it } from '@jest/globals'

import { parseArguments } from '../src/arguments.ts'
import { VARIANTS } from '../src/configurations.ts'
import { LIBRARIES } from '../src/libraries.ts'

describe('parseArguments', () => {
  it('measures everything and publishes it when nothing is asked for', () => {
    const asked = parseArguments([])
    expect(asked.mode).toBe('overhead')
    expect(asked.libraries).toEqual(LIBRARIES.map(({ name }) => name))
    expect(asked.variants).toEqual(VARIANTS)
    expect(asked.node).toBe('24')
    expect(asked.isWritten).toBe(true)
  })

  it('does one round of everything when it is to be quick, and publishes nothing', () => {
    const asked = parseArguments(['--quick'])
    expect(asked.libraries).toEqual(LIBRARIES.map(({ name }) => name))
    expect(asked.pace).toMatchObject({ generations: 1, rounds: 1 })
    expect(asked.isWritten).toBe(false)
  })

  it('picks libraries in their usual order', () => {
    expect(parseArguments(['pg', 'express']).libraries).toEqual(['express', 'pg'])
  })

  it('takes kafkajs for both of its libraries, and undici for undici alone', () => {
    expect(parseArguments(['kafkajs']).libraries).toEqual(['kafkajs-send', 'kafkajs-each-message'])
    expect(parseArguments(['undici']).libraries).toEqual(['undici'])
  })

  it('adds bare to the variants that are asked for', () => {
    expect(parseArguments(['koa', '--variant', 'otel']).variants).toEqual(['bare', 'otel'])
  })

  it('publishes a part only when told to', () => {
    expect(parseArguments(['koa']).isWritten).toBe(false)
    expect(parseArguments(['koa', '--write']).isWritten).toBe(true)
  })

  it('sets the pace', () => {
    const { pace } = parseArguments(['--rounds=3', '--seconds=0.25', '--warm-up', '5', '--generations', '4'])
    expect(pace).toMatchObject({ rounds: 3, measured: 0.25, warmUp: 5, generations: 4 })
  })

  it('knows the memory benchmark', () => {
    expect(parseArguments(['memory', '--quick'])).toMatchObject({ mode: 'memory', isQuick: true })
  })

  it.each([
    [['mysql'], "unknown library 'mysql'"],
    [['--variant', 'newrelic'], "--variant: unknown 'newrelic'"],
    [['--rounds', 'many'], "--rounds: expected a number above 0, got 'many'"],
    [['--seconds', '0'], "--seconds: expected a number above 0, got '0'"],
    [['--slow'], "'--slow'"],
  ])('refuses %j', (args, message) => {
    expect(() => parseArguments(args)).toThrow(message)
  })
})
