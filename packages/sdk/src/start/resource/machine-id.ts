import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** In milliseconds. */
const TIMEOUT = 5000

/** Where `host.id` is on each system, as its convention says. */
const SOURCES: Readonly<Partial<Record<NodeJS.Platform, readonly (() => Promise<string | undefined>)[]>>> = {
  linux: [() => inFile('/etc/machine-id'), () => inFile('/var/lib/dbus/machine-id')],
  freebsd: [() => inFile('/etc/hostid'), () => outputOf('/bin/kenv', ['-q', 'smbios.system.uuid'], /(\S+)/)],
  darwin: [
    () =>
      outputOf('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], /"IOPlatformUUID" = "([^"]+)"/),
  ],
  win32: [
    () =>
      outputOf(
        join(process.env['windir'] ?? String.raw`C:\Windows`, 'System32', 'REG.exe'),
        [
          'QUERY',
          String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography`,
          '/v',
          'MachineGuid',
          '/reg:64',
        ],
        /REG_SZ\s+(\S+)/,
      ),
  ],
}

/** The id of this machine; undefined when it has none that can be read. */
export async function machineId(): Promise<string | undefined> {
  for (const source of SOURCES[process.platform] ?? []) {
    const id = await source().catch(() => undefined)
    if (id) return id
  }
  return undefined
}

async function inFile(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim()
}

function outputOf(command: string, args: readonly string[], pattern: RegExp): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: TIMEOUT, windowsHide: true }, (error, output) => {
      if (error) reject(error)
      else resolve(pattern.exec(output)?.[1])
    })
  })
}
