import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Variables that would send traces elsewhere, or in a form that the viewer doesn't receive. */
const OVERRIDDEN = [
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_CERTIFICATE',
  'OTEL_TRACES_EXPORTER',
]

/** The environment of a program that sends its traces to the viewer. */
export function environmentFor(endpoint: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(environment).filter(([name]) => !OVERRIDDEN.includes(name))
  return {
    // Traces are viewed while they are recorded.
    OTEL_BSP_SCHEDULE_DELAY: '500',
    ...Object.fromEntries(own),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  }
}

/**
 * Runs a program. Signals that end the viewer go to it first.
 * @returns its exit code, and whether a signal to the viewer ended it
 * @throws Error when it cannot be started
 */
export function runProgram(
  [command = '', ...args]: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly exitCode: number; readonly stopped: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: environment,
      shell: process.platform === 'win32',
    })
    let stopped = false
    const forward = (signal: NodeJS.Signals): void => {
      // From a terminal, the program has already received the signal.
      if (signal !== 'SIGINT' || stopped || !process.stdin.isTTY) child.kill(signal)
      stopped = true
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, forward)
    child.once('error', error => {
      reject(new Error(`${command} could not be started: ${error.message}`, { cause: error }))
    })
    child.once('exit', (code, signal) => {
      for (const each of ['SIGINT', 'SIGTERM'] as const) process.off(each, forward)
      resolve({ exitCode: code ?? 128 + (signal ? constants.signals[signal] : 0), stopped })
    })
  })
}
