import { beforeAll, describe, expect, it } from '@jest/globals'

import { PATIENCE } from '../host.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

describe('spans of the AI SDK', () => {
  let ours: Outcome
  let theirs: Outcome
  beforeAll(async () => {
    ;[ours, theirs] = await Promise.all([
      outcomeOf('spanwright', 'ai-sdk'),
      outcomeOf('opentelemetry', 'ai-sdk'),
    ])
  }, 2 * PATIENCE)

  it('are children of the request, and parents of the requests to the model', () => {
    const request = '/GET /advice/:id'
    expect(ours.spans.map(({ path, scope }) => `${path} ${scope.replace(/ .*/, '')}`)).toEqual([
      `${request} @spanwright/express`,
      `${request}/ai.embedMany ai`,
      `${request}/ai.embedMany/ai.embedMany.doEmbed ai`,
      `${request}/ai.embedMany/ai.embedMany.doEmbed/POST @spanwright/undici`,
      `${request}/ai.generateText ai`,
      `${request}/ai.generateText/ai.generateText.doGenerate ai`,
      `${request}/ai.generateText/ai.generateText.doGenerate ai`,
      `${request}/ai.generateText/ai.generateText.doGenerate/POST @spanwright/undici`,
      `${request}/ai.generateText/ai.generateText.doGenerate/POST @spanwright/undici`,
      `${request}/ai.generateText/ai.toolCall ai`,
      `${request}/ai.streamText ai`,
      `${request}/ai.streamText/ai.streamText.doStream ai`,
      `${request}/ai.streamText/ai.streamText.doStream/POST @spanwright/undici`,
    ])
  })

  it('keep their attributes, lists too', () => {
    const { attributes = {} } = ours.spans.find(({ path }) => path.endsWith('doEmbed')) ?? {}
    const listed = (...texts: string[]): string =>
      JSON.stringify({ arrayValue: { values: texts.map(stringValue => ({ stringValue })) } })
    expect(attributes).toMatchObject({
      'ai.values': listed('"tea"', '"cup"'),
      'ai.embeddings': listed('[0.5,1]', '[1,0.5]'),
      'ai.telemetry.metadata.tags': listed('a', 'b'),
      'ai.usage.tokens': JSON.stringify({ intValue: '5' }),
    })
  })

  it('leave out prompts and answers on request', () => {
    const kept = (operation: string): string[] =>
      ours.spans
        .filter(({ path }) => path.endsWith(operation))
        .flatMap(({ attributes }) => Object.keys(attributes))
        .filter(key => /^ai\.(prompt|response\.text)/.test(key))
    expect(kept('/ai.generateText')).toEqual(['ai.prompt', 'ai.response.text'])
    expect([...kept('/ai.streamText'), ...kept('/ai.streamText.doStream')]).toEqual([])
  })

  it('are recorded as with the SDK of OpenTelemetry', () => {
    expect(ours.spans).toEqual(theirs.spans)
  })
})
