/** Lines of printed traces without what differs between runs: ids, times, ports, bars and stacks. */
export function stableLines(printed: string): string[] {
  return printed
    .replaceAll(/\b[\da-f]{32}\b|\b[\da-f]{8}…/g, '(id)')
    .replaceAll(/[\d.]+ m?s\b/g, '(time)')
    .replaceAll(/\b(localhost|127\.0\.0\.1):\d+/g, '$1:(port)')
    .replaceAll(/▕.*▏/g, '')
    .split('\n')
    .filter(line => line !== '' && !/^\W*at /.test(line))
    .map(line => line.trimEnd().replaceAll(/ +/g, ' '))
}
