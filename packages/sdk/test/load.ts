import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { StartTracingOptions } from '../src/index.ts'
import type { Standing } from './loaded-app.ts'

const CONCURRENCY = 8

/** The outcome of the requests to the app. */
interface Answers {
  readonly right: number
  /** Wrong responses, and requests without a response. */
  readonly wrong: readonly string[]
  /** Milliseconds until each response. */
  readonly durations: readonly number[]
}

/** An app that is under load until it is stopped. */
export interface LoadedApp extends AsyncDisposable {
  /** Its state after a garbage collection. */
  settled(): Promise<Standing>
  /** Waits until the state of the app meets a condition. */
  until(reached: (standing: Standing) => boolean): Promise<Standing>
  /** Ends the app by SIGTERM while the load continues. @returns its final state, and its responses */
  terminate(): Promise<{ readonly end: Standing; readonly answers: Answers; readonly code: number | null }>
}

export async function startLoadedApp(options: StartTracingOptions): Promise<LoadedApp> {
  const child: ChildProcess = fork(join(__dirname, 'loaded-app.ts'), [JSON.stringify(options)], {
    execArgv: ['--expose-gc', ...FROM_SOURCE],
    // Its messages about dropped spans are counted elsewhere.
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
  })
  const gone = once(child, 'exit') as Promise<[number | null]>
  const [port] = (await once(child, 'message')) as [number]
  const load = putUnderLoad(port)

  async function ask(question: 'standing' | 'heap'): Promise<Standing> {
    child.send(question)
    const [answer] = (await Promise.race([once(child, 'message'), gone])) as [Standing]
    return answer
  }

  return {
    settled: () => ask('heap'),
    async until(reached) {
      for (;;) {
        const now = await ask('standing')
        if (reached(now)) return now
      }
    },
    async terminate() {
      const last = once(child, 'message') as Promise<[Standing]>
      load.expectEnd()
      child.kill('SIGTERM')
      const [end] = await last
      const [code] = await gone
      return { end, answers: await load.answers, code }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await gone
      await load.answers
    },
  }
}

/** Sends requests, several at a time, until the app no longer accepts them. */
function putUnderLoad(port: number): { readonly answers: Promise<Answers>; expectEnd(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })
  const wrong: string[] = []
  const durations: number[] = []
  let right = 0
  let isEnding = false
  let number = 0

  async function ask(): Promise<void> {
    const path = `/${(number += 1)}`
    const began = performance.now()
    const request = get({ host: '127.0.0.1', port, path, agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const answer = await text(response)
    durations.push(performance.now() - began)
    if (response.statusCode === 200 && answer === `answer to ${path}`) right += 1
    else wrong.push(`${response.statusCode} ${answer}`)
  }

  async function work(): Promise<void> {
    for (;;) {
      try {
        await ask()
      } catch (error) {
        // An ending app closes its idle connections.
        if (!isEnding) wrong.push(String(error))
        return
      }
    }
  }

  const workers = Promise.all(Array.from({ length: CONCURRENCY }, work))
  return {
    answers: workers.then(() => {
      agent.destroy()
      return { right, wrong, durations }
    }),
    expectEnd() {
      isEnding = true
    },
  }
}
