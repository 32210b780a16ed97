import type { KafkaOptions } from '../options.ts'
import { KafkaTracing } from '../tracing.ts'
import { Channels, eventOf, INSTANCES } from './channels.ts'
import { followCommit, traceConsumer } from './consumer.ts'
import { rememberWatermarks } from './lag.ts'
import type {
  Consumer,
  FetchResult,
  MessagesStream,
  PlatformaticIncomingMessage,
  PlatformaticMessage,
  Producer,
  ProducerStream,
  RawRecord,
} from './library.ts'
import { traceProducer } from './producer.ts'
import { traceProducerStream } from './producer-stream.ts'
import { processMessage, rememberRecord, traceStream } from './stream.ts'
import { addTracing } from './tracings.ts'
import { followTransaction } from './transactions.ts'

/** The handle returned by {@link tracePlatformaticKafka}. */
export interface PlatformaticTracing extends Disposable {
  /**
   * Runs the processing of a message from a stream within the message span, in its trace and with its baggage. The span
   * does not end before the work does.
   * @returns what the work returns
   * @throws what the work throws
   */
  traceEach<T>(message: object, work: () => T): T
  /** Stops tracing new operations. Those in progress are traced to their end. */
  stop(): void
}

/**
 * Traces every producer and consumer of `@platformatic/kafka` in the process, through its diagnostics channels.
 * @param options see {@link KafkaOptions}
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracePlatformaticKafka(options?: KafkaOptions<PlatformaticMessage>): PlatformaticTracing {
  // Hooks receive the messages of this library, which no code in between reads.
  const tracing = new KafkaTracing('tracePlatformaticKafka()', options as KafkaOptions | undefined)
  const remove = addTracing(tracing)
  const release = channels.hold()
  let isStopped = false
  function stop(): void {
    if (isStopped) return
    isStopped = true
    remove()
    release()
  }
  return { traceEach: processMessage, stop, [Symbol.dispose]: stop }
}

const channels = new Channels(
  {
    [INSTANCES]: meet,
    [eventOf('producer:sends', 'start')]: ({ client }: { client: Producer }) => traceProducer(client),
    [eventOf('consumer:fetches', 'asyncStart')]: fetched,
    [eventOf('consumer:receives', 'asyncStart')]: received,
  },
  {
    'producer:transactions': published => followTransaction(published, () => channels.hold()),
    'consumer:commits': followCommit,
  },
)

function meet({ type, instance }: { readonly type: string; readonly instance: unknown }): void {
  if (type === 'producer') traceProducer(instance as Producer)
  else if (type === 'producer-stream') traceProducerStream(instance as ProducerStream)
  else if (type === 'consumer') traceConsumer(instance as Consumer)
  else if (type === 'messages-stream') traceStream(instance as MessagesStream)
}

function fetched({ client, result }: { readonly client: Consumer; readonly result?: FetchResult }): void {
  if (result) rememberWatermarks(client, result)
}

interface Received {
  readonly stream: MessagesStream
  readonly raw: RawRecord
  readonly result: PlatformaticIncomingMessage
}

/** The message is about to enter its stream, and may be delivered immediately. */
function received({ stream, raw, result }: Received): void {
  traceStream(stream)
  rememberRecord(result, raw)
}
