import { codeOf, classNameOf, isNamedAsOfLanguage, isOfLanguage, textOf, wellFormed } from './kind.ts'
import { libraryTextOf } from './library.ts'
import { isFromModule, stackText, type Trace, traceOf } from './stack.ts'

/** What an exception event takes of an error. */
export interface ShownException {
  readonly name: string
  /** Empty when the message is withheld and there is nothing to show in its place. */
  readonly message: string
  readonly stack?: string
}

/**
 * What was thrown, as far as it may be shown: this is the one place where the text of an error gets into telemetry.
 * Shown are the words of the application itself; of others those that are known to hold no data. Never throws.
 * @param raw true: the message as it is, whatever it holds
 */
export function exceptionOf(value: unknown, raw = false): ShownException {
  if (value === null || typeof value !== 'object') {
    // A function would show its source.
    return {
      name: value === null ? 'null' : typeof value,
      message: typeof value === 'function' ? '' : wellFormed(String(value)),
    }
  }
  const name = classNameOf(value)
  const own = textOf(value, 'message')
  const trace = traceOf(value)
  const message = raw ? own : shownMessage(value, own, trace)
  const stack = raw && typeof trace === 'string' ? trace : stackText(trace, { name, message }, own)
  return stack === '' ? { name, message } : { name, message, stack: wellFormed(stack) }
}

function shownMessage(error: object, own: string, trace: Trace): string {
  const text = libraryTextOf(error)
  if (text !== undefined) return text
  if (isSystemError(error)) return systemErrorText(error)
  const code = codeOf(error)
  // Those of Node print the value they refuse.
  if (code.startsWith('ERR_') && isNamedAsOfLanguage(error)) return code
  if (textOf(error, 'name') === 'DataCloneError') return ''
  if (!isOfLanguage(error)) return own
  const [phrase] = PHRASES.exec(own) ?? []
  if (phrase !== undefined) return phrase
  // The engine and Node quote what they could not read, convert or find: `Unexpected token 's', "secret" is not ..`.
  return isFromModule(trace, own) ? own : ''
}

/** Beginnings of messages of V8, Node and undici. What follows, or goes before, may be data. */
const PHRASES = new RegExp(
  [
    'Cannot (?:read|set) properties of (?:undefined|null)',
    'Cannot (?:create|assign to read only|delete|add|define|redefine|set|destructure) property',
    "Cannot use 'in' operator",
    'Class extends value',
    'Iterator (?:result|value)',
    "'[a-zA-Z]{1,30}' on proxy",
    'Failed to parse URL',
    'Invalid URL',
    'fetch failed',
    'terminated$',
    'Maximum call stack size exceeded',
    'URI malformed',
    'Converting circular structure to JSON',
  ]
    .map(phrase => `^${phrase}`)
    .join('|') + '|is not (?:a function|a constructor|iterable)|is an invalid header (?:name|value)',
)

interface SystemError {
  readonly code: string
  readonly syscall: string
  readonly address?: unknown
  readonly port?: unknown
  readonly hostname?: unknown
}

/** True for an error of the operating system as Node makes them. */
function isSystemError(error: object): error is SystemError {
  return /^E[A-Z0-9]{2,20}$/.test(codeOf(error)) && textOf(error, 'syscall') !== ''
}

/** Without the path of a file, and the name of a program. */
function systemErrorText(error: SystemError): string {
  const syscall = /^[a-z_]{1,20}\b/.exec(error.syscall)?.[0]
  const [address, hostname] = [textOf(error, 'address'), textOf(error, 'hostname')]
  const port = typeof error.port === 'number' ? `:${error.port}` : ''
  const place = address === '' ? hostname : `${address}${port}`
  return [syscall, error.code, place].filter(Boolean).join(' ')
}
