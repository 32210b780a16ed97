import type { ServerResponse } from 'node:http'

/** Sends data as JSON. */
export function sendJson(response: ServerResponse, status: number, data: unknown): void {
  sendText(response, status, 'application/json', JSON.stringify(data))
}

/** Sends text with a content type. */
export function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}
