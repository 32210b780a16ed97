import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

/** A program of this folder, in a separate process. */
export interface Program<Answer> {
  /** Its answer to the first message. */
  readonly answer: Answer
  /** Sends it another message and waits for the answer. */
  ask<Next>(message: object): Promise<Next>
  send(message: object): void
  /** The next message that isn't a reply. */
  heard(): Promise<unknown>
  signal(signal: NodeJS.Signals): void
  /** Waits until it has stopped itself by SIGSTOP. */
  frozen(): Promise<void>
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

function isStopped(pid: number | undefined): boolean {
  return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T')
}

/** Starts a program, sends it a message and waits for its answer. */
export async function startProgram<Answer>(
  file: string,
  message: object,
  variables: NodeJS.ProcessEnv = {},
): Promise<Program<Answer>> {
  const { JEST_WORKER_ID: _id, NODE_OPTIONS: _options, ...env } = process.env
  const child = fork(join(__dirname, file), {
    execArgv: ['--import', 'tsx', '--conditions=@spanwright/source'],
    env: { ...env, ...variables, TSX_TSCONFIG_PATH: join(__dirname, '..', 'tsconfig.json') },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const ended = once(child, 'exit').then(([code]) => code as number | null)

  async function ask<Next>(question: object): Promise<Next> {
    const answered = once(child, 'message')
    child.send(question)
    const failed = async (): Promise<never> => {
      throw new Error(`the program ended with ${await ended}:\n${said.join('')}`)
    }
    const [answer] = (await Promise.race([answered, failed()])) as [Next]
    return answer
  }

  return {
    answer: await ask<Answer>(message),
    ask,
    send: question => void child.send(question),
    heard: () => once(child, 'message'),
    signal: signal => void child.kill(signal),
    async frozen() {
      // The parent isn't notified of it.
      while (!isStopped(child.pid)) await setImmediate()
    },
    ended,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
