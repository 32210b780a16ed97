import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePort } from '@spanwright/services'
import { stableLines } from '@spanwright/traces'
import { startViewer } from '@spanwright/viewer'

import type { Step } from './course.ts'

const ENDPOINT = 'http://localhost:4318'
const LONGEST = 60_000

/** Runs a step as its page says, and compares what it prints with what the page shows. */
export async function walk(folder: string, env: NodeJS.ProcessEnv, step: Step): Promise<void> {
  const port = String(await freePort())
  const moved = (text: string): string => text.replaceAll('3000', port)
  for (const [name, text] of Object.entries(step.files)) await writeFile(join(folder, name), moved(text))
  // It stands for the collector of the page: it takes protobuf.
  await using viewer = await startViewer({ port: 0 })
  const command = step.command.replaceAll(ENDPOINT, viewer.url)
  const hasReceiver = /OTEL_EXPORTER_OTLP_ENDPOINT|viewer/.test(command)
  const isServer = step.requests.length > 0
  const child = spawn('sh', ['-c', command], {
    cwd: folder,
    // As on a terminal without a collector.
    env: hasReceiver || !isServer ? env : { ...env, OTEL_TRACES_EXPORTER: 'console' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npx does not pass signals on: they go to the group.
    detached: true,
  })
  const ended = once(child, 'close')
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  }
  // kafkajs logs JSON. Indented lines are the details of a failed span, which pages leave out.
  const lines = (): string[] => stableLines(printed).filter(line => !/^[{ ]/.test(line))
  const shown = stableLines(step.shown ?? '')
  const deadline = Date.now() + LONGEST
  const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
    while (Date.now() < deadline && child.exitCode === null && !(await isTrue())) await setTimeout(50)
  }
  try {
    for (const { method, url } of step.requests) {
      await until(() => isAnswered(moved(url), method))
    }
    if (!isServer) await ended
    else if (!hasReceiver) await until(() => lines().length >= shown.length)
    else await until(() => hasSpans(/^traces are at (\S+)/m.exec(printed)?.[1] ?? viewer.url, spansIn(shown)))
  } finally {
    stop(child)
    await ended
  }
  // Standard output and standard error come in any order, and so do the ends of a connection.
  assert.deepEqual(lines().toSorted(), shown.toSorted(), `${step.command} printed:\n${printed}`)
}

function spansIn(lines: readonly string[]): number {
  return Number(/(\d+) spans started/.exec(lines.join('\n'))?.[1] ?? 1)
}

async function hasSpans(viewer: string, count: number): Promise<boolean> {
  const { traces } = (await (await fetch(`${viewer}/api/traces`)).json()) as {
    readonly traces: readonly { readonly spans: number }[]
  }
  return traces.reduce((sum, { spans }) => sum + spans, 0) >= count
}

async function isAnswered(url: string, method: string): Promise<boolean> {
  try {
    await (await fetch(url, { method })).text()
    return true
  } catch {
    return false
  }
}

function stop({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGINT')
}
