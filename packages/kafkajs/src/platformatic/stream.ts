import { EventEmitter } from 'node:events'

import { isThenable, isWrapped, reportFailure, wrapMethod } from '@spanwright/core/plugin'

import { clientOfConsumer } from './clients.ts'
import { type MessageProcess, startProcess } from './message-process.ts'
import { forgetLag, lagOf, recordLag } from './lag.ts'
import type { MessagesStream, PlatformaticIncomingMessage, RawRecord } from './library.ts'
import { currentTracing } from './tracings.ts'

/** The records behind messages that wait in a stream. */
const records = new WeakMap<object, RawRecord>()

/** The processing of delivered messages. */
const processes = new WeakMap<object, MessageProcess>()

/** Notes the record a message was created from. */
export function rememberRecord(message: object, raw: RawRecord): void {
  if (currentTracing()) records.set(message, raw)
}

/** Runs the processing of a message within its span, which does not end before it. */
export function processMessage<T>(message: object, work: () => T): T {
  const process = processes.get(message)
  if (!process) return work()
  process.hold()
  let result: T
  try {
    result = process.run(work)
  } catch (error) {
    process.failed(error)
    process.release()
    throw error
  }
  if (isThenable(result)) return releaseWith(process, result) as T
  process.release()
  return result
}

/**
 * Traces the messages a stream delivers. A Readable delivers every message by its event `data`, whether it has
 * listeners or the message was read; a message that was read is processed until the next one is requested.
 */
export function traceStream(stream: MessagesStream): void {
  if (isWrapped(stream, 'emit')) return
  let read: MessageProcess | undefined
  const finishRead = (): void => {
    const last = read
    read = undefined
    last?.release()
  }
  wrapMethod(
    stream,
    'emit',
    (original: MessagesStream['emit']) =>
      function emit(this: unknown, event: string, ...args: unknown[]): boolean {
        const process = event === 'data' ? begin(stream, args[0] as PlatformaticIncomingMessage) : undefined
        if (process && stream.listenerCount('data') > 0) return callListeners(stream, process, args, original)
        if (process) {
          finishRead()
          read = process
          process.hold()
        } else if (event === 'close') {
          finishRead()
          forgetLag(stream.consumer)
        }
        return original.call(this as MessagesStream, event, ...args)
      },
  )
  wrapMethod(
    stream,
    'read',
    (original: MessagesStream['read']) =>
      function readNext(this: unknown, size?: number): unknown {
        // A size of 0 does not request a message: it makes the stream fetch more.
        if (size !== 0) finishRead()
        return original.call(this as MessagesStream, size)
      },
  )
}

function begin(stream: MessagesStream, message: PlatformaticIncomingMessage): MessageProcess | undefined {
  const raw = records.get(message)
  const tracing = currentTracing()
  if (!raw || !tracing?.isOn) return undefined
  records.delete(message)
  try {
    const { consumer } = stream
    const lag = lagOf(tracing, consumer)
    const { topic, partition, offset } = message
    recordLag(lag, consumer, topic, partition, offset)
    const process = startProcess(tracing, clientOfConsumer(consumer), message, raw, () =>
      recordLag(lag, consumer, topic, partition, offset + 1n),
    )
    processes.set(message, process)
    return process
  } catch (error) {
    reportFailure('following a message', error)
    return undefined
  }
}

/**
 * Calls the listeners of `data` within the span, which ends when the last of them has finished, including async ones.
 */
function callListeners(
  stream: MessagesStream,
  process: MessageProcess,
  args: unknown[],
  emit: MessagesStream['emit'],
): boolean {
  process.hold()
  try {
    return process.run(() => {
      // In this mode Node itself handles the listeners' promises.
      if (EventEmitter.captureRejections) return emit.call(stream, 'data', ...args)
      for (const listener of stream.rawListeners('data')) {
        const result = Reflect.apply(listener, stream, args)
        if (!isThenable(result)) continue
        process.hold()
        void releaseWith(process, result)
      }
      return true
    })
  } catch (error) {
    process.failed(error)
    throw error
  } finally {
    process.release()
  }
}

/** Releases a process when a promise settles; the returned promise settles the same way. */
function releaseWith(process: MessageProcess, result: PromiseLike<unknown>): PromiseLike<unknown> {
  return result.then(
    value => {
      process.release()
      return value
    },
    (error: unknown) => {
      process.failed(error)
      process.release()
      throw error
    },
  )
}
