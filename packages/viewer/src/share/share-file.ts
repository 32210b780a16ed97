import { createHash } from 'node:crypto'

import { pageFile } from './page-files.ts'
import type { OtlpDocument } from '../decode/otlp.ts'
import type { Finding } from '../findings/finding.ts'

/** Findings by the id of their trace. */
export type FindingsByTrace = Readonly<Record<string, readonly Finding[]>>

/** Traces as one HTML file that opens from disk and loads nothing. */
export function shareFileOf(document: OtlpDocument, findings: FindingsByTrace): string {
  const script = inScript(pageFile('/page.js')?.text ?? '')
  const style = pageFile('/page.css')?.text ?? ''
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Trace</title>
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="shared">${jsonInHtml({ document, findings })}</script>
<script>${script}</script>
</body>
</html>
`
}

/** JSON that cannot end an element: the content of traces comes from outside. */
function jsonInHtml(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', String.raw`\u003c`)
}

/** The script is ours, but a minifier may leave the end of an element in a string. */
function inScript(script: string): string {
  return script.replaceAll(/<\/(?=script)/gi, String.raw`<\/`).replaceAll('<!--', String.raw`<\!--`)
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
