import { createRequire } from 'node:module'
import { join } from 'node:path'

import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'

import { record } from './record.ts'

type Class = new (...args: never[]) => object

// Traces every client and server that the compiled library creates.
record()
const load = createRequire(join(process.cwd(), 'package.json'))
const built = join(process.cwd(), 'build', 'src')
// First, because the modules import each other.
load(join(built, 'index.js'))

function trace(file: string, name: 'Client' | 'Server', withOptions: (args: unknown[]) => unknown[]): void {
  const module = load(join(built, file)) as Record<typeof name, Class>
  module[name] = new Proxy(module[name], {
    construct: (target, args, newTarget) => Reflect.construct(target, withOptions(args), newTarget) as object,
  })
}

trace('client.js', 'Client', ([address, credentials, options]) => [
  address,
  credentials,
  traceGrpcClient({}, options as object),
])
trace('server.js', 'Server', ([options]) => [traceGrpcServer({}, options as object)])
