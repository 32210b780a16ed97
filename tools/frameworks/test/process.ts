import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A program of this folder, in a process of its own. */
export interface Program<Answer> {
  readonly answer: Answer
  stop(): Promise<void>
}

/** Starts a program, sends it a message and waits for its answer. */
export async function startProgram<Answer>(file: string, message: object): Promise<Program<Answer>> {
  const { JEST_WORKER_ID: _id, NODE_OPTIONS: _options, ...env } = process.env
  const child = fork(join(__dirname, file), {
    execArgv: ['--import', 'tsx', '--conditions=@spanwright/source'],
    env: { ...env, TSX_TSCONFIG_PATH: join(__dirname, '..', 'tsconfig.json') },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const failed = async (): Promise<never> => {
    const [code] = (await once(child, 'exit')) as [number | null]
    throw new Error(`the program ended with ${code}:\n${said.join('')}`)
  }
  child.send(message)
  const [answer] = (await Promise.race([once(child, 'message'), failed()])) as [Answer]
  return {
    answer,
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}
