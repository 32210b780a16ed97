import type { Ending } from '@spanwright/core/plugin'
import { GRPC_SERVER_ERRORS, GRPC_STATUS_CODES } from '@spanwright/core/semconv'

export const CANCELLED = 1

/** The name of a status code; the number as text for one that gRPC doesn't define. */
export function statusName(code: number): string {
  return GRPC_STATUS_CODES[code] ?? String(code)
}

/** How a call ended for its client. */
export function clientEnding(code: number): Ending {
  return CLIENT_ENDINGS[code] ?? endingOf(code, true)
}

/** How a call ended for its server: a code for a mistake of the caller isn't an error. */
export function serverEnding(code: number): Ending {
  return SERVER_ENDINGS[code] ?? endingOf(code, false)
}

/** Only the code of a status is recorded: its details are free text, and applications may put any data into them. */
function endingOf(code: number, failed: boolean): Ending {
  return failed ? { failed, errorType: statusName(code), statusCode: code } : { statusCode: code }
}

const CLIENT_ENDINGS = GRPC_STATUS_CODES.map((name, code) => endingOf(code, name !== 'OK'))
const SERVER_ENDINGS = GRPC_STATUS_CODES.map((name, code) => endingOf(code, GRPC_SERVER_ERRORS.has(name)))
