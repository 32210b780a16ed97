import { readFileSync } from 'node:fs'

import { MalformedRequest } from '../decode/budget.ts'
import { decodeJson } from '../decode/json.ts'
import type { OtlpDocument } from '../decode/otlp.ts'

/**
 * Reads a file of OTLP JSON: one document, or one per line as the file exporter of the collector writes them.
 * @throws Error that says what is wrong with which line
 */
export function readTraceFile(path: string): OtlpDocument[] {
  const bytes = readFileSync(path)
  try {
    return [decodeJson(bytes)]
  } catch (whole) {
    const lines = bytes.toString('utf8').split('\n')
    if (lines.filter(line => line.trim() !== '').length < 2) throw named(path, whole)
    return lines.flatMap((line, index) => {
      if (line.trim() === '') return []
      try {
        return [decodeJson(Buffer.from(line))]
      } catch (error) {
        // A broken first line means that the file is one document over several lines.
        throw index === 0 ? named(path, whole) : named(`${path}, line ${index + 1}`, error)
      }
    })
  }
}

function named(where: string, error: unknown): Error {
  return error instanceof MalformedRequest
    ? new Error(`${where}: ${error.message}`, { cause: error })
    : (error as Error)
}
