import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { FrameSplitter } from '../wire/frames.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

const group = 'spanwright-readiness'
const findCoordinator = new Writer().string(group).int8(0)
const offsetFetch = new Writer().string(group).array([], () => {})

/**
 * Waits until a broker serves consumer groups: it creates their topic for the first request, and until then responds
 * to others with an error after which kafkajs does not retry.
 */
export async function untilCoordinatorServes(port: number, milliseconds: number): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true })
  const inTime = AbortSignal.timeout(milliseconds)
  try {
    await once(socket, 'connect', { signal: inTime })
    for (;;) {
      const found = await ask(socket, 10, 2, findCoordinator, inTime)
      found.int32()
      if (found.int16() === 0) {
        const offsets = await ask(socket, 9, 4, offsetFetch, inTime)
        offsets.int32()
        offsets.array(() => {})
        if (offsets.int16() === 0) return
      }
      await setTimeout(20, undefined, { signal: inTime })
    }
  } catch (error) {
    throw new Error(`Kafka: did not serve consumer groups within ${milliseconds} ms`, { cause: error })
  } finally {
    socket.destroy()
  }
}

async function ask(
  socket: Socket,
  api: number,
  version: number,
  body: Writer,
  signal: AbortSignal,
): Promise<Reader> {
  const correlationId = 0
  const header = new Writer().int16(api).int16(version).int32(correlationId).string('spanwright')
  socket.write(new Writer().bytes(header.raw(body.toBuffer()).toBuffer()).toBuffer())
  const frames = new FrameSplitter()
  for (;;) {
    const [chunk] = await once(socket, 'data', { signal })
    for (const frame of frames.push(Buffer.from(chunk))) {
      const answer = new Reader(frame)
      answer.int32()
      return answer
    }
  }
}
