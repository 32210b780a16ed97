import type { IncomingHttpHeaders } from 'node:http'
import type { Writable } from 'node:stream'

import type { Request } from '../client.ts'
import { JSON_BODY, multipart } from '../bodies.ts'
import { load } from '../load.ts'
import type { ExpressCase, Make } from './framework.ts'

interface Parsers {
  json: Make
  urlencoded: Make
  raw: Make
  text: Make
}

interface Multer {
  (options: object): { single(field: string): ReturnType<Make> }
  memoryStorage(): object
}

interface Upload {
  originalname: string
  buffer: Buffer
}

type Busboy = (options: { headers: IncomingHttpHeaders }) => Writable

/** Parsers of request bodies. */
export const BODIES: readonly ExpressCase[] = [
  {
    name: 'body-parser',
    use(app) {
      const parsers = load<Parsers>('body-parser')
      app.use(parsers.json({ limit: '1kb' }), parsers.urlencoded({ extended: true }))
      app.use(parsers.text(), parsers.raw())
    },
    requests: [
      { shows: 'JSON', request: JSON_BODY, first: 'POST /echo/:id 200' },
      {
        shows: 'a form',
        request: body('application/x-www-form-urlencoded', 'a[b]=1&a[c]=2'),
        first: 'POST /echo/:id 200',
      },
      { shows: 'text', request: body('text/plain', 'as it is'), first: 'POST /echo/:id 200' },
      {
        shows: 'bytes',
        request: body('application/octet-stream', Buffer.from([0, 255])),
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
        request: body('application/json', JSON.stringify('x'.repeat(2000))),
        first: 'POST 413',
        after: 'no span',
      },
    ],
  },
  {
    name: 'multer',
    use(app) {
      const multer = load<Multer>('multer')
      const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1000 } })
      app.use(upload.single('file'))
    },
    routes(app) {
      app.post('/files/:id', (req, res) => {
        const { body: fields, file } = req as typeof req & { file?: Upload }
        res.json({ fields: { ...fields }, name: file?.originalname, text: file?.buffer.toString() })
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
  {
    name: 'busboy',
    use(app) {
      const busboy = load<Busboy>('busboy')
      app.use((req, res, next) => {
        if (!req.is('multipart/form-data')) return next()
        const seen: unknown[] = []
        req.pipe(
          busboy({ headers: req.headers })
            .on('file', (name: string, file: AsyncIterable<Buffer>) => void readAll(name, file, seen))
            .on('field', (name: string, value: string) => seen.push([name, value]))
            .on('close', () => {
              req.body = seen
              next()
            }),
        )
      })
    },
    requests: [
      { shows: 'an upload', request: multipart('/echo/7', 'file', 'its text'), first: 'POST /echo/:id 200' },
    ],
  },
]

function body(type: string, content: string | Buffer): Request {
  return { method: 'POST', path: '/echo/7', headers: { 'content-type': type }, body: content }
}

async function readAll(name: string, file: AsyncIterable<Buffer>, seen: unknown[]): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of file) chunks.push(chunk)
  seen.push([name, Buffer.concat(chunks).toString()])
}
