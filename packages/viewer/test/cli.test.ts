import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { TraceSummary } from '../src/model/summary.ts'
import { environmentFor } from '../src/cli/program.ts'
import { documentFrom, traceIdOf } from './traces.ts'

// The machine may be busy, and programs are started.
jest.setTimeout(30_000)

const folder = mkdtempSync(join(tmpdir(), 'spanwright viewer '))
afterAll(() => rmSync(folder, { recursive: true }))

interface Run {
  readonly child: ChildProcess
  /** Waits for a line on standard error, and returns the content of its group. */
  said(line: RegExp): Promise<string>
  readonly exitCode: Promise<number>
}

const running = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of running) if (child.kill('SIGKILL')) await once(child, 'exit')
  running.clear()
})

function runCli(...args: readonly string[]): Run {
  const main = join(__dirname, '..', 'src', 'cli', 'main.ts')
  const child = spawn(process.execPath, [...FROM_SOURCE, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let text = ''
  const lines = new EventTarget()
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    lines.dispatchEvent(new Event('line'))
  })
  const exitCode = once(child, 'close').then(([code]) => {
    running.delete(child)
    lines.dispatchEvent(new Event('line'))
    return Number(code)
  })
  return {
    child,
    exitCode,
    async said(line) {
      for (;;) {
        const found = line.exec(text)
        if (found) return found[1] ?? ''
        if (!running.has(child)) throw new Error(`ended without ${String(line)}: ${text}`)
        await once(lines, 'line')
      }
    },
  }
}

async function tracesAt(url: string): Promise<TraceSummary[]> {
  return ((await (await fetch(`${url}/api/traces`)).json()) as { traces: TraceSummary[] }).traces
}

describe('spanwright-viewer', () => {
  it('runs a program, shows its traces, and stays open after it has ended', async () => {
    const run = runCli(
      '--port',
      '0',
      '--',
      process.execPath,
      ...FROM_SOURCE,
      join(__dirname, 'cli-program.ts'),
    )
    const url = await run.said(/^traces are at (\S+)$/m)
    await run.said(/ ended with (3); its traces stay at /)
    expect(await tracesAt(url)).toMatchObject([{ name: 'GET /users/:id', service: 'shop', spans: 1 }])
    run.child.kill('SIGTERM')
    await run.exitCode
  })

  it('shows files of OTLP JSON: one document, or one per line', async () => {
    const whole = join(folder, 'whole.json')
    const lines = join(folder, 'lines.jsonl')
    writeFileSync(whole, JSON.stringify(documentFrom([{ id: '1', name: 'one', trace: 'a1' }]), null, 2))
    const others = ['a2', 'a3'].map(trace => JSON.stringify(documentFrom([{ id: '1', name: trace, trace }])))
    writeFileSync(lines, `${others.join('\n')}\n`)
    const run = runCli('--port', '0', 'show', whole, lines)
    const url = await run.said(/^traces are at (\S+)$/m)
    expect((await tracesAt(url)).map(({ name }) => name)).toEqual(['a3', 'a2', 'one'])
    const single = runCli('--port', '0', 'show', whole)
    expect(await single.said(/^traces are at (\S+)$/m)).toMatch(new RegExp(`/#/trace/${traceIdOf('a1')}$`))
  })

  it.each([
    [['serve'], /"serve" is not known; a program to run comes after --: spanwright-viewer -- serve/],
    [['--port', 'x'], /--port must be an integer from 0 to 65535; got "x"/],
    [['show'], /show needs a file/],
    [['show', join(tmpdir(), 'no-such-file.json')], /ENOENT/],
    [['--', 'no-such-program'], /no-such-program could not be started/],
  ])(
    'ends with code 1 and the reason: %j',
    async (args, reason) => {
      const run = runCli('--port', '0', ...args)
      await run.said(reason)
      expect(await run.exitCode).toBe(1)
    },
    30_000,
  )
})

describe('the environment of a program', () => {
  it('directs its traces to the viewer, regardless of earlier settings', () => {
    const before = {
      PATH: '/bin',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    }
    expect(environmentFor('http://127.0.0.1:4318', before)).toEqual({
      PATH: '/bin',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    })
  })
})
