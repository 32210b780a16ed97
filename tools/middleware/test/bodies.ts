import type { Request } from './client.ts'

/** A JSON body for the route that echoes it. */
export const JSON_BODY: Request = {
  method: 'POST',
  path: '/echo/7',
  headers: { 'content-type': 'application/json' },
  body: '{"name":"Ann"}',
}

/** A form with a field and a file. */
export function multipart(path: string, field: string, text: string): Request {
  const lines = [
    '--edge',
    'content-disposition: form-data; name="title"',
    '',
    'A file',
    '--edge',
    `content-disposition: form-data; name="${field}"; filename="note.txt"`,
    'content-type: text/plain',
    '',
    text,
    '--edge--',
    '',
  ]
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'multipart/form-data; boundary=edge' },
    body: lines.join('\r\n'),
  }
}
