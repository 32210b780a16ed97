#!/usr/bin/env node
import { readArguments, HELP, type ViewCommand } from './arguments.ts'
import { readTraceFile } from './files.ts'
import { openInBrowser } from './open.ts'
import { environmentFor, runProgram } from './program.ts'
import { startViewer } from '../start-viewer.ts'
import { VERSION } from '../version.ts'

/** On standard error: standard output belongs to the program. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function view(command: ViewCommand): Promise<void> {
  const { program, files } = command
  const documents = files.flatMap(readTraceFile)
  const viewer = await startViewer(command)
  const traceIds = documents.flatMap(document => viewer.add(document))
  const [only] = traceIds
  const link =
    only !== undefined && new Set(traceIds).size === 1 ? `${viewer.url}/#/trace/${only}` : viewer.url
  if (viewer.takenPort !== undefined) say(`port ${viewer.takenPort} is taken, using ${viewer.port}`)
  if (files.length > 0 && only === undefined) say(`no trace in ${files.join(', ')}`)
  say(`traces are at ${link}`)
  if (command.open) openInBrowser(link)
  if (program.length === 0) {
    if (files.length === 0) say(`send them to OTEL_EXPORTER_OTLP_ENDPOINT=${viewer.url}; Ctrl+C ends`)
    return
  }
  const endpoint = `http://127.0.0.1:${viewer.port}`
  const { exitCode, stopped } = await runProgram(program, environmentFor(endpoint, process.env)).catch(
    async (error: unknown) => {
      await viewer.stop()
      throw error
    },
  )
  process.exitCode = exitCode
  if (stopped) await viewer.stop()
  else say(`${program.join(' ')} ended with ${exitCode}; its traces stay at ${link} until Ctrl+C`)
}

async function main(): Promise<void> {
  try {
    const command = readArguments(process.argv.slice(2))
    if (command.does === 'help') process.stdout.write(HELP)
    else if (command.does === 'version') process.stdout.write(`${VERSION}\n`)
    else await view(command)
  } catch (error) {
    say(`spanwright-viewer: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

void main()
