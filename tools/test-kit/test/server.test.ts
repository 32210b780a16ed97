import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'

import { expect, it } from '@jest/globals'
import { serve } from '@spanwright/test-kit'

it('a test server keeps idle connections, so that no request meets the end of one on a machine that stalls', async () => {
  await using served = await serve((_request, response) => void response.end())
  const agent = new Agent({ keepAlive: true })
  const [response] = (await once(get(served.origin, { agent }), 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'close')
  agent.destroy()
  expect(response.headers).toMatchObject({ connection: 'keep-alive' })
  // Node announces here after how many seconds it closes the connection.
  expect(response.headers).not.toHaveProperty('keep-alive')
})
