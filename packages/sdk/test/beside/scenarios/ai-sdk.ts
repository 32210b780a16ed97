import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, text } from 'node:stream/consumers'

import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tracing } from '@spanwright/express'
import { traceFetch } from '@spanwright/undici'
import { embedMany, generateText, stepCountIs, streamText, tool } from 'ai'
import express from 'express'
import { z } from 'zod'

import type { Scenario } from '../scenario.ts'

/** The AI SDK in a request, with a provider that uses the traced `fetch`, and a model on a local server. */
export const scenario: Scenario = {
  async run() {
    const models = createServer((request, response) => void respond(request).then(body => response.end(body)))
    const baseURL = `${await listen(models)}/v1`
    const shop = createOpenAICompatible({ name: 'local', baseURL, fetch: traceFetch(globalThis.fetch) })
    const telemetry = { isEnabled: true, functionId: 'advice', metadata: { tags: ['a', 'b'] } }
    const price = tool({ inputSchema: z.object({ id: z.string() }), execute: async () => ({ price: 7 }) })
    const app = express()
    app.use(tracing())
    app.get('/advice/:id', async (_request, response) => {
      const { embeddings } = await embedMany({
        model: shop.textEmbeddingModel('embedder'),
        values: ['tea', 'cup'],
        experimental_telemetry: telemetry,
      })
      const answer = await generateText({
        model: shop.chatModel('clerk'),
        prompt: 'What does the tea cost?',
        tools: { price },
        stopWhen: stepCountIs(2),
        experimental_telemetry: telemetry,
      })
      const streamed = streamText({
        model: shop.chatModel('poet'),
        prompt: 'Praise it.',
        experimental_telemetry: { ...telemetry, recordInputs: false, recordOutputs: false },
      })
      response.send([embeddings.length, answer.text, await streamed.text].join())
    })
    const server = createServer(app)
    const [response] = (await once(get(`${await listen(server)}/advice/7`), 'response')) as [IncomingMessage]
    const answer = await text(response)
    if (answer !== '2,It costs 7.,Oh tea!') throw new Error(`the app answered ${answer}`)
    await Promise.all([close(server), close(models)])
  },
}

interface Asked {
  readonly model: string
  readonly messages: readonly { readonly role: string }[]
}

/** What an API compatible with OpenAI's responds. */
async function respond(request: IncomingMessage): Promise<string> {
  const { model, messages } = (await json(request)) as Asked
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
  if (model === 'embedder') {
    return JSON.stringify({ data: [{ embedding: [0.5, 1] }, { embedding: [1, 0.5] }], usage })
  }
  const head = { id: 'reply', created: 1_700_000_000, model }
  if (model === 'poet') {
    const chunks = [
      { ...head, choices: [{ delta: { role: 'assistant', content: 'Oh tea!' } }] },
      { ...head, choices: [{ delta: {}, finish_reason: 'stop' }], usage },
    ]
    return [...chunks.map(chunk => JSON.stringify(chunk)), '[DONE]'].map(data => `data: ${data}\n\n`).join('')
  }
  const isAnswered = messages.some(({ role }) => role === 'tool')
  const call = { id: 'call', type: 'function', function: { name: 'price', arguments: '{"id":"7"}' } }
  const message = isAnswered
    ? { role: 'assistant', content: 'It costs 7.' }
    : { role: 'assistant', content: null, tool_calls: [call] }
  const finish_reason = isAnswered ? 'stop' : 'tool_calls'
  return JSON.stringify({ ...head, choices: [{ index: 0, message, finish_reason }], usage })
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
