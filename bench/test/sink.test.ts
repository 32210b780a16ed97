import { once } from 'node:events'
import { request } from 'node:http'

import { expect, it } from '@jest/globals'

import { startSink } from '../src/sink.ts'

it('goes on when a process ends while it sends', async () => {
  const failed: unknown[] = []
  const note = (error: unknown): void => void failed.push(error)
  process.on('unhandledRejection', note)
  const sink = await startSink()
  try {
    const cut = request(sink.urlFor(1), { method: 'POST', headers: { expect: '100-continue' } })
    const closed = new Promise(resolve => {
      cut.on('error', resolve)
    })
    cut.flushHeaders()
    await once(cut, 'continue')
    cut.write('half of a bo')
    cut.destroy()
    await closed

    const answer = await fetch(sink.urlFor(2), { method: 'POST', body: '{}' })
    expect(await answer.json()).toEqual({})
    expect(failed).toEqual([])
  } finally {
    sink.close()
    process.off('unhandledRejection', note)
  }
})
