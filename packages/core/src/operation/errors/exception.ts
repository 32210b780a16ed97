import { codeOf, classNameOf, isNamedAsOfLanguage, isOfLanguage, textOf, wellFormed } from './kind.ts'
import { libraryTextOf } from './library.ts'
import { isFromModule, stackText, type Trace, traceOf } from './stack.ts'

/** What an exception event records of an error. */
export interface ShownException {
  readonly name: string
  /** Empty when the message is withheld without a replacement. */
  readonly message: string
  readonly stack?: string
}

/**
 * The recordable parts of a thrown value. This is the only place where the text of an error enters telemetry: messages
 * of the application itself are recorded, other messages only when they are known to contain no data. Never throws.
 * @param raw true: the unchanged message, even when it contains data
 */
export function exceptionOf(value: unknown, raw = false): ShownException {
  if (value === null || typeof value !== 'object') {
    // A function would be recorded as its source text.
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
  // Messages of Node errors quote the rejected value.
  if (code.startsWith('ERR_') && isNamedAsOfLanguage(error)) return code
  if (textOf(error, 'name') === 'DataCloneError') return ''
  if (!isOfLanguage(error)) return own
  const [phrase] = PHRASES.exec(own) ?? []
  if (phrase !== undefined) return phrase
  // The engine and Node quote the value they could not parse, convert or find: `Unexpected token 's', "secret" is not
  // ..`.
  return isFromModule(trace, own) ? own : ''
}

/** Known phrases in messages of V8, Node and undici. The text after or before them may be data. */
const PHRASES = new RegExp(
  [
    'Cannot (?:read|set) properties of (?:undefined|null)',
    'Cannot (?:create|assign to read only|delete|add|define|redefine|set|destructure) property',
    "Cannot use 'in' operator",
    'Class extends value',
    'Iterator (?:result|value)',
    "'[a-zA-Z]+' on proxy",
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

/** True for an operating system error as created by Node. */
function isSystemError(error: object): error is SystemError {
  return /^E[A-Z0-9]{2,20}$/.test(codeOf(error)) && textOf(error, 'syscall') !== ''
}

/** Without file paths and program names. */
function systemErrorText(error: SystemError): string {
  const syscall = /^[a-z_]{1,20}\b/.exec(error.syscall)?.[0]
  const [address, hostname] = [textOf(error, 'address'), textOf(error, 'hostname')]
  const port = typeof error.port === 'number' ? `:${error.port}` : ''
  const place = address === '' ? hostname : `${address}${port}`
  return [syscall, error.code, place].filter(Boolean).join(' ')
}
