import { parseArgs } from 'node:util'

/** What to view, and how. */
export interface ViewCommand {
  readonly does: 'view'
  readonly port: number
  readonly maxBytes: number
  readonly allowedHosts: readonly string[]
  readonly open: boolean
  /** Files to show. */
  readonly files: readonly string[]
  /** A program to run, and its arguments. */
  readonly program: readonly string[]
}

/** What the command line requests. */
export type Command = { readonly does: 'help' } | { readonly does: 'version' } | ViewCommand

/** The output of `--help`. */
export const HELP = `Shows OpenTelemetry traces in the browser.

  spanwright-viewer -- node app.js     runs a program whose traces are shown
  spanwright-viewer                    waits for traces at http://localhost:4318
  spanwright-viewer show trace.json    shows files of OTLP JSON: one document, or one per line

  --port N          port to listen on; the next free one when it is taken (4318)
  --memory N        MiB of traces to keep; the oldest make room for the newest (256)
  --allow-host NAME a name besides localhost under which the page may be reached
  --open            opens the page in the browser
  --version, --help
`

/**
 * Reads the command line.
 * @throws TypeError that says what is wrong with it
 */
export function readArguments(args: readonly string[]): Command {
  const separator = args.indexOf('--')
  const own = separator < 0 ? args : args.slice(0, separator)
  const program = separator < 0 ? [] : args.slice(separator + 1)
  const { values, positionals } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4318' },
      memory: { type: 'string', default: '256' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      open: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  })
  if (values.help) return { does: 'help' }
  if (values.version) return { does: 'version' }
  const [verb, ...files] = positionals
  if (verb !== undefined && verb !== 'show') {
    throw new TypeError(
      `${JSON.stringify(verb)} is not known; a program to run comes after --: spanwright-viewer -- ${verb}`,
    )
  }
  if (verb === 'show' && files.length === 0)
    throw new TypeError('show needs a file: spanwright-viewer show trace.json')
  if (separator >= 0 && program.length === 0) throw new TypeError('no program after --')
  return {
    does: 'view',
    port: integer('--port', values.port, 0, 65_535),
    maxBytes: integer('--memory', values.memory, 1, 1_048_576) * 1024 * 1024,
    allowedHosts: values['allow-host'],
    open: values.open,
    files,
    program,
  }
}

function integer(option: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= from && value <= to) return value
  throw new TypeError(`${option} must be an integer from ${from} to ${to}; got ${JSON.stringify(text)}`)
}
