import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const unzip = promisify(gunzip)

/** Maximum of bytes of a body as it is sent, and unpacked. */
const MAX_SENT = 32 * 1024 * 1024
const MAX_UNPACKED = 64 * 1024 * 1024

/** A body that is refused; the status says why. */
export class RefusedBody extends Error {
  override readonly name = 'RefusedBody'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Reads the body of a request, unpacked.
 * @throws RefusedBody when it is too large, or its encoding is unknown
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new RefusedBody(415, `content-encoding ${JSON.stringify(encoding)} is not known: use gzip or none`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_SENT) throw new RefusedBody(413, `the body is larger than ${MAX_SENT} bytes`)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  return encoding === 'gzip' ? unpack(body) : body
}

async function unpack(body: Buffer): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: MAX_UNPACKED })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RefusedBody(413, `the unpacked body is larger than ${MAX_UNPACKED} bytes`)
    }
    throw new RefusedBody(400, `the body is not gzip: ${(error as Error).message}`)
  }
}
