import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../process/free-port.ts'
import { startServer, type ServerProcess } from '../../process/server-process.ts'
import { startOnPort } from '../../process/start-on-port.ts'
import { TemporaryFolder } from '../../process/temporary-folder.ts'
import type { KafkaOptions, KafkaService } from '../start.ts'
import { kafkaClassPath } from './class-path.ts'
import { untilCoordinatorServes } from './coordinator.ts'
import { findJava } from './java.ts'
import { serverProperties } from './server-properties.ts'

const run = promisify(execFile)
const crashSignal = 'SIGKILL'
// A small heap, and a compiler that leaves the processors to the tests.
const virtualMachine = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
]
const logging = ['defaultLogLevel=warn', 'log.kafka.server.KafkaRaftServer=info']

/** An Apache Kafka broker that is its own controller, run by the Java of this machine. */
class ApacheKafka implements KafkaService {
  readonly kind = 'apache'
  #java: string
  #classPath: string
  #options: KafkaOptions
  #folder = new TemporaryFolder('spanwright-kafka-', crashSignal)
  #port = 0
  #process: ServerProcess | undefined

  constructor(java: string, classPath: string, options: KafkaOptions) {
    this.#java = java
    this.#classPath = classPath
    this.#options = options
  }

  get brokers(): string[] {
    return [`127.0.0.1:${this.#port}`]
  }

  async start(): Promise<void> {
    this.#options.onProgress?.(`Kafka: starting Apache Kafka in ${this.#folder.path}`)
    try {
      await startOnPort('Kafka', this.#options.port, async port => {
        this.#port = port
        await this.#format()
        await this.#run()
      })
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#options.onProgress?.(`Kafka: Apache Kafka ready on ${this.brokers.join()}`)
  }

  async stop(): Promise<void> {
    // The data is not read again, so an orderly shutdown has no advantage.
    await this.crash()
    await this.#folder.remove()
  }

  async crash(): Promise<void> {
    await this.#end(crashSignal)
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #configuration(): string {
    return join(this.#folder.path, 'server.properties')
  }

  async #format(): Promise<void> {
    const { partitions = 1, autoCreateTopics = true } = this.#options
    const dataFolder = join(this.#folder.path, 'data')
    const ports = { port: this.#port, controllerPort: await freePort() }
    await rm(dataFolder, { recursive: true, force: true })
    await mkdir(dataFolder)
    await writeFile(
      this.#configuration,
      serverProperties({ ...ports, dataFolder, partitions, autoCreateTopics }),
    )
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, '_')
    const command = this.#command(
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      this.#configuration,
    )
    await run(this.#java, command, { cwd: this.#folder.path }).catch((error: unknown) => {
      throw new Error(`Kafka: formatting its storage failed: ${String(error)}`, { cause: error })
    })
  }

  async #run(): Promise<void> {
    const { timeout = 60_000 } = this.#options
    this.#process = await startServer(
      {
        name: 'Kafka',
        command: this.#java,
        args: this.#command('kafka.Kafka', this.#configuration),
        cwd: this.#folder.path,
        isReady: line => line.includes('Kafka Server started'),
        timeout,
      },
      pid => this.#folder.servedBy(pid),
    )
    await untilCoordinatorServes(this.#port, timeout)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.end(signal)
    this.#process = undefined
    this.#folder.servedBy(0)
  }

  #command(program: string, ...args: string[]): string[] {
    const properties = logging.map(property => `-Dorg.slf4j.simpleLogger.${property}`)
    return [...virtualMachine, ...properties, '-cp', this.#classPath, program, ...args]
  }
}

/** Starts a real Apache Kafka. */
export async function startApache(options: KafkaOptions): Promise<KafkaService> {
  const java = await findJava()
  const classPath = await kafkaClassPath(options.onProgress ?? (() => {}))
  const kafka = new ApacheKafka(java, classPath, options)
  await kafka.start()
  return kafka
}
