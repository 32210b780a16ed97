import { JSON_BODY, multipart } from '../bodies.ts'
import type { Request } from '../client.ts'
import { load } from '../load.ts'
import { type KoaCase, type Make, routed } from './framework.ts'

interface Multer {
  (options: object): { single(field: string): ReturnType<Make> }
  memoryStorage(): object
}

interface Uploaded {
  request: { body?: object }
  file?: { originalname: string; buffer: Buffer }
}

/** Parsers of request bodies. */
export const BODIES: readonly KoaCase[] = [
  {
    name: 'koa-bodyparser',
    use: app => void app.use(load<Make>('koa-bodyparser')({ jsonLimit: '1kb' })),
    requests: [
      { shows: 'JSON', request: JSON_BODY, first: 'POST /echo/:id 200' },
      {
        shows: 'a form',
        request: body('application/x-www-form-urlencoded', 'a[b]=1&a[c]=2'),
        first: 'POST /echo/:id 200',
      },
      {
        shows: 'malformed JSON',
        request: body('application/json', '{"a":'),
        first: 'POST 400',
        after: 'no span',
      },
      {
        shows: 'a body over the limit',
        request: body('application/json', JSON.stringify(['x'.repeat(2000)])),
        first: 'POST 413',
        after: 'no span',
      },
    ],
  },
  {
    name: '@koa/multer',
    use(app) {
      const multer = load<Multer>('@koa/multer')
      app.use(multer({ storage: multer.memoryStorage(), limits: { fileSize: 1000 } }).single('file'))
    },
    routes(app) {
      routed(app, router => {
        router.post('/files/:id', ctx => {
          const { request, file } = ctx as unknown as Uploaded
          ctx.body = { fields: { ...request.body }, name: file?.originalname, text: file?.buffer.toString() }
        })
      })
    },
    requests: [
      {
        shows: 'an upload',
        request: multipart('/files/7', 'file', 'its text'),
        first: 'POST /files/:id 200',
      },
      {
        shows: 'a file over the limit',
        request: multipart('/files/7', 'file', 'x'.repeat(2000)),
        first: 'POST 500 error LIMIT_FILE_SIZE',
        after: 'no span',
      },
    ],
  },
]

function body(type: string, content: string): Request {
  return { method: 'POST', path: '/echo/7', headers: { 'content-type': type }, body: content }
}
