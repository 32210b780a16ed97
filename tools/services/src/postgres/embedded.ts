import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, escapeIdentifier } from 'pg'
import { temporaryFolderForAll } from '../process/open-to-all.ts'
import { startServer, type ServerProcess } from '../process/server-process.ts'
import { startOnPort } from '../process/start-on-port.ts'
import { TemporaryFolder } from '../process/temporary-folder.ts'
import { type Binaries, type Owner, postgresBinaries, unprivilegedUser } from './binaries.ts'
import type { PostgresOptions, PostgresService } from './start.ts'
import { keepTemplate, readTemplate, type Template } from './template.ts'

const run = promisify(execFile)

/** Passwords are published here, so that tests can look for them where they must not be. */
const secrets = channel('spanwright.services.secret')
// Ends PostgreSQL immediately and, unlike SIGKILL, leaves no child processes and no shared memory.
const immediateShutdown = 'SIGQUIT'
const fastShutdown = 'SIGINT'

/** A PostgreSQL server that runs from the binaries npm installed. */
export class EmbeddedServer implements PostgresService {
  readonly kind = 'embedded'
  readonly host = '127.0.0.1'
  readonly user: string
  readonly password: string
  readonly database: string
  #port = 0
  #options: PostgresOptions
  #folder: TemporaryFolder
  #owner: Owner
  #programs: Binaries
  #template: Template | undefined
  #process: ServerProcess | undefined

  private constructor(
    options: PostgresOptions,
    owner: Owner,
    programs: Binaries,
    template: Template | undefined,
    parent: string,
  ) {
    this.user = options.user ?? 'postgres'
    this.password = options.password ?? template?.password ?? randomBytes(12).toString('hex')
    this.database = options.database ?? 'postgres'
    secrets.publish(this.password)
    this.#options = options
    this.#owner = owner
    this.#programs = programs
    this.#template = template
    this.#folder = new TemporaryFolder('spanwright-postgres-', immediateShutdown, parent)
  }

  /** Creates the data folder and starts the server. */
  static async start(options: PostgresOptions): Promise<EmbeddedServer> {
    const owner = await unprivilegedUser()
    const parent = owner.uid === undefined ? tmpdir() : await temporaryFolderForAll()
    const programs = await postgresBinaries(owner)
    const template = hasOwnUser(options) ? undefined : await readTemplate(programs.template, owner)
    const server = new EmbeddedServer(options, owner, programs, template, parent)
    try {
      await server.#initialise()
      await startOnPort('PostgreSQL', options.port, async port => {
        server.#port = port
        await server.#run()
      })
      await server.#createDatabase()
    } catch (error) {
      await server.stop()
      throw error
    }
    options.onProgress?.(`PostgreSQL: ready on ${server.host}:${server.port}`)
    return server
  }

  get port(): number {
    return this.#port
  }

  get connectionString(): string {
    const [user, password, database] = [this.user, this.password, this.database].map(encodeURIComponent)
    return `postgresql://${user}:${password}@${this.host}:${this.port}/${database}`
  }

  async stop(): Promise<void> {
    await this.#end(fastShutdown)
    await this.#folder.remove()
  }

  async crash(): Promise<void> {
    await this.#end(immediateShutdown)
  }

  async restart(): Promise<void> {
    await this.#end(fastShutdown)
    await this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #dataFolder(): string {
    return join(this.#folder.path, 'data')
  }

  async #initialise(): Promise<void> {
    this.#options.onProgress?.(`PostgreSQL: creating a data folder in ${this.#folder.path}`)
    await this.#give(this.#folder.path)
    if (await this.#template?.copyTo(this.#dataFolder)) return
    const passwordFile = join(this.#folder.path, 'password')
    await mkdir(this.#dataFolder)
    await writeFile(passwordFile, `${this.password}\n`, { mode: 0o600 })
    await this.#give(this.#dataFolder)
    await this.#give(passwordFile)
    const settings = ['--no-sync', '--encoding=UTF8', '--auth=scram-sha-256', `--username=${this.user}`]
    const locale = ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const args = [`--pgdata=${this.#dataFolder}`, `--pwfile=${passwordFile}`, ...settings, ...locale]
    try {
      await run(this.#programs.initdb, args, { cwd: this.#folder.path, ...this.#owner })
    } catch (error) {
      throw new Error(`PostgreSQL: initdb failed: ${String(error)}`, { cause: error })
    }
    await rm(passwordFile)
    if (!hasOwnUser(this.#options))
      await keepTemplate(this.#programs.template, this.password, this.#dataFolder)
  }

  async #give(path: string): Promise<void> {
    const { uid, gid } = this.#owner
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
  }

  async #run(): Promise<void> {
    const settings = {
      listen_addresses: this.host,
      unix_socket_directories: '',
      fsync: 'off',
      full_page_writes: 'off',
      lc_messages: 'C',
      logging_collector: 'off',
      ...this.#options.settings,
    }
    this.#process = await startServer(
      {
        name: 'PostgreSQL',
        command: this.#programs.postgres,
        args: [
          `-D${this.#dataFolder}`,
          `-p${this.#port}`,
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        cwd: this.#folder.path,
        env: { LC_ALL: 'C' },
        ...this.#owner,
        isReady: line => line.includes('ready to accept connections'),
        timeout: this.#options.timeout ?? 30_000,
      },
      pid => this.#folder.servedBy(pid),
    )
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.end(signal)
    this.#process = undefined
    this.#folder.servedBy(0)
  }

  async #createDatabase(): Promise<void> {
    if (this.database === 'postgres') return
    const { host, port, user, password } = this
    const client = new Client({ host, port, user, password, database: 'postgres' })
    await client.connect()
    await client.query(`CREATE DATABASE ${escapeIdentifier(this.database)}`)
    await client.end()
  }
}

/** Whether initdb must create a user that no template has. */
function hasOwnUser({ user, password }: PostgresOptions): boolean {
  return user !== undefined || password !== undefined
}
