import { Budget, MalformedRequest } from './budget.ts'
import { type MessageShape, type Scalar, TRACES } from './messages.ts'
import type { OtlpDocument } from './otlp.ts'

/** Characters that begin or separate values. JSON.parse creates at most one object for each. */
const MAX_VALUES = 4_000_000

/**
 * Reads a document of OTLP JSON: known fields with their required types, and nothing else.
 * @throws MalformedRequest when it is not JSON, or a field has another type
 */
export function decodeJson(body: Buffer): OtlpDocument {
  countValues(body)
  return readMessage(parse(body), TRACES, 'the document', 0, new Budget())
}

function countValues(body: Buffer): void {
  let values = 0
  for (const byte of body) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values++
  if (values > MAX_VALUES) throw new MalformedRequest(`the document has more than ${MAX_VALUES} values`)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new MalformedRequest(`not JSON: ${(error as Error).message}`)
  }
}

function readMessage(
  value: unknown,
  shape: MessageShape,
  path: string,
  depth: number,
  budget: Budget,
): Record<string, unknown> {
  budget.enter(depth)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(path, 'an object')
  const given = value as Readonly<Record<string, unknown>>
  const message: Record<string, unknown> = {}
  for (const { name, of, repeated } of Object.values(shape)) {
    // Protobuf's JSON mapping has readers accept both forms of a name.
    const field = given[name] ?? given[snakeCase(name)]
    if (field === undefined || field === null) continue
    const where = `${path}.${name}`
    const read = (item: unknown, at: string): unknown =>
      typeof of === 'function'
        ? readMessage(item, of(), at, depth + 1, budget)
        : readScalar(item, of, name, at)
    if (!repeated) message[name] = read(field, where)
    else if (!Array.isArray(field)) throw wrongType(where, 'an array')
    else message[name] = field.map((item, index) => read(item, `${where}[${index}]`))
  }
  return message
}

const snakeNames = new Map<string, string>()

function snakeCase(name: string): string {
  let snake = snakeNames.get(name)
  if (snake === undefined) {
    snake = name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    snakeNames.set(name, snake)
  }
  return snake
}

/** Names of enumerations, which OTLP forbids and some writers use anyway. */
const ENUMERATIONS: Readonly<Record<string, readonly string[]>> = {
  kind: ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
    kind => `SPAN_KIND_${kind}`,
  ),
  code: ['UNSET', 'OK', 'ERROR'].map(code => `STATUS_CODE_${code}`),
}

function readScalar(value: unknown, of: Scalar, name: string, path: string): unknown {
  switch (of) {
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(path, 'true or false')
      return value
    case 'number': {
      const index = typeof value === 'string' ? (ENUMERATIONS[name]?.indexOf(value) ?? -1) : -1
      if (index >= 0) return index
      if (!isInteger(value)) throw wrongType(path, 'an integer')
      return Number(value)
    }
    case 'integer':
      if (!isInteger(value)) throw wrongType(path, 'an integer')
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(BigInt(value))
    case 'nanoseconds':
      if (!isInteger(value) || BigInt(value) < 0n) throw wrongType(path, 'a number of nanoseconds')
      return String(BigInt.asUintN(64, BigInt(value)))
    case 'double':
      if (
        typeof value !== 'number' &&
        !(typeof value === 'string' && /^(?:NaN|-?Infinity|[-+\d.eE]+)$/.test(value))
      )
        throw wrongType(path, 'a number')
      return Number.isFinite(Number(value)) ? Number(value) : value
    case 'hex':
      if (typeof value !== 'string') throw wrongType(path, 'a string of hexadecimal digits')
      return value.toLowerCase()
    default:
      if (typeof value !== 'string') throw wrongType(path, 'a string')
      return value
  }
}

function isInteger(value: unknown): value is number | string {
  return Number.isInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
}

function wrongType(path: string, wanted: string): MalformedRequest {
  return new MalformedRequest(`${path} must be ${wanted}`)
}
