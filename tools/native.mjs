// Builds pg-native and the Kafka client of Confluent in a temporary folder, and runs their tests, on Apache Kafka. What was built for the
// same versions and the same Node is used again. Fails, and says what is missing, without compilers and libraries.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const versions = {
  pg: packages['node_modules/pg'].version,
  'pg-native': '3.9.0',
  '@confluentinc/kafka-javascript': '1.10.1',
}
const NATIVE = ['libpq', '@confluentinc/kafka-javascript']

/** What each build needs: a command that succeeds where it is there, and the Debian package that brings it. */
const NEEDS = [
  ['a C++ compiler', 'g++', ['--version'], 'g++'],
  ['make', 'make', ['--version'], 'make'],
  ['Python 3', 'python3', ['--version'], 'python3'],
  ['pg_config of libpq', 'pg_config', ['--version'], 'libpq-dev'],
  header('libpq', 'libpq-fe.h', 'libpq-dev'),
  header('OpenSSL', 'openssl/ssl.h', 'libssl-dev'),
  header('zlib', 'zlib.h', 'zlib1g-dev'),
  header('zstd', 'zstd.h', 'libzstd-dev'),
  header('libcurl', 'curl/curl.h', 'libcurl4-openssl-dev'),
  ['Java, for Kafka', 'java', ['-version'], 'default-jre-headless'],
  ['Maven, for Kafka', 'mvn', ['--version'], 'maven'],
]

function header(what, file, debian) {
  const { stdout } = spawnSync('pg_config', ['--includedir'], { encoding: 'utf8' })
  const folders = stdout ? ['-I', stdout.trim()] : []
  return [`headers of ${what}`, 'g++', [...folders, '-x', 'c++', '-E', '-include', file, '/dev/null'], debian]
}

const missing = NEEDS.filter(([, command, args]) => spawnSync(command, args).status !== 0)
if (missing.length > 0) {
  console.error(`test:native: missing ${missing.map(([what]) => what).join(', ')}`)
  console.error(`On Debian: apt-get install ${[...new Set(missing.map(need => need[3]))].join(' ')}`)
  process.exit(1)
}

const folder = join(tmpdir(), `spanwright-native-${process.version}`)
const built = join(folder, 'built.json')
const wanted = JSON.stringify(versions)
if (!existsSync(built) || readFileSync(built, 'utf8') !== wanted) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: versions }))
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
  for (const name of NATIVE)
    run(process.execPath, [nodeGyp(), 'rebuild', ...headers()], join(folder, 'node_modules', name))
  writeFileSync(built, wanted)
}
run(
  process.execPath,
  [join(dirname(require.resolve('jest/package.json')), 'bin', 'jest.js'), '-w', '1', '/test/native/'],
  process.cwd(),
  {
    SPANWRIGHT_NATIVE: folder,
    // librdkafka asks for more than the broker inside the process knows.
    ...(!process.env.KAFKA_BROKERS && { KAFKA: 'apache' }),
  },
)

/** The node-gyp that npm brings. */
function nodeGyp() {
  const { stdout } = spawnSync('npm', ['root', '-g'], { encoding: 'utf8' })
  return join(stdout.trim(), 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')
}

/** Headers that are installed beside Node are used; else node-gyp fetches them. */
function headers() {
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? [`--nodedir=${prefix}`] : []
}

function run(command, args, cwd, env = {}) {
  // Confluent's client links to the librdkafka it brings along.
  const all = { ...process.env, CKJS_LINKING: 'dynamic', ...env }
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit', env: all })
  if (error) console.error(error)
  if (status !== 0) process.exit(status ?? 1)
}
